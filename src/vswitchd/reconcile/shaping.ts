/** Has devices shape what they send as the database says. */
import { qosOf } from '../../netdev/provider.ts';
import type { QosDetails } from '../../netdev/qos/port-qos.ts';
import type { WantedQos } from '../config/qos-rows.ts';
import type { LiveInterface } from './live.ts';

const noDetails: QosDetails = new Map();
/** Takes what names no queue, so there is one whatever the database says. */
const defaultQueue = 0;

/** The device tells the log of what it cannot do. */
export function shape({ netdev, wanted: { qos: wanted } }: LiveInterface): void {
  const qos = netdev === undefined || netdev.isGone ? undefined : qosOf(netdev);
  if (qos === undefined) return;
  if (wanted === undefined) {
    qos.set('', noDetails);
    return;
  }
  qos.set(wanted.type, wanted.details);
  const numbers = new Set(wanted.queues.map(({ number }) => number));
  for (const number of qos.queues().keys()) if (!numbers.has(number)) qos.deleteQueue(number);
  for (const { number, details } of wanted.queues) qos.setQueue(number, details);
  if (!numbers.has(defaultQueue)) qos.setQueue(defaultQueue, noDetails);
}

/** What packets of each queue are marked with. */
export function dscpsOf(wanted: WantedQos | undefined): ReadonlyMap<number, number> {
  return new Map(
    wanted?.queues.flatMap(({ number, dscp }) => (dscp === undefined ? [] : [[number, dscp] as const])),
  );
}
