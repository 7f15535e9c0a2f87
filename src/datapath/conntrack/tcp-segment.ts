/**
 * The segment of TCP that is being looked at, between the end that sent it and the one that gets it: what it takes up of
 * the sender's numbers, and whether it lies in the sender's window. Follows Guido van Rooij, "Real Stateful TCP Packet
 * Filtering in IP Filter", section 5. One object is reused for all segments.
 */
import { isAtOrAfter, TcpEnd, tcpState } from './tcp-end.ts';
import type { TrackedPacket } from './tracked-packet.ts';

export const tcpFlag = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10, urg: 0x20 } as const;
const { fin, syn, rst, psh, ack, urg } = tcpFlag;

/** `near`: good enough for a connection of which something was not seen. */
export type Fit = 'inside' | 'near' | 'outside';

/** How far an acknowledgement may be off, and a segment of which is only asked that it is near: a window, and a segment. */
const tolerance = 0xffff + 1500;

export class TcpSegment {
  flags = 0;
  sender = new TcpEnd();
  receiver = new TcpEnd();
  /** Of its first byte, as it is written. */
  #sequence = 0;
  /** Behind its last byte; SYN and FIN count as one each. */
  #end = 0;
  #acknowledged = 0;
  /** As it would be written in a segment that is no SYN. */
  #window = 0;
  #senderShift = 0;
  #receiverShift = 0;
  /** Its acknowledgement cannot be judged: it is the first of its sender, or of one that others spoke for. */
  #isFirst = false;

  /** The first segment of a connection. */
  open(packet: TrackedPacket, sender: TcpEnd, receiver: TcpEnd): void {
    this.#read(packet, sender, receiver);
    const isSyn = (packet.flags & syn) !== 0;
    if (!isSyn) {
      sender.scaling = 'unseen';
      receiver.scaling = 'unseen';
    } else if (packet.windowScale !== undefined)
      this.#window = sender.takeScale(packet.windowScale, packet.window);
    sender.raiseWindow(this.#window);
    sender.begin(this.#sequence, this.#end, receiver.maxWindow);
  }

  /** A later one. Where it is the first of its sender, that has begun from here on. */
  follow(packet: TrackedPacket, sender: TcpEnd, receiver: TcpEnd): void {
    this.#read(packet, sender, receiver);
    const isBeginning = sender.state < tcpState.synSent;
    const isSyn = (packet.flags & syn) !== 0;
    const agrees = isBeginning && isSyn && receiver.scaling === 'present' && this.#agreeOnScale(packet);
    const areShifted = agrees || (!isSyn && sender.scaling !== 'absent' && receiver.scaling !== 'absent');
    this.#senderShift = areShifted ? sender.shift : 0;
    this.#receiverShift = areShifted ? receiver.shift : 0;
    this.#isFirst =
      isBeginning && sender.begin(this.#sequence, this.#end, receiver.maxWindow * 2 ** this.#receiverShift);
    if (isBeginning) sender.raiseWindow(this.#window);
  }

  fit(): Fit {
    if (this.#isInside()) return 'inside';
    const { sender, receiver } = this;
    const isUncertain = receiver.state < tcpState.synSent || receiver.isOver || sender.isOver;
    return isUncertain && this.#isWithin(tolerance, tolerance) ? 'near' : 'outside';
  }

  /** What both ends now have sent, may send and offer. */
  count(): void {
    const { sender, receiver } = this;
    sender.raiseWindow(this.#window);
    if (!this.#isEmpty) sender.raiseSent(this.#end);
    receiver.raiseLimit(this.#acknowledged, this.#window * 2 ** this.#senderShift);
  }

  #read(packet: TrackedPacket, sender: TcpEnd, receiver: TcpEnd): void {
    const { flags, sequence, acknowledgement, payloadSize } = packet;
    this.flags = flags;
    this.sender = sender;
    this.receiver = receiver;
    this.#sequence = sequence | 0;
    const size = payloadSize + (flags & syn ? 1 : 0) + (flags & fin ? 1 : 0);
    this.#end = (sequence + size) | 0;
    this.#window = packet.window;
    // One that acknowledges nothing must not count against its sender; some ends write no number when they reset.
    const isSilent = (flags & ack) === 0 || ((flags & rst) !== 0 && acknowledgement === 0);
    this.#acknowledged = isSilent ? receiver.sent : acknowledgement | 0;
  }

  /** RFC 7323, section 2.2: windows are shifted where both SYNs have the option. */
  #agreeOnScale({ windowScale, window }: TrackedPacket): boolean {
    if (windowScale === undefined) {
      this.receiver.dropScale();
      return false;
    }
    this.#window = this.sender.takeScale(windowScale, window);
    return true;
  }

  get #isEmpty(): boolean {
    return this.#sequence === this.#end;
  }

  #isInside(): boolean {
    const { sender, receiver } = this;
    const behind = this.#isFirst ? 0 : (receiver.sent - this.#acknowledged) | 0;
    return (
      this.#isWithin(receiver.maxWindow * 2 ** this.#receiverShift, 0) &&
      behind >= -tolerance &&
      behind <= tolerance * 2 ** this.#senderShift &&
      // RFC 5961, section 3: who does not see the connection must not be able to reset it by a guess.
      ((this.flags & rst) === 0 || Math.abs((this.#sequence - sender.sent) | 0) <= 1)
    );
  }

  /** Begins at most `back` before what was sent, and ends at most `ahead` behind the limit. */
  #isWithin(back: number, ahead: number): boolean {
    const { sent, limit } = this.sender;
    // Segments without a byte, such as probes whether the other end is alive, may have any number.
    const isEmpty = this.#isEmpty;
    return (
      isAtOrAfter((limit + ahead) | 0, isEmpty ? sent : this.#end) &&
      isAtOrAfter(isEmpty ? sent : this.#sequence, (sent - back) | 0)
    );
  }
}

/** No honest end sends one with other combinations of flags. */
export function isSensible(flags: number): boolean {
  if ((flags & syn) !== 0 && (flags & (rst | fin)) !== 0) return false;
  if ((flags & ack) !== 0) return true;
  return (flags & (syn | rst)) !== 0 && (flags & (fin | psh | urg)) === 0;
}
