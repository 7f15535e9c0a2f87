/** Statistics of flows as OpenFlow 1.5 has them: OXS TLVs (1.5.1 section 7.2.4). */
import type { Reader, Writer } from './bytes.ts';
import { OpenFlowError } from './errors.ts';
import type { Duration } from './layout.ts';

/** What a switch tells of a flow or several; undefined for what it does not. */
export interface OxsStats {
  readonly duration?: Duration | undefined;
  /** Seconds. */
  readonly idleAge?: number | undefined;
  readonly packets?: bigint | undefined;
  readonly bytes?: bigint | undefined;
  readonly flows?: number | undefined;
}

const headSize = 4;
/** Class, number, and length of the value. */
const headers = {
  duration: 0x80020008,
  idleAge: 0x80020208,
  flows: 0x80020604,
  packets: 0x80020808,
  bytes: 0x80020a08,
} as const;
const experimenterClass = 0xffff;

/** With head and padding. What nobody knows is passed over. Throws OpenFlowError. */
export function readOxsStats(from: Reader): OxsStats {
  if (from.left < headSize) throw badLength(from.left);
  from.skip(2);
  const size = from.u16();
  const padding = -size & 7;
  if (size < headSize || size - headSize + padding > from.left) throw badLength(size);
  const body = from.part(size - headSize, 'OFPBMC_BAD_LEN');
  from.skip(padding);
  const stats: { -readonly [K in keyof OxsStats]: OxsStats[K] } = {};
  while (body.left > 0) {
    const header = body.u32();
    const value = body.part(header & 0xff, 'OFPBMC_BAD_LEN');
    if (header >>> 16 === experimenterClass && value.left < 4) throw badLength(value.left);
    if (header === headers.duration) stats.duration = { seconds: value.u32(), nanoseconds: value.u32() };
    else if (header === headers.idleAge) stats.idleAge = value.u32();
    else if (header === headers.flows) stats.flows = value.u32();
    else if (header === headers.packets) stats.packets = value.u64();
    else if (header === headers.bytes) stats.bytes = value.u64();
  }
  return stats;
}

function badLength(size: number): OpenFlowError {
  return new OpenFlowError('OFPBMC_BAD_LEN', `statistics in ${size} bytes`);
}

export function writeOxsStats(to: Writer, { duration, idleAge, packets, bytes, flows }: OxsStats): void {
  const start = to.size;
  to.u32(0);
  if (duration !== undefined) {
    to.u32(headers.duration);
    to.u32(duration.seconds);
    to.u32(duration.nanoseconds);
  }
  if (idleAge !== undefined) {
    to.u32(headers.idleAge);
    to.u32(idleAge);
    to.u32(0);
  }
  if (packets !== undefined) {
    to.u32(headers.packets);
    to.u64(packets);
  }
  if (bytes !== undefined) {
    to.u32(headers.bytes);
    to.u64(bytes);
  }
  if (flows !== undefined) {
    to.u32(headers.flows);
    to.u32(flows);
  }
  to.setU16(start + 2, to.size - start);
  to.pad(start);
}
