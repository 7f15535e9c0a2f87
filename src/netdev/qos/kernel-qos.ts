/**
 * Shaping of a device of the kernel: which qdisc is at its root, and making it another. Knows the device's state only
 * as it is asked for, and reports what the kernel refuses in the log, as the reference does.
 */
import { errnos } from '../../base/errno.ts';
import { Malformed, Refused, SyscallFailed } from '../../base/errors.ts';
import { orderAsHashed } from '../../base/hash-order.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import { deleteRootQdisc, readRootQdisc } from '../../sys/netlink/traffic-control.ts';
import { classfulType } from './classful.ts';
import { classlessType } from './classless.ts';
import { codel, fqCodel, netem, sfq } from './classless-types.ts';
import { hfsc } from './hfsc.ts';
import { htb } from './htb.ts';
import type { DeviceQueueStats, PortQos, QosDetails } from './port-qos.ts';
import { qdiscHandle } from './queue-class.ts';
import type { ShapedDevice, Shaper, ShaperType } from './shaper.ts';

const log = logger('netdev_linux');
const refused = new LimitedSite({ perMinute: 20, burst: 5 });

const shaperTypes: readonly ShaperType[] = [
  classfulType(htb),
  classfulType(hfsc),
  classlessType(codel),
  classlessType(fqCodel),
  classlessType(sfq),
  classlessType(netem),
];
/** Whatever the device has is somebody else's business. */
const noop = 'linux-noop';
/** A qdisc that is none of ours. */
const other = 'linux-other';
const usual = '';
const noDetails: QosDetails = new Map();
const noQueues = new Map<number, never>();

const typeNames = orderAsHashed([...shaperTypes.map(({ name }) => name), noop], (name) => name);

/**
 * What is at the root of a device.
 * Differs: a qdisc of a kind of ours with another handle, or with classes that no switch makes, is replaced; the
 * reference goes on with it, and fails.
 */
type Root = Shaper | typeof usual | typeof other;

export class KernelQos implements PortQos {
  readonly types = typeNames;
  readonly missingQueue = 'ENOENT';
  readonly #name: string;
  readonly #device: () => ShapedDevice;
  /** Undefined: to be asked. */
  #root: Root | undefined;

  /** `device` throws SyscallFailed while there is none. */
  constructor(name: string, device: () => ShapedDevice) {
    this.#name = name;
    this.#device = device;
  }

  current(): { readonly type: string; readonly details: QosDetails } {
    const root = this.#find(this.#device());
    if (typeof root === 'string') return { type: root, details: noDetails };
    return { type: root.type.name, details: root.details() };
  }

  set(type: string, details: QosDetails): void {
    const wanted = shaperTypes.find(({ name }) => name === type);
    if (type === noop) {
      this.#root = usual;
    } else if (wanted === undefined && type !== usual) {
      // Differs: a QoS type that a device has not is told of; the reference says nothing.
      log.warn(`${this.#name}: QoS type "${type}" is not supported: what it sends is not shaped by it`);
    } else {
      this.#try('Failed to install new qdisc', () => this.#make(wanted, details));
    }
  }

  setQueue(queue: number, details: QosDetails): void {
    this.#withShaper(`failed to set queue ${queue}`, (shaper, device) => {
      if (queue < shaper.type.queueLimit) shaper.setQueue(queue, details, device);
      else if (queue !== 0)
        log.warn(
          `${device.name}: there is no queue ${queue}: ${shaper.type.name} has ${shaper.type.queueLimit}`,
        );
    });
  }

  deleteQueue(queue: number): void {
    this.#withShaper(`failed to delete queue ${queue}`, (shaper, device) =>
      shaper.deleteQueue(queue, device),
    );
  }

  queues(): ReadonlyMap<number, QosDetails> {
    const queues = this.#withShaper('failed to list queues', (shaper) => shaper.queues) ?? noQueues;
    return new Map(orderAsHashed([...queues], ([number]) => number));
  }

  statistics(): ReadonlyMap<number, DeviceQueueStats> {
    return (
      this.#withShaper('failed to read queues', (shaper, device) => shaper.statistics(device)) ?? noQueues
    );
  }

  #make(wanted: ShaperType | undefined, details: QosDetails): void {
    const device = this.#device();
    const root = this.#find(device);
    if (wanted === undefined && root === usual) return;
    if (typeof root !== 'string' && root.type === wanted && isConfigured(root, details, device)) return;
    this.#root = undefined;
    deleteRootQdisc(device.ifindex);
    this.#root = wanted === undefined ? usual : install(wanted, details, device);
  }

  #find(device: ShapedDevice): Root {
    this.#root ??= find(device);
    return this.#root;
  }

  /** Undefined where nothing of ours shapes the device, and where the kernel refuses. */
  #withShaper<T>(tried: string, act: (shaper: Shaper, device: ShapedDevice) => T): T | undefined {
    return this.#try(tried, () => {
      const device = this.#device();
      const root = this.#find(device);
      return typeof root === 'string' ? undefined : act(root, device);
    });
  }

  #try<T>(tried: string, act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      const isGone = error instanceof SyscallFailed && error.errno === errnos.ENODEV;
      if (!isGone) log.limited('warn', refused, `${this.#name}: ${tried}: ${reasonOf(error)}`);
      return undefined;
    }
  }
}

/** There is none, or the kernel has no traffic control at all. */
const nothingErrnos: readonly number[] = [errnos.ENOENT, errnos.EOPNOTSUPP];

/** Throws SyscallFailed, Malformed. */
function find(device: ShapedDevice): Root {
  const found = unless(nothingErrnos, () => readRootQdisc(device.ifindex));
  if (found === undefined) return usual;
  const type = shaperTypes.find(({ kind }) => kind === found.kind);
  if (type === undefined || found.handle !== qdiscHandle) return other;
  try {
    return unless([errnos.ENOENT], () => type.adopt(found, device)) ?? other;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return other; // not made by a switch
  }
}

/** Undefined where the kernel refuses for one of these reasons. */
function unless<T>(reasons: readonly number[], ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof SyscallFailed && reasons.includes(error.errno))) throw error;
    return undefined;
  }
}

/** False where it is not there any more: somebody else has taken it away. */
function isConfigured(root: Shaper, details: QosDetails, device: ShapedDevice): boolean {
  const done = unless([errnos.ENOENT, errnos.EINVAL], () => {
    root.configure(details, device);
    return true;
  });
  return done ?? false;
}

/** A kernel without that qdisc says only that something is not there. */
function install(type: ShaperType, details: QosDetails, device: ShapedDevice): Shaper {
  try {
    return type.install(details, device);
  } catch (error) {
    if (!(error instanceof SyscallFailed && error.errno === errnos.ENOENT)) throw error;
    throw new Refused('ENOENT', `${error.reason}: this kernel has no qdisc "${type.kind}"`);
  }
}

/** Throws on what is none of the three: a bug. */
function reasonOf(error: unknown): string {
  if (error instanceof SyscallFailed) return error.reason;
  if (error instanceof Refused || error instanceof Malformed) return error.message;
  throw error;
}
