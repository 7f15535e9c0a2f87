/**
 * One end of a TCP connection as somebody between the two sees it: how far it has sent, how far it may send, and how its
 * windows are scaled. Follows RFC 9293, RFC 7323, section 2, and Guido van Rooij, "Real Stateful TCP Packet Filtering in
 * IP Filter". Sequence numbers are signed 32-bit integers here: only their differences mean something.
 */
import type { TcpEndReport } from './protocol.ts';

/** States by the numbers that dumps carry, in the order of a connection's life. Not all of them occur here. */
export const tcpState = {
  closed: 0,
  listen: 1,
  synSent: 2,
  synReceived: 3,
  established: 4,
  closeWait: 5,
  finWait1: 6,
  closing: 7,
  lastAck: 8,
  finWait2: 9,
  timeWait: 10,
} as const;

/** Bits of `TcpEndReport.flags` that occur here. */
const reportFlag = { windowScale: 0x01, liberal: 0x08 } as const;

/** The option of RFC 7323 in the end's SYN; `unseen` where the SYN was not seen. */
type Scaling = 'absent' | 'present' | 'unseen';

/** RFC 7323, section 2.3: a larger shift counts as this one. */
const maxScale = 14;

const maxUnscaledWindow = 0xffff;

/** The limit of an end that has not sent, as long as nothing was acknowledged to it. */
const unknownLimit = 1;

export class TcpEnd {
  state: number = tcpState.closed;
  /** Behind the last byte that it sent. */
  sent = 0;
  /** Behind the last byte that the other end has room for. */
  limit = unknownLimit;
  /** The largest window that it ever offered, before it is shifted. */
  maxWindow = 1;
  /** What its windows are shifted by, as far as its SYN said. */
  scale = 0;
  scaling: Scaling = 'absent';

  /** Its SYN has the option. Windows of a SYN are not shifted; returned is this one as later ones would be written. */
  takeScale(scale: number, window: number): number {
    this.scale = Math.min(scale, maxScale);
    this.scaling = 'present';
    return Math.ceil(window / 2 ** this.scale);
  }

  /**
   * The other end's SYN came without the option, so windows are as they are written.
   *
   * Differs: a first window that reaches 65536 by being rounded up to its scale stays a window; ovs-vswitchd takes it for
   * none, and refuses a repeated SYN+ACK of a server without window scaling.
   */
  dropScale(): void {
    this.maxWindow = Math.min(maxUnscaledWindow, this.maxWindow * 2 ** this.scale);
    this.scale = 0;
    this.scaling = 'absent';
  }

  /** What windows are shifted by where both ends do it. What was not seen may be anything up to the largest. */
  get shift(): number {
    return this.scaling === 'unseen' ? maxScale : this.scale;
  }

  /** It sends for the first time; `room`: what the other end takes. True where that says more of its limit than was known. */
  begin(sequence: number, end: number, room: number): boolean {
    this.state = tcpState.synSent;
    this.sent = sequence;
    if (this.limit !== unknownLimit) return this.raiseLimit(end, Math.max(1, room));
    this.limit = (end + Math.max(1, room)) | 0;
    return true;
  }

  /** One byte may come even where there is no room: a probe (RFC 9293, section 3.8.6.1). False where nothing changes. */
  raiseLimit(acknowledged: number, room: number): boolean {
    if (!isAtOrAfter((acknowledged + room) | 0, this.limit)) return false;
    this.limit = (acknowledged + Math.max(1, room)) | 0;
    return true;
  }

  raiseSent(end: number): void {
    if (isAtOrAfter(end, this.sent)) this.sent = end;
  }

  raiseWindow(window: number): void {
    if (window > this.maxWindow) this.maxWindow = window;
  }

  /** It has ended or was reset, as far as both know: a SYN may begin another connection. */
  get isOver(): boolean {
    return this.state >= tcpState.finWait2;
  }

  report(): TcpEndReport {
    const { state, scale, scaling } = this;
    const flags = { absent: 0, present: reportFlag.windowScale, unseen: reportFlag.liberal }[scaling];
    return { state, windowScale: scale, flags };
  }
}

/** Within half of the number space (RFC 9293, section 3.4). */
export function isAtOrAfter(a: number, b: number): boolean {
  return ((a - b) | 0) >= 0;
}
