/**
 * What rtnetlink says of queueing disciplines and their classes in TCA_OPTIONS, both ways: linux/pkt_sched.h. One
 * codec a kind; values in the kernel's own units. Emitters and parsers know no device and no rates of it.
 */
import { Malformed } from '../../base/errors.ts';
import { kernelStruct } from './kernel-struct.ts';
import { attributeU32, MessageWriter, walkAttributes } from './message.ts';

/** Bytes of a netlink attribute's value, both ways. `parse` throws Malformed. */
export interface OptionsCodec<V> {
  emit(values: V): Uint8Array;
  parse(options: DataView): V;
}

/** Options that are numbers in attributes of 32 bits, in that order. */
function numbersCodec<const A extends Readonly<Record<string, number>>>(
  attributes: A,
): OptionsCodec<{ readonly [K in keyof A]: number }> {
  type Values = { readonly [K in keyof A]: number };
  const entries = Object.entries(attributes);
  return {
    emit(values) {
      const writer = new MessageWriter();
      for (const [key, type] of entries) writer.number(type, values[key as keyof A]); // a key of A
      return writer.finish();
    },
    parse(options) {
      const found = attributesOf(options);
      const values = entries.map(([key, type]) => [key, attributeU32(found(type))]);
      return Object.fromEntries(values) as Values; // every key of A
    },
  };
}

/** Options that are one struct. */
function structCodec<const F extends Parameters<typeof kernelStruct>[1]>(
  name: string,
  fields: F,
): OptionsCodec<{ readonly [K in keyof F]?: number }> {
  const { read, emit } = kernelStruct(name, fields);
  return { emit, parse: read };
}

/** target and interval in microseconds, limit in packets. */
export const codelOptions = numbersCodec({ target: 1, limit: 2, interval: 3 });
/** The same; quantum in bytes. */
export const fqCodelOptions = numbersCodec({ target: 1, limit: 2, interval: 3, flows: 5, quantum: 6 });
/** quantum in bytes, perturb in seconds; the rest is chosen by the kernel where it is zero. */
export const sfqOptions = structCodec('sfq', { quantum: 4, perturb: 4, limit: 4, divisor: 4, flows: 4 });
/** latency and jitter in ticks, limit in packets, loss and duplicate as parts of 2^32-1. */
export const netemOptions = structCodec('netem', {
  ...{ latency: 4, limit: 4, loss: 4, gap: 4, duplicate: 4, jitter: 4 },
});

/** defaultClass: minor number of the class of packets that name none. */
export const hfscOptions = structCodec('hfsc', { defaultClass: 2 });

const htbGlobal = kernelStruct('htb', {
  ...{ version: 4, rateToQuantum: 4, defaultClass: 4, debug: 4, directPackets: 4 },
});
const htbInit = 2;
const htbVersion = 3;

export const htbOptions: OptionsCodec<{ readonly rateToQuantum: number; readonly defaultClass: number }> = {
  emit: (values) =>
    new MessageWriter().attribute(htbInit, htbGlobal.emit({ ...values, version: htbVersion })).finish(),
  parse(options) {
    const { rateToQuantum, defaultClass } = htbGlobal.read(attributesOf(options)(htbInit));
    return { rateToQuantum, defaultClass };
  },
};

const htbParameters = kernelStruct('htb class', {
  ...{ rateCellLog: 1, rateLinkLayer: 1, rateOverhead: 2, rateCellAlign: 2, rateMinSize: 2, rate: 4 },
  ...{ ceilCellLog: 1, ceilLinkLayer: 1, ceilOverhead: 2, ceilCellAlign: 2, ceilMinSize: 2, ceil: 4 },
  ...{ buffer: 4, ceilBuffer: 4, quantum: 4, level: 4, priority: 4 },
});
const htbAttribute = { parameters: 1, ceilTable: 3, rateTable: 4, rate64: 6, ceil64: 7 } as const;
const rate64 = kernelStruct('rate', { rate: 8 });
const largestRate32 = 0xffffffff;

/** An HTB class. */
export interface HtbClass {
  /** Bytes a second. */
  readonly rate: number;
  readonly ceil: number;
  /** How long the token buckets last at these rates; ticks. */
  readonly buffer: number;
  readonly ceilBuffer: number;
  /** Bytes; 0: as the qdisc says. */
  readonly quantum: number;
  readonly priority: number;
}

