/**
 * How the connections of one protocol go on: what a state machine is told of each packet and says of it. `tcp.ts` has
 * that of TCP, `exchange.ts` those of protocols that only ask and answer.
 */
import type { TimeoutName } from './timeouts.ts';
import type { TrackedPacket } from './tracked-packet.ts';

/**
 * `established`, or `new` while nothing was answered. `stray`: as `established`, but no sign that the connection lives.
 * `invalid`: no packet of the connection as it is. `anew`: the connection is over, and the packet begins another one.
 */
export type TrackVerdict = 'new' | 'established' | 'stray' | 'invalid' | 'anew';

/** Of one connection. */
export interface ConnectionState {
  /** How long it may be silent from here on. */
  readonly timeout: TimeoutName;
  /** Takes the next packet in. */
  update(packet: TrackedPacket, isReply: boolean): TrackVerdict;
  /** As dumps show it; undefined where there is nothing to show. */
  report(): ProtocolReport | undefined;
}

/** State names and what else dumps tell of TCP. */
export interface ProtocolReport {
  readonly original: TcpEndReport;
  readonly reply: TcpEndReport;
}

export interface TcpEndReport {
  /** By number: `tcpState` of tcp-end.ts. */
  readonly state: number;
  readonly windowScale: number;
  readonly flags: number;
}
