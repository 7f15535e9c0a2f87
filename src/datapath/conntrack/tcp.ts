/**
 * TCP connections as somebody between the two ends sees them (RFC 9293). An end is in SYN_SENT from its first segment on,
 * ESTABLISHED once that was acknowledged, CLOSING from its FIN on, in FIN_WAIT_2 when that was acknowledged, and both
 * are in TIME_WAIT after a RST.
 *
 * A SYN of an end that has not been answered is not looked into, as ovs-vswitchd does not. So when both ends open at once,
 * nothing is known of the second one's numbers.
 */
import type { ConnectionState, ProtocolReport, TrackVerdict } from './protocol.ts';
import { TcpEnd, tcpState } from './tcp-end.ts';
import { type Fit, isSensible, TcpSegment, tcpFlag } from './tcp-segment.ts';
import type { TimeoutName } from './timeouts.ts';
import type { TrackedPacket } from './tracked-packet.ts';

const { fin, syn, rst, ack } = tcpFlag;

const verdicts = { inside: 'established', near: 'stray', outside: 'invalid' } as const;

/** The one at hand. */
const segment = new TcpSegment();

/**
 * The state after a first packet, a SYN or one from the middle of a connection whose begin was not seen; undefined for
 * one that begins nothing. `checksSequence` is asked at each packet, whether it must lie in its window.
 */
export function newTcpState(
  packet: TrackedPacket,
  checksSequence: () => boolean,
): ConnectionState | undefined {
  const { flags } = packet;
  const isAnswer = (flags & syn) !== 0 && (flags & ack) !== 0;
  return isAnswer || !isSensible(flags) ? undefined : new TcpConnection(packet, checksSequence);
}

class TcpConnection implements ConnectionState {
  timeout: TimeoutName = 'tcp_syn_sent';
  readonly #original = new TcpEnd();
  readonly #reply = new TcpEnd();
  readonly #checksSequence: () => boolean;

  constructor(packet: TrackedPacket, checksSequence: () => boolean) {
    this.#checksSequence = checksSequence;
    segment.open(packet, this.#original, this.#reply);
  }

  update(packet: TrackedPacket, isReply: boolean): TrackVerdict {
    const { flags } = packet;
    if (!isSensible(flags)) return 'invalid';
    const sender = isReply ? this.#reply : this.#original;
    const receiver = isReply ? this.#original : this.#reply;
    if ((flags & (syn | ack)) === syn) {
      if (sender.isOver && receiver.isOver) return 'anew';
      if (sender.state <= tcpState.synSent) {
        sender.state = tcpState.synSent;
        this.timeout = 'tcp_syn_sent';
        return 'new';
      }
    }
    segment.follow(packet, sender, receiver);
    const fit = this.#checksSequence() ? segment.fit() : 'inside';
    if (fit !== 'outside') {
      segment.count();
      advance(flags, sender, receiver, fit);
    }
    if (fit === 'inside') this.timeout = timeoutOf(sender.state, receiver.state);
    return verdicts[fit];
  }

  report(): ProtocolReport {
    return { original: this.#original.report(), reply: this.#reply.report() };
  }
}

function advance(flags: number, sender: TcpEnd, receiver: TcpEnd, fit: Fit): void {
  if ((flags & fin) !== 0 && sender.state < tcpState.closing) sender.state = tcpState.closing;
  // What an acknowledgement that is only near acknowledges is not known.
  if ((flags & ack) !== 0 && fit === 'inside') {
    if (receiver.state === tcpState.synSent) receiver.state = tcpState.established;
    else if (receiver.state === tcpState.closing) receiver.state = tcpState.finWait2;
  }
  if ((flags & rst) !== 0) {
    sender.state = tcpState.timeWait;
    receiver.state = tcpState.timeWait;
  }
}

function timeoutOf(a: number, b: number): TimeoutName {
  const earlier = Math.min(a, b);
  if (earlier >= tcpState.finWait2) return 'tcp_close';
  if (earlier >= tcpState.closing) return 'tcp_time_wait';
  if (earlier < tcpState.established) return 'tcp_syn_recv';
  return Math.max(a, b) >= tcpState.closing ? 'tcp_fin_wait' : 'tcp_established';
}
