/** The QoS type linux-hfsc: tc-hfsc(8), with curves that are lines. Rates in bytes a second. */
import { type HfscClass, hfscClassOptions, hfscOptions } from '../../sys/netlink/qdisc-options.ts';
import type { ClassfulKind } from './classful.ts';
import { wholeNumberIn } from './port-qos.ts';

/** The kernel's fields have 32 bits. */
const largestRate = 0xffffffff;

export const hfsc: ClassfulKind<HfscClass> = {
  name: 'linux-hfsc',
  kind: 'hfsc',
  qdiscOptions: hfscOptions.emit({ defaultClass: 1 }),
  readShared(details, { linkSpeed }) {
    const rate = Math.min(
      Math.floor(wholeNumberIn(details, 'max-rate', 0) / 8) || Math.floor(linkSpeed / 8),
      largestRate,
    );
    return { minRate: rate, maxRate: rate };
  },
  readQueue(details, { maxRate: limit }) {
    const minRate = Math.min(Math.max(Math.floor(wholeNumberIn(details, 'min-rate', 0) / 8), 1), limit);
    const wanted = Math.floor(wholeNumberIn(details, 'max-rate', limit * 8) / 8);
    return { minRate, maxRate: Math.min(Math.max(wanted, minRate), limit) };
  },
  emit: (one) => hfscClassOptions.emit(one),
  parse: (options) => hfscClassOptions.parse(options),
  sharedDetails: ({ maxRate }) => [['max-rate', 8 * maxRate]],
  queueDetails: ({ minRate, maxRate }) => [
    ['min-rate', 8 * minRate],
    ...(minRate === maxRate ? [] : ([['max-rate', 8 * maxRate]] as const)),
  ],
};
