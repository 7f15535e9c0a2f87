/**
 * The application level gateway of one control connection: what kind it is, what the connection announced, and how far
 * its sequence numbers are moved. As ovs-vswitchd does, it reads packets of the well-known port only, and others where
 * the action that tracks them names it; without `alg` when the connection was committed there is none.
 */
import { ipProtocol } from '../../../wire/ip.ts';
import { tcpFlag } from '../tcp-segment.ts';
import type { TrackedPacket } from '../tracked-packet.ts';
import { destinationPortOf, sourcePortOf, type Tuple, tupleProtocolOf } from '../tuple.ts';
import type { Expectation, Expectations } from './expectations.ts';
import { SequenceShift } from './sequence-shift.ts';

const kinds = {
  ftp: { protocol: ipProtocol.tcp, port: 21 },
  tftp: { protocol: ipProtocol.udp, port: 69 },
} as const;

export type GatewayKind = keyof typeof kinds;

export class Gateway {
  readonly kind: GatewayKind;
  readonly expectations: Expectations;
  /** By its connection, oldest first. */
  readonly expected: Expectation[] = [];
  readonly #isWellKnown: boolean;
  readonly #shift = { original: new SequenceShift(), reply: new SequenceShift() };

  constructor(kind: GatewayKind, expectations: Expectations, isWellKnown: boolean) {
    this.kind = kind;
    this.expectations = expectations;
    this.#isWellKnown = isWellKnown;
  }

  /** `isNamed`: by the action that tracks a packet. */
  reads(isNamed: boolean): boolean {
    return isNamed || this.#isWellKnown;
  }

  /** Of packets of that direction. */
  shiftOf(isReply: boolean): SequenceShift {
    return isReply ? this.#shift.reply : this.#shift.original;
  }

  get isShifted(): boolean {
    return !this.#shift.original.isNone || !this.#shift.reply.isNone;
  }

  /** A segment acknowledges what its receiver sent by the numbers that this one knows. */
  countAsReceiver(packet: TrackedPacket, isReply: boolean): void {
    const shift = this.shiftOf(!isReply);
    if (shift.isNone || (packet.flags & tcpFlag.ack) === 0) return;
    packet.acknowledgement = shift.inward(packet.acknowledgement);
  }

  /** Its connection is forgotten, and all that it announced with it. */
  close(): void {
    this.expectations.forget(this.expected);
  }
}

/** The gateway that is named so; undefined where there is none. */
export function gatewayKindOf(helper: string): GatewayKind | undefined {
  return helper === 'ftp' || helper === 'tftp' ? helper : undefined;
}

/** False where the port is the well-known one of another gateway: then nothing becomes of it. */
export function mayHelp(helper: string, original: Tuple): boolean {
  const usual = wellKnown(original);
  return usual === undefined || usual === helper;
}

/** That of a new connection; undefined where there is none of that name, or its protocol is another one. */
export function newGateway(
  helper: string,
  original: Tuple,
  reply: Tuple,
  expectations: Expectations,
): Gateway | undefined {
  const kind = gatewayKindOf(helper);
  if (kind === undefined || kinds[kind].protocol !== tupleProtocolOf(original)) return undefined;
  const isWellKnown = wellKnown(original) === kind || wellKnown(reply) === kind;
  return new Gateway(kind, expectations, isWellKnown);
}

function wellKnown(tuple: Tuple): GatewayKind | undefined {
  const isOf = ({ protocol, port }: (typeof kinds)[GatewayKind]): boolean =>
    tupleProtocolOf(tuple) === protocol &&
    (sourcePortOf(tuple) === port || destinationPortOf(tuple) === port);
  if (isOf(kinds.ftp)) return 'ftp';
  return isOf(kinds.tftp) ? 'tftp' : undefined;
}
