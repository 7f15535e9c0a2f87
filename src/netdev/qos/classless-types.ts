/** The QoS types without queues: tc-codel(8), tc-fq_codel(8), tc-sfq(8), tc-netem(8). */
import { Refused } from '../../base/errors.ts';
import { codelOptions, fqCodelOptions, netemOptions, sfqOptions } from '../../sys/netlink/qdisc-options.ts';
import { classless } from './classless.ts';
import { type QosDetails, wholeNumberIn } from './port-qos.ts';

const microsecondsPerSecond = 1_000_000;
const allOfThem = 0xffffffff;

/** Zero asks for nothing. */
const numberOf = (details: QosDetails, key: string, usual: number): number =>
  wholeNumberIn(details, key, 0) || usual;

const asTheyAre = <V>(values: V): V => values;

/** target and interval in microseconds, limit in packets. */
const readCodel = (details: QosDetails, usualInterval: number) => ({
  target: numberOf(details, 'target', 5000),
  limit: numberOf(details, 'limit', 10240),
  interval: numberOf(details, 'interval', usualInterval),
});

export const codel = classless({
  name: 'linux-codel',
  kind: 'codel',
  codec: codelOptions,
  read: (details) => readCodel(details, 100_000),
  toOptions: asTheyAre,
  fromOptions: asTheyAre,
});

export const fqCodel = classless({
  name: 'linux-fq_codel',
  kind: 'fq_codel',
  codec: fqCodelOptions,
  read: (details) => ({
    ...readCodel(details, 1_000_000),
    flows: numberOf(details, 'flows', 1024),
    quantum: numberOf(details, 'quantum', 1514),
  }),
  toOptions: asTheyAre,
  fromOptions: asTheyAre,
});

/** quantum in bytes, perturb in seconds. */
export const sfq = classless({
  name: 'linux-sfq',
  kind: 'sfq',
  codec: sfqOptions,
  read: (details, { mtu }) => ({
    quantum: numberOf(details, 'quantum', mtu),
    perturb: numberOf(details, 'perturb', 10),
  }),
  toOptions: asTheyAre,
  fromOptions: ({ quantum = 0, perturb = 0 }) => ({ quantum, perturb }),
});

/** latency in microseconds, limit in packets, loss in percent. */
export const netem = classless({
  name: 'linux-netem',
  kind: 'netem',
  codec: netemOptions,
  read(details) {
    const loss = numberOf(details, 'loss', 0);
    if (loss > 100)
      throw new Refused('EINVAL', `loss should be a percentage value between 0 to 100, loss was ${loss}`);
    return { latency: numberOf(details, 'latency', 0), limit: numberOf(details, 'limit', 1000), loss };
  },
  toOptions: ({ latency, limit, loss }, { clock }) => ({
    latency: Math.floor(latency * (clock.ticksPerSecond / microsecondsPerSecond)),
    limit,
    loss: Math.floor(allOfThem * (loss / 100)),
  }),
  fromOptions: ({ latency = 0, limit = 0, loss = 0 }, { clock }) => ({
    latency: Math.round((latency * microsecondsPerSecond) / clock.ticksPerSecond),
    limit,
    loss: Math.round((loss * 100) / allOfThem),
  }),
});
