/** Shaping by a qdisc that has no classes, and so no queues: all of what it is told are numbers. */
import type { OptionsCodec } from '../../sys/netlink/qdisc-options.ts';
import { addRootQdisc, deleteRootQdisc, type TcObject } from '../../sys/netlink/traffic-control.ts';
import { type DeviceQueueStats, detailsOf, type QosDetails } from './port-qos.ts';
import { qdiscHandle } from './queue-class.ts';
import type { ShapedDevice, Shaper, ShaperType } from './shaper.ts';

type Numbers = Readonly<Record<string, number>>;

/** How one such qdisc is told. `V`: its keys, as the operator gives and reads them. */
export interface ClasslessKind<V extends Numbers, O> {
  readonly name: string;
  readonly kind: string;
  readonly codec: OptionsCodec<O>;
  /** Throws Refused on what makes no sense. */
  read(details: QosDetails, device: ShapedDevice): V;
  toOptions(values: V, device: ShapedDevice): O;
  fromOptions(options: O, device: ShapedDevice): V;
}

/** The kind as it is; says of which types its values and options are. */
export function classless<V extends Numbers, O>(kind: ClasslessKind<V, O>): ClasslessKind<V, O> {
  return kind;
}

export function classlessType<V extends Numbers, O>(kind: ClasslessKind<V, O>): ShaperType {
  const type: ShaperType = {
    name: kind.name,
    kind: kind.kind,
    queueLimit: 0,
    install(details, device) {
      const values = kind.read(details, device);
      const options = kind.codec.emit(kind.toOptions(values, device));
      addRootQdisc(device.ifindex, qdiscHandle, kind.kind, options);
      return new ClasslessShaper(type, kind, values);
    },
    adopt: ({ options }: TcObject, device) =>
      new ClasslessShaper(type, kind, kind.fromOptions(kind.codec.parse(options), device)),
  };
  return type;
}

class ClasslessShaper<V extends Numbers, O> implements Shaper {
  readonly type: ShaperType;
  readonly queues: ReadonlyMap<number, QosDetails> = new Map();
  readonly #kind: ClasslessKind<V, O>;
  #values: V;

  constructor(type: ShaperType, kind: ClasslessKind<V, O>, values: V) {
    this.type = type;
    this.#kind = kind;
    this.#values = values;
  }

  details(): QosDetails {
    return detailsOf(Object.entries(this.#values));
  }

  /**
   * Differs: the qdisc is made anew where its numbers change; the reference remembers the new ones and leaves the
   * qdisc as it is.
   */
  configure(details: QosDetails, device: ShapedDevice): void {
    const values = this.#kind.read(details, device);
    const isSame = Object.entries(values).every(([key, value]) => isNear(this.#values[key], value));
    if (!isSame) {
      deleteRootQdisc(device.ifindex);
      this.type.install(details, device);
    }
    this.#values = values;
  }

  /** It has none that anybody could ask for. */
  setQueue(): void {}

  deleteQueue(): void {}

  statistics(): ReadonlyMap<number, DeviceQueueStats> {
    return new Map();
  }
}

/** The kernel rounds what it was told to its own units. */
function isNear(known: number | undefined, wanted: number): boolean {
  return known !== undefined && Math.abs(known - wanted) <= 1;
}
