/**
 * Shaping by a qdisc with classes: one that all of the device's traffic shares, and below it one a queue. Packets find
 * theirs by their priority (`queueClass`), those without one go to queue 0.
 */
import type { Ms } from '../../base/units.ts';
import {
  addRootQdisc,
  deleteClass,
  readClass,
  readClasses,
  setClass,
  type TcObject,
} from '../../sys/netlink/traffic-control.ts';
import { type DeviceQueueStats, detailsOf, type QosDetails } from './port-qos.ts';
import { classfulQueueLimit, qdiscHandle, queueClass, queueOfClass } from './queue-class.ts';
import type { ShapedDevice, Shaper, ShaperType } from './shaper.ts';

const sharedClass = qdiscHandle | 0xfffe;

/** How one such qdisc is told. `C`: one class of it. */
export interface ClassfulKind<C> {
  readonly name: string;
  readonly kind: string;
  readonly qdiscOptions: Uint8Array;
  readShared(details: QosDetails, device: ShapedDevice): C;
  readQueue(details: QosDetails, shared: C, device: ShapedDevice): C;
  emit(one: C, device: ShapedDevice): Uint8Array;
  /** Throws Malformed. */
  parse(options: DataView, device: ShapedDevice): C;
  sharedDetails(shared: C): readonly (readonly [string, number])[];
  queueDetails(queue: C): readonly (readonly [string, number])[];
}

export function classfulType<C>(kind: ClassfulKind<C>): ShaperType {
  const type: ShaperType = {
    name: kind.name,
    kind: kind.kind,
    queueLimit: classfulQueueLimit,
    install(details, device) {
      addRootQdisc(device.ifindex, qdiscHandle, kind.kind, kind.qdiscOptions);
      const shared = kind.readShared(details, device);
      const shaper = new ClassfulShaper(type, kind, shared);
      shaper.setShared(shared, device);
      return shaper;
    },
    adopt(_found: TcObject, device) {
      const found = readClass(device.ifindex, sharedClass);
      const shared =
        found === undefined ? kind.readShared(new Map(), device) : kind.parse(found.options, device);
      const shaper = new ClassfulShaper(type, kind, shared);
      shaper.adoptQueues(device);
      return shaper;
    },
  };
  return type;
}

interface Queue<C> {
  readonly is: C;
  readonly createdAt: Ms;
}

class ClassfulShaper<C> implements Shaper {
  readonly type: ShaperType;
  readonly #kind: ClassfulKind<C>;
  #shared: C;
  readonly #queues = new Map<number, Queue<C>>();

  constructor(type: ShaperType, kind: ClassfulKind<C>, shared: C) {
    this.type = type;
    this.#kind = kind;
    this.#shared = shared;
  }

  get queues(): ReadonlyMap<number, QosDetails> {
    const { queueDetails } = this.#kind;
    return new Map([...this.#queues].map(([number, { is }]) => [number, detailsOf(queueDetails(is))]));
  }

  details(): QosDetails {
    return detailsOf(this.#kind.sharedDetails(this.#shared));
  }

  configure(details: QosDetails, device: ShapedDevice): void {
    this.setShared(this.#kind.readShared(details, device), device);
  }

  setShared(shared: C, device: ShapedDevice): void {
    this.#setClass(sharedClass, qdiscHandle, shared, device);
    this.#shared = shared;
  }

  adoptQueues(device: ShapedDevice): void {
    for (const { handle, options } of readClasses(device.ifindex)) {
      const number = queueOfClass(handle);
      if (number !== undefined) this.#keep(number, this.#kind.parse(options, device), device.now);
    }
  }

  setQueue(queue: number, details: QosDetails, device: ShapedDevice): void {
    const one = this.#kind.readQueue(details, this.#shared, device);
    this.#setClass(queueClass(queue), sharedClass, one, device);
    this.#keep(queue, one, device.now);
  }

  deleteQueue(queue: number, { ifindex }: ShapedDevice): void {
    if (!this.#queues.has(queue)) return;
    deleteClass(ifindex, queueClass(queue));
    this.#queues.delete(queue);
  }

  statistics({ ifindex }: ShapedDevice): ReadonlyMap<number, DeviceQueueStats> {
    const all = new Map<number, DeviceQueueStats>();
    for (const { handle, statistics } of readClasses(ifindex)) {
      const number = queueOfClass(handle);
      if (number === undefined || statistics === undefined) continue;
      const { bytes: txBytes, packets: txPackets, drops: txErrors } = statistics;
      all.set(number, { txBytes, txPackets, txErrors, createdAt: this.#queues.get(number)?.createdAt });
    }
    return all;
  }

  #keep(number: number, is: C, now: Ms): void {
    this.#queues.set(number, { is, createdAt: this.#queues.get(number)?.createdAt ?? now });
  }

  #setClass(handle: number, parent: number, one: C, device: ShapedDevice): void {
    const { kind, emit } = this.#kind;
    setClass({ ifindex: device.ifindex, handle, parent, kind, options: emit(one, device) });
  }
}
