/** What a port can be asked about the shaping of what it sends: QoS and Queue of ovs-vswitchd.conf.db(5). */
import { orderAsHashed } from '../../base/hash-order.ts';
import type { Ms } from '../../base/units.ts';

/** Keys of `other_config` of a QoS or a Queue row. */
export type QosDetails = ReadonlyMap<string, string>;

/** Undefined: nobody counts that. */
export interface DeviceQueueStats {
  readonly txBytes: number | undefined;
  readonly txPackets: number | undefined;
  readonly txErrors: number | undefined;
  /** When the queue was made. */
  readonly createdAt: Ms | undefined;
}

/** Nothing here throws: what the kernel refuses is logged, and the device sends on as it did. */
export interface PortQos {
  /** As the column `type` names them. */
  readonly types: readonly string[];
  /** What it says of a queue that it has not. */
  readonly missingQueue: 'EINVAL' | 'ENOENT';
  /** Undefined where nothing is known to shape. Throws SyscallFailed. */
  current(): { readonly type: string; readonly details: QosDetails } | undefined;
  /** `type` "" is the device's own way of sending. */
  set(type: string, details: QosDetails): void;
  setQueue(queue: number, details: QosDetails): void;
  deleteQueue(queue: number): void;
  /** In the order of the reference's table. */
  queues(): ReadonlyMap<number, QosDetails>;
  /** Of those of which the device can say something. */
  statistics(): ReadonlyMap<number, DeviceQueueStats>;
}

/** A device whose sending may be shaped. */
export interface HasQos {
  readonly qos: PortQos;
}

/** In the order in which the reference lists keys and values of a map. */
export function detailsOf(entries: readonly (readonly [key: string, value: number])[]): QosDetails {
  return new Map(orderAsHashed(entries, ([key]) => key).map(([key, value]) => [key, String(value)]));
}

/** The whole number of that key; `otherwise` where there is none. */
export function wholeNumberIn(details: QosDetails, key: string, otherwise: number): number {
  const text = details.get(key) ?? '';
  return /^\d+$/.test(text) ? Number(text) : otherwise;
}
