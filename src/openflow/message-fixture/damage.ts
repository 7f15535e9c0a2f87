/** Messages that are nearly right: bytes changed, taken out, repeated, or put in from another message. For tests. */
import { getHeapStatistics } from 'node:v8';
import type { Random } from '../../base/random.ts';
import { decodeMessage } from '../codec.ts';
import { OpenFlowError } from '../errors.ts';
import { formatMessage } from '../text/messages.ts';

const headerSize = 8;
/** Bytes; what is longer may take longer as well. */
const longest = 2048;
/** Lengths and numbers that say something in many places. */
const tellingNumbers = [0, 1, 4, 7, 8, 9, 16, 24, 0x2320, 0x7fff, 0x8000, 0xfff8, 0xffff] as const;

/** One to four kinds of damage behind the header; the length in the header is mostly right. */
export function damaged(message: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let bytes = message.slice(0, longest);
  const below = (limit: number): number => (limit <= 0 ? 0 : random.u32() % limit);
  for (let count = 1 + below(4); count > 0; count--) {
    const at = headerSize + below(bytes.length - headerSize);
    const size = 8 * (1 + below(4));
    const put = (piece: Uint8Array, from: number): void => {
      bytes = Uint8Array.of(...bytes.subarray(0, at), ...piece, ...bytes.subarray(from));
    };
    switch (below(6)) {
      case 0:
        put(new Uint8Array(0), at + size);
        break;
      case 1:
        put(bytes.subarray(at, at + size), at);
        break;
      case 2: {
        const from = headerSize + below(other.length - headerSize);
        put(other.subarray(from, from + size), at);
        break;
      }
      case 3:
        if (at + 2 <= bytes.length)
          new DataView(bytes.buffer).setUint16(at, tellingNumbers[below(tellingNumbers.length)] ?? 0);
        break;
      default:
        if (at < bytes.length) bytes[at] = below(256);
    }
  }
  bytes = bytes.slice(0, longest);
  new DataView(bytes.buffer).setUint16(2, bytes.length + (below(32) === 0 ? 8 : 0));
  return bytes;
}

/** A few bytes of the body are others. */
export function spoilt(message: Uint8Array, random: Random): Uint8Array {
  const bytes = Uint8Array.from(message);
  for (let n = 0; n <= random.u32() % 3; n++) {
    const at = headerSize + (random.u32() % Math.max(1, bytes.length - headerSize));
    if (at < bytes.length) bytes[at] = random.u32();
  }
  return bytes;
}

/** Reads and prints any bytes; throws where what is wrong with them is told in other words than those of OpenFlow. */
export function readOrRefuse(bytes: Uint8Array): void {
  formatMessage(bytes, 2);
  try {
    decodeMessage(bytes);
  } catch (why) {
    if (!(why instanceof OpenFlowError)) throw why;
  }
}

export interface Cost {
  /** Processor time of this process, whoever used it. */
  readonly microseconds: number;
  /** Bytes allocated, unless they were collected meanwhile. */
  readonly bytes: number;
}

function costOf(work: () => void): Cost {
  const memory = (): number => {
    const { used_heap_size: heap, external_memory: outside } = getHeapStatistics();
    return heap + outside;
  };
  const before = memory();
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return { microseconds: user + system, bytes: memory() - before };
}

/** Enough for the code to be compiled. */
const repeats = 300;

/** The least that the work costs of many times, unless it is within `limit` at once: others use the process too. */
export function leastCost(work: () => void, limit: Cost): Cost {
  let least = costOf(work);
  for (let n = 0; n < repeats; n++) {
    if (least.microseconds <= limit.microseconds && least.bytes <= limit.bytes) break;
    const { microseconds, bytes } = costOf(work);
    least = {
      microseconds: Math.min(microseconds, least.microseconds),
      bytes: Math.min(bytes, least.bytes),
    };
  }
  return least;
}