/** How packets are measured, and how long they take: old kernels look it up in tables. */
export interface RateTables {
  readonly cellLog: number;
  /** Bytes that a packet counts at least. */
  readonly minSize: number;
  /** 256 times in ticks, of packets of (n + 1) << cellLog bytes, at so many bytes a second. */
  ticksAt(rate: number): readonly number[];
}

export function emitHtbClass(one: HtbClass, tables: RateTables): Uint8Array {
  const { cellLog, minSize, ticksAt } = tables;
  const parameters = htbParameters.emit({
    ...{ rateCellLog: cellLog, rateMinSize: minSize, ceilCellLog: cellLog, ceilMinSize: minSize },
    ...one,
    rate: Math.min(one.rate, largestRate32),
    ceil: Math.min(one.ceil, largestRate32),
  });
  const writer = new MessageWriter().attribute(htbAttribute.parameters, parameters);
  for (const [type, rate] of [
    [htbAttribute.rateTable, one.rate],
    [htbAttribute.ceilTable, one.ceil],
  ] as const)
    writer.attribute(type, new Uint8Array(Uint32Array.from(ticksAt(rate)).buffer));
  if (one.rate > largestRate32) writer.attribute(htbAttribute.rate64, rate64.emit({ rate: one.rate }));
  if (one.ceil > largestRate32) writer.attribute(htbAttribute.ceil64, rate64.emit({ rate: one.ceil }));
  return writer.finish();
}

/** Throws Malformed. */
export function parseHtbClass(options: DataView): HtbClass {
  const attributes = attributesOf(options);
  const { rate, ceil, buffer, ceilBuffer, quantum, priority } = htbParameters.read(
    attributes(htbAttribute.parameters),
  );
  const large = (type: number, small: number): number => {
    const value = attributes(type, true);
    return value === undefined ? small : rate64.read(value).rate;
  };
  return {
    rate: large(htbAttribute.rate64, rate),
    ceil: large(htbAttribute.ceil64, ceil),
    ...{ buffer, ceilBuffer, quantum, priority },
  };
}

/** A service curve: so many bytes a second for so many microseconds, then so many. */
const serviceCurve = kernelStruct('hfsc curve', { firstRate: 4, firstTime: 4, rate: 4 });
const hfscAttribute = { realTime: 1, fair: 2, upperLimit: 3 } as const;

/** An HFSC class whose curves are lines; bytes a second. */
export interface HfscClass {
  readonly minRate: number;
  readonly maxRate: number;
}

export const hfscClassOptions: OptionsCodec<HfscClass> = {
  emit({ minRate, maxRate }) {
    const [min, max] = [minRate, maxRate].map((rate) => serviceCurve.emit({ rate }));
    return new MessageWriter()
      .attribute(hfscAttribute.realTime, min ?? [])
      .attribute(hfscAttribute.fair, min ?? [])
      .attribute(hfscAttribute.upperLimit, max ?? [])
      .finish();
  },
  parse(options) {
    const attributes = attributesOf(options);
    const curve = (type: number) => serviceCurve.read(attributes(type));
    const [realTime, fair, limit] = [
      hfscAttribute.realTime,
      hfscAttribute.fair,
      hfscAttribute.upperLimit,
    ].map(curve);
    const isLine = [realTime, fair, limit].every((c) => c?.firstRate === 0 && c.firstTime === 0);
    if (!isLine || fair === undefined || limit === undefined || realTime?.rate !== fair.rate)
      throw new Malformed('hfsc class', 0, 'curves that are no lines of ours');
    return { minRate: fair.rate, maxRate: limit.rate };
  },
};

interface Attributes {
  /** Throws Malformed without it. */
  (type: number): DataView;
  (type: number, isOptional: true): DataView | undefined;
}

function attributesOf(options: DataView): Attributes {
  const found = new Map<number, DataView>();
  walkAttributes(options, 0, (type, value) => void found.set(type, value));
  const get = (type: number, isOptional?: true): DataView | undefined => {
    const value = found.get(type);
    if (value === undefined && isOptional !== true)
      throw new Malformed('netlink options', 0, `attribute ${type} is missing`);
    return value;
  };
  return get as Attributes; // undefined only where it is optional
}
