/** What is set of reassembly, and what it counts: as ovs-vswitchd(8) has it of `dpctl/ipf-*`. */

export type IpVersion = 4 | 6;

export interface VersionSettings {
  isEnabled: boolean;
  /** Bytes that each fragment but the last has at least, with its headers from the IP header on. */
  minSize: number;
}

export interface FragmentCounts {
  /** Held. */
  accepted: number;
  /** Of packets that became whole. */
  completed: number;
  /** Went on alone, since the rest did not come. */
  expired: number;
  /** Of fewer bytes than allowed. */
  tooSmall: number;
  /** Carried what was there. */
  overlapped: number;
  /** Dropped, since nothing came that they could have gone on with. */
  purged: number;
}

/** Smaller ones cannot be allowed. */
const smallestMinSize = 400;
/** More fragments cannot be held. */
const mostFragments = 5000;
export const fragmentsAtStart = 1000;
const minSizeAtStart = { 4: 1200, 6: 1280 } as const;

/** Bytes of frames that are held at most. */
export const heldBytesLimit = 32 << 20;

export function newVersionSettings(version: IpVersion): VersionSettings {
  return { isEnabled: true, minSize: minSizeAtStart[version] };
}

export function newFragmentCounts(): FragmentCounts {
  return { accepted: 0, completed: 0, expired: 0, tooSmall: 0, overlapped: 0, purged: 0 };
}

export function isMinSize(value: number): boolean {
  return value >= smallestMinSize;
}

export function isFragmentLimit(value: number): boolean {
  return value <= mostFragments;
}

const largestPacket = 65535;
const largestHeader4 = 60;

/** Fragments of the least size that the largest packet has. */
export function fragmentsOfOne(version: IpVersion, minSize: number): number {
  if (version === 6) return largestPacket; // how long the headers of one are cannot be told
  return Math.ceil((largestPacket - largestHeader4) / (minSize - largestHeader4));
}
