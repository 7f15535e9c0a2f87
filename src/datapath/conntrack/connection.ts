/** A connection as the tracker keeps it. */
import type { ListNode } from '../../base/list.ts';
import { type Ms, ms } from '../../base/units.ts';
import type { Gateway } from './gateways/gateway.ts';
import type { ConnectionState } from './protocol.ts';
import { usualPolicy } from './timeouts.ts';
import { type Tuple, zoneOf } from './tuple.ts';

export class TrackedConnection {
  /** Of the packet that began it. */
  readonly original: Tuple;
  /** Of packets that answer: with translated addresses not the reverse of `original`. */
  readonly reply: Tuple;
  readonly state: ConnectionState;
  mark = 0;
  readonly label = new Uint32Array(4);
  /** The addresses that are translated. */
  natSource = false;
  natDestination = false;
  /** Of the application level gateway that was asked for. */
  helper: string | undefined;
  /** The number of what says how long it may be silent: that of the packet that began it. */
  policy = usualPolicy;
  /** What reads its packets; undefined where nothing does. */
  gateway: Gateway | undefined;
  /** Of the packet that began the connection whose packets announced this one: it is related to that. */
  parent: Tuple | undefined;
  /** Monotonic. */
  expiresAt: Ms;
  /** Among those that live equally long; undefined as long as it is not remembered, and afterwards. */
  place: ListNode<TrackedConnection> | undefined;
  /** What packets carry that belong to it; 0 as long as it is not remembered. */
  number = 0;
  lifetime: Ms;

  constructor(original: Tuple, reply: Tuple, state: ConnectionState, lifetime: Ms, now: Ms) {
    this.original = original;
    this.reply = reply;
    this.state = state;
    this.lifetime = lifetime;
    this.expiresAt = ms(now + lifetime);
  }

  get zone(): number {
    return zoneOf(this.original);
  }
}
