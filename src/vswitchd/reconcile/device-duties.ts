/** What the database has devices do besides forwarding: shaping what they send, and being asked for their links. */
import { pollLink, qosOf } from '../../netdev/provider.ts';
import type { PortQos, QosDetails } from '../../netdev/qos/port-qos.ts';
import type { WantedQos } from '../config/qos-rows.ts';
import type { LiveInterface } from './live.ts';

const noDetails: QosDetails = new Map();
/** Takes what names no queue, so there is one whatever the database says. */
const defaultQueue = 0;

/** The device tells the log of what it cannot do. */
export function giveDuties(i: LiveInterface): void {
  const { netdev, wanted } = i;
  if (netdev === undefined || netdev.isGone) return;
  i.shapedAs = { mtu: netdev.state.mtu, linkSpeed: netdev.state.linkSpeed };
  const qos = qosOf(netdev);
  if (qos !== undefined) shape(qos, wanted.qos);
  pollLink(netdev, wanted.linkPolling);
}

/**
 * The state of the device has changed, and with it what shaping follows from.
 * Differs: the reference looks at that with the next change of the database.
 */
export function followDevice(i: LiveInterface): void {
  const { netdev, wanted, shapedAs: was } = i;
  if (wanted.qos === undefined || was === undefined || netdev === undefined) return;
  const { mtu, linkSpeed } = netdev.state;
  if (mtu !== was.mtu || linkSpeed !== was.linkSpeed) giveDuties(i);
}

function shape(qos: PortQos, wanted: WantedQos | undefined): void {
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
