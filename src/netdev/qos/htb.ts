/**
 * The QoS type linux-htb: tc-htb(8). Rates in bytes a second, sizes in bytes.
 * Differs: rates of more than 34 Gb/s are given whole; the reference cuts them to 32 bits.
 */
import { emitHtbClass, htbOptions, parseHtbClass } from '../../sys/netlink/qdisc-options.ts';
import type { ClassfulKind } from './classful.ts';
import { type QosDetails, wholeNumberIn } from './port-qos.ts';
import { bytesIn, ticksFor } from './scheduler-clock.ts';
import type { ShapedDevice } from './shaper.ts';

const rateToQuantum = 10;
/** Of Ethernet, without checksum. */
const smallestFrame = 60;
const frameHeader = 14 + 4;
/** What may come in front of a packet on its way, in addition to its MTU. */
const headerRoom = 64;
const tableSize = 256;

interface HtbClass {
  readonly minRate: number;
  readonly maxRate: number;
  readonly burst: number;
  /** Lower ones first. */
  readonly priority: number;
}

export const htb: ClassfulKind<HtbClass> = {
  name: 'linux-htb',
  kind: 'htb',
  qdiscOptions: htbOptions.emit({ rateToQuantum, defaultClass: 1 }),
  readShared(details, { linkSpeed }) {
    const rate = bytesOf(details, 'max-rate') || Math.floor(linkSpeed / 8);
    return { minRate: rate, maxRate: rate, burst: 0, priority: 0 };
  },
  /** HTB sends nothing in a class that may not send a packet a second. */
  readQueue(details, { maxRate: limit }, { mtu }) {
    const minRate = Math.min(Math.max(bytesOf(details, 'min-rate'), mtu), limit);
    const wanted = wholeNumberIn(details, 'max-rate', 0) > 0 ? bytesOf(details, 'max-rate') : limit;
    return {
      minRate,
      maxRate: Math.min(Math.max(wanted, minRate), limit),
      burst: Math.max(bytesOf(details, 'burst'), mtu + headerRoom),
      priority: wholeNumberIn(details, 'priority', 0) % 2 ** 32,
    };
  },
  emit,
  parse(options, { clock }) {
    const { rate, ceil, buffer, priority } = parseHtbClass(options);
    return { minRate: rate, maxRate: ceil, burst: bytesIn(clock, rate, buffer), priority };
  },
  sharedDetails: ({ maxRate }) => [['max-rate', 8 * maxRate]],
  queueDetails: ({ minRate, maxRate, burst, priority }) => [
    ['min-rate', 8 * minRate],
    ...(minRate === maxRate ? [] : ([['max-rate', 8 * maxRate]] as const)),
    ['burst', 8 * burst],
    ...(priority === 0 ? [] : ([['priority', priority]] as const)),
  ],
};

function emit({ minRate, maxRate, burst, priority }: HtbClass, { mtu, clock }: ShapedDevice): Uint8Array {
  const cellLog = cellLogOf(mtu);
  const bufferAt = (rate: number): number =>
    ticksFor(clock, rate, Math.max(burst, Math.floor(rate / clock.looksPerSecond) + mtu));
  return emitHtbClass(
    {
      rate: minRate,
      ceil: maxRate,
      buffer: bufferAt(minRate),
      ceilBuffer: bufferAt(maxRate),
      // At least one packet.
      quantum: Math.floor(minRate / rateToQuantum) < mtu ? mtu : 0,
      priority,
    },
    {
      cellLog,
      minSize: smallestFrame,
      ticksAt: (rate) =>
        Array.from({ length: tableSize }, (_, n) =>
          ticksFor(clock, rate, Math.max((n + 1) << cellLog, smallestFrame)),
        ),
    },
  );
}

/** How far sizes are shifted so that every frame has a place in a table of 256. */
function cellLogOf(mtu: number): number {
  let log = 0;
  for (let size = mtu + frameHeader; size >= tableSize; size >>= 1) log++;
  return log;
}

/** Of bits. */
function bytesOf(details: QosDetails, key: string): number {
  return Math.floor(wholeNumberIn(details, key, 0) / 8);
}
