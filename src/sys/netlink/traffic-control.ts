/**
 * rtnetlink(7) for traffic control: the queueing discipline at the root of a device, its classes and what they counted.
 * linux/rtnetlink.h, linux/gen_stats.h. Used by `netdev/qos`.
 */
import { errnos } from '../../base/errno.ts';
import { SyscallFailed } from '../../base/errors.ts';
import { kernelStruct } from './kernel-struct.ts';
import { requests } from './link.ts';
import { attributeText, flag, MessageWriter, type NetlinkMessage, walkAttributes } from './message.ts';

const messageType = {
  newQdisc: 36,
  delQdisc: 37,
  getQdisc: 38,
  newClass: 40,
  delClass: 41,
  getClass: 42,
} as const;
const attribute = { kind: 1, options: 2, statistics: 7 } as const;
const statisticsAttribute = { basic: 1, queue: 3 } as const;

const header = kernelStruct('tc', {
  ...{ family: 1, pad1: 1, pad2: 2, ifindex: 4, handle: 4, parent: 4, info: 4 },
});
const basicStatistics = kernelStruct('tc statistics', { bytes: 8, packets: 4 });
const queueStatistics = kernelStruct('tc queue', {
  length: 4,
  backlog: 4,
  drops: 4,
  requeues: 4,
  overlimits: 4,
});

/** Parent of a qdisc that is the device's own. */
const root = 0xffffffff;

interface ClassStatistics {
  readonly bytes: number;
  readonly packets: number;
  readonly drops: number;
}

/** A qdisc or a class as the kernel tells it; views are valid as long as the message. */
export interface TcObject {
  readonly ifindex: number;
  readonly handle: number;
  /** "htb" */
  readonly kind: string;
  readonly options: DataView;
  /** Undefined where it counts nothing. */
  readonly statistics: ClassStatistics | undefined;
}

const noOptions: DataView = new DataView(new ArrayBuffer(0));

/** Throws Malformed. */
export function parseTcObject({ payload }: NetlinkMessage): TcObject {
  const { ifindex, handle } = header.read(payload);
  let kind = '';
  let options: DataView = noOptions;
  let statistics: ClassStatistics | undefined;
  walkAttributes(payload, header.size, (type, value) => {
    if (type === attribute.kind) kind = attributeText(value);
    else if (type === attribute.options) options = value;
    else if (type === attribute.statistics) statistics = parseStatistics(value);
  });
  return { ifindex, handle, kind, options, statistics };
}

function parseStatistics(value: DataView): ClassStatistics | undefined {
  let basic: DataView | undefined;
  let queue: DataView | undefined;
  walkAttributes(value, 0, (type, inner) => {
    if (type === statisticsAttribute.basic) basic = inner;
    else if (type === statisticsAttribute.queue) queue = inner;
  });
  if (basic === undefined || queue === undefined) return undefined;
  const { bytes, packets } = basicStatistics.read(basic);
  return { bytes, packets, drops: queueStatistics.read(queue).drops };
}

/** What a request is about. */
interface TcAddress {
  readonly ifindex: number;
  readonly handle?: number;
  readonly parent?: number;
}

/** Payload of a request about a qdisc or class, with what it is to be where there is something to make. */
export function emitTcRequest(about: TcAddress, made?: { kind: string; options: Uint8Array }): Uint8Array {
  const writer = new MessageWriter().bytes(header.emit(about));
  if (made !== undefined) writer.text(attribute.kind, made.kind).attribute(attribute.options, made.options);
  return writer.finish();
}

/** The qdisc of a device; undefined for one that the kernel does not show. Throws SyscallFailed, Malformed. */
export function readRootQdisc(ifindex: number): TcObject | undefined {
  const found = ask(messageType.getQdisc, { ifindex, parent: root }, 'cannot query the qdisc of a device');
  return found[0];
}

/** Throws SyscallFailed: ENOENT where the kernel has no qdisc of that kind. */
export function addRootQdisc(ifindex: number, handle: number, kind: string, options: Uint8Array): void {
  const payload = emitTcRequest({ ifindex, handle, parent: root }, { kind, options });
  const flags = flag.exclusive | flag.create;
  requests().request(messageType.newQdisc, flags, payload, `cannot add a qdisc ${kind}`);
}

/** To the one that the kernel gives every device. Throws SyscallFailed. */
export function deleteRootQdisc(ifindex: number): void {
  const payload = emitTcRequest({ ifindex, parent: root });
  try {
    requests().request(messageType.delQdisc, 0, payload, 'cannot delete the qdisc of a device');
  } catch (error) {
    if (!(error instanceof SyscallFailed && isNothingThere(error.errno))) throw error;
  }
}

/** The kernel's own is not deleted. */
function isNothingThere(errno: number): boolean {
  return errno === errnos.EINVAL || errno === errnos.ENOENT;
}

export interface TcClass {
  readonly ifindex: number;
  readonly handle: number;
  readonly parent: number;
  readonly kind: string;
  readonly options: Uint8Array;
}

/** Makes a class, or makes it another. Throws SyscallFailed. */
export function setClass({ kind, options, ...about }: TcClass): void {
  const payload = emitTcRequest(about, { kind, options });
  requests().request(messageType.newClass, flag.create, payload, 'cannot set a class');
}

/** Throws SyscallFailed. */
export function deleteClass(ifindex: number, handle: number): void {
  const payload = emitTcRequest({ ifindex, handle });
  requests().request(messageType.delClass, 0, payload, 'cannot delete a class');
}

/** Throws SyscallFailed (ENOENT without it), Malformed. */
export function readClass(ifindex: number, handle: number): TcObject | undefined {
  return ask(messageType.getClass, { ifindex, handle }, 'cannot query a class')[0];
}

/** Every class of a device. Throws SyscallFailed, Malformed. */
export function readClasses(ifindex: number): TcObject[] {
  return ask(messageType.getClass, { ifindex }, 'cannot list classes', flag.dump);
}

function ask(type: number, about: TcAddress, tried: string, flags: number = flag.echo): TcObject[] {
  const found: TcObject[] = [];
  requests().request(type, flags, emitTcRequest(about), tried, (message) => {
    const copy = new DataView(new Uint8Array(bytesOf(message.payload)).buffer);
    found.push(parseTcObject({ ...message, payload: copy }));
  });
  return found;
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
