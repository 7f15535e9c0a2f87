/** Connections of protocols that only ask and answer: UDP, ICMP, and all that have no state of their own. */
import type { ConnectionState, TrackVerdict } from './protocol.ts';
import type { TimeoutName } from './timeouts.ts';
import type { TrackedPacket } from './tracked-packet.ts';

interface Timeouts {
  readonly first: TimeoutName;
  /** More came, and nothing back. */
  readonly more: TimeoutName;
  readonly answered: TimeoutName;
}

const datagrams: Timeouts = { first: 'udp_first', more: 'udp_single', answered: 'udp_multiple' };
const queries: Timeouts = { first: 'icmp_first', more: 'icmp_first', answered: 'icmp_reply' };

class Exchange implements ConnectionState {
  timeout: TimeoutName;
  readonly #timeouts: Timeouts;
  #isAnswered = false;

  constructor(timeouts: Timeouts) {
    this.#timeouts = timeouts;
    this.timeout = timeouts.first;
  }

  update(_packet: TrackedPacket, isReply: boolean): TrackVerdict {
    const { more, answered } = this.#timeouts;
    if (isReply) this.#isAnswered = true;
    this.timeout = this.#isAnswered ? answered : more;
    return this.#isAnswered ? 'established' : 'new';
  }

  report(): undefined {}
}

export function newDatagramState(): ConnectionState {
  return new Exchange(datagrams);
}

export function newQueryState(): ConnectionState {
  return new Exchange(queries);
}
