/** Flags of flows: OpenFlow 1.0.2 section 5.3.3, 1.5.1 section 7.3.4.2. */
import { OpenFlowError } from '../errors.ts';
import type { WireVersion } from '../versions.ts';

/** Bits, as OpenFlow 1.3 and later have them. */
export const flowFlags = {
  sendFlowRemoved: 1,
  checkOverlap: 2,
  resetCounts: 4,
  noPacketCounts: 8,
  noByteCounts: 16,
} as const;

const names: readonly (readonly [bit: number, name: string])[] = [
  [flowFlags.sendFlowRemoved, 'send_flow_rem'],
  [flowFlags.checkOverlap, 'check_overlap'],
  [flowFlags.resetCounts, 'reset_counts'],
  [flowFlags.noPacketCounts, 'no_packet_counts'],
  [flowFlags.noByteCounts, 'no_byte_counts'],
];

/** What OpenFlow 1.0 has in the place of `resetCounts`: flows for emergencies, which nobody keeps. */
export const emergencyFlag10 = 4;

/** Those that a version has. */
function flagBits(version: WireVersion): number {
  if (version < 3) return 3;
  return version === 3 ? 7 : 0x1f;
}

/** Throws OpenFlowError for flags that the version does not have. */
export function readFlowFlags(bits: number, version: WireVersion, resets = false): number {
  const known = flagBits(version) | (version === 1 ? emergencyFlag10 : 0);
  if ((bits & ~known) !== 0)
    throw new OpenFlowError('OFPFMFC_BAD_FLAGS', `flags 0x${bits.toString(16)} of a flow`);
  const flags = bits & flagBits(version);
  return resets && version < 3 ? flags | flowFlags.resetCounts : flags;
}

export function flowFlagBits(flags: number, version: WireVersion): number {
  return flags & flagBits(version);
}

/** "send_flow_rem check_overlap ", a space after each. */
export function formatFlowFlags(flags: number): string {
  if (flags === 0) return '';
  return names.map(([bit, name]) => ((flags & bit) === 0 ? '' : `${name} `)).join('');
}
