/**
 * How one device is shaped, and the kinds of shaping that there are: each a qdisc of the kernel. Used by `kernel-qos`;
 * `classless.ts` and `classful.ts` implement it for qdiscs without and with classes.
 */
import type { Ms } from '../../base/units.ts';
import type { TcObject } from '../../sys/netlink/traffic-control.ts';
import type { DeviceQueueStats, QosDetails } from './port-qos.ts';
import type { SchedulerClock } from './scheduler-clock.ts';

/** The device as far as shaping depends on it. */
export interface ShapedDevice {
  readonly name: string;
  readonly ifindex: number;
  /** Bytes of layer 3. */
  readonly mtu: number;
  /** bit/s */
  readonly linkSpeed: number;
  readonly clock: SchedulerClock;
  readonly now: Ms;
}

/** What shapes a device now. Its methods throw SyscallFailed and Malformed. */
export interface Shaper {
  readonly type: ShaperType;
  details(): QosDetails;
  configure(details: QosDetails, device: ShapedDevice): void;
  /** By number. */
  readonly queues: ReadonlyMap<number, QosDetails>;
  setQueue(queue: number, details: QosDetails, device: ShapedDevice): void;
  deleteQueue(queue: number, device: ShapedDevice): void;
  statistics(device: ShapedDevice): ReadonlyMap<number, DeviceQueueStats>;
}

/** A value of `QoS.type` that is a qdisc. */
export interface ShaperType {
  readonly name: string;
  /** The kernel's name. */
  readonly kind: string;
  /** Queue numbers are below. */
  readonly queueLimit: number;
  /** For a device without a qdisc of its own. Throws SyscallFailed. */
  install(details: QosDetails, device: ShapedDevice): Shaper;
  /** Goes on with what an earlier process, or somebody else, installed. Throws SyscallFailed, Malformed. */
  adopt(found: TcObject, device: ShapedDevice): Shaper;
}
