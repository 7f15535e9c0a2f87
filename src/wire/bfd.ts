/** Control packets of Bidirectional Forwarding Detection: RFC 5880 section 4.1. Read and written by `protocols/bfd`. */
import { Malformed } from '../base/errors.ts';
import { header, u8, u32 } from '../base/header.ts';

const control = header('bfd', {
  versionDiagnostic: u8, // version << 5 | diagnostic
  stateFlags: u8, // state << 6 | flags
  multiplier: u8,
  size: u8,
  myDiscriminator: u32,
  yourDiscriminator: u32,
  minTx: u32,
  minRx: u32,
  minEchoRx: u32,
});

export const bfdControlSize = control.size;
export const bfdVersion = 1;
/** Where control packets are sent to over one hop, RFC 5881 section 4. */
export const bfdPort = 3784;

/** By their numbers. */
export const bfdStates = ['admin_down', 'down', 'init', 'up'] as const;
export type BfdState = (typeof bfdStates)[number];

/** Lowest bit first. */
export const bfdFlagNames = ['multipoint', 'demand', 'auth', 'ctl', 'final', 'poll'] as const;
export type BfdFlag = (typeof bfdFlagNames)[number];

export const bfdFlags = {
  multipoint: 0x01,
  demand: 0x02,
  auth: 0x04,
  ctl: 0x08,
  final: 0x10,
  poll: 0x20,
} as const satisfies Record<BfdFlag, number>;

/** By their numbers. */
export const bfdDiagnostics = [
  'No Diagnostic',
  'Control Detection Time Expired',
  'Echo Function Failed',
  'Neighbor Signaled Session Down',
  'Forwarding Plane Reset',
  'Path Down',
  'Concatenated Path Down',
  'Administratively Down',
  'Reverse Concatenated Path Down',
] as const;
/** Those of other numbers are one. */
export type BfdDiagnostic = (typeof bfdDiagnostics)[number] | 'Invalid Diagnostic';

export interface BfdMessage {
  readonly version: number;
  readonly diagnostic: BfdDiagnostic;
  readonly state: BfdState;
  /** Bits of `bfdFlags`. */
  readonly flags: number;
  readonly multiplier: number;
  /** Bytes, as the message says. */
  readonly size: number;
  readonly myDiscriminator: number;
  readonly yourDiscriminator: number;
  /** Microseconds, as the two that follow. */
  readonly minTx: number;
  readonly minRx: number;
  readonly minEchoRx: number;
}

/** Throws Malformed where it is cut short; whether what it says makes sense is for the session to judge. */
export function parseBfd(payload: Uint8Array): BfdMessage {
  if (payload.length < control.size) throw new Malformed('bfd', payload.length, 'cut short');
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const { get } = control;
  const first = get.versionDiagnostic(view, 0);
  const second = get.stateFlags(view, 0);
  return {
    version: first >> 5,
    diagnostic: bfdDiagnostics[first & 0x1f] ?? 'Invalid Diagnostic',
    state: bfdStates[second >> 6] ?? 'down',
    flags: second & 0x3f,
    multiplier: get.multiplier(view, 0),
    size: get.size(view, 0),
    myDiscriminator: get.myDiscriminator(view, 0),
    yourDiscriminator: get.yourDiscriminator(view, 0),
    minTx: get.minTx(view, 0),
    minRx: get.minRx(view, 0),
    minEchoRx: get.minEchoRx(view, 0),
  };
}

export function emitBfd(message: BfdMessage): Uint8Array {
  const payload = new Uint8Array(control.size);
  const view = new DataView(payload.buffer);
  const { set } = control;
  set.versionDiagnostic(view, 0, (message.version << 5) | numberOf(message.diagnostic));
  set.stateFlags(view, 0, (bfdStates.indexOf(message.state) << 6) | message.flags);
  set.multiplier(view, 0, message.multiplier);
  set.size(view, 0, message.size);
  set.myDiscriminator(view, 0, message.myDiscriminator);
  set.yourDiscriminator(view, 0, message.yourDiscriminator);
  set.minTx(view, 0, message.minTx);
  set.minRx(view, 0, message.minRx);
  set.minEchoRx(view, 0, message.minEchoRx);
  return payload;
}

export function isSameBfd(a: BfdMessage, b: BfdMessage): boolean {
  return (
    a.state === b.state &&
    a.flags === b.flags &&
    a.diagnostic === b.diagnostic &&
    a.myDiscriminator === b.myDiscriminator &&
    a.yourDiscriminator === b.yourDiscriminator &&
    a.minTx === b.minTx &&
    a.minRx === b.minRx &&
    a.minEchoRx === b.minEchoRx &&
    a.multiplier === b.multiplier &&
    a.version === b.version &&
    a.size === b.size
  );
}

function numberOf(diagnostic: BfdDiagnostic): number {
  return diagnostic === 'Invalid Diagnostic' ? 0x1f : bfdDiagnostics.indexOf(diagnostic);
}
