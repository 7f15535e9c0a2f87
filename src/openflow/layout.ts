/** Structures of fixed size: the parts of a message body, one after the other, as one value. */
import { recordFrom } from '../base/literals.ts';
import type { Reader, Writer } from './bytes.ts';
import { OpenFlowError } from './errors.ts';
import { port32, receivedPort } from './ports.ts';

/** Some bytes that hold one value. */
export interface Part<T> {
  readonly size: number;
  read(from: Reader): T;
  write(to: Writer, value: T): void;
}

export const u8: Part<number> = {
  size: 1,
  read: (from) => from.u8(),
  write: (to, value) => to.u8(value),
};

export const u16: Part<number> = {
  size: 2,
  read: (from) => from.u16(),
  write: (to, value) => to.u16(value),
};

export const u32: Part<number> = {
  size: 4,
  read: (from) => from.u32(),
  write: (to, value) => to.u32(value),
};

export const u64: Part<bigint> = {
  size: 8,
  read: (from) => from.u64(),
  write: (to, value) => to.u64(value),
};

const unknownCount = 0xffffffffffffffffn;

/** A count; undefined, which is all ones on the wire, where the switch does not know it. */
export const counter: Part<bigint | undefined> = {
  size: 8,
  read(from) {
    const value = from.u64();
    return value === unknownCount ? undefined : value;
  },
  write: (to, value) => to.u64(value ?? unknownCount),
};

/** Counts by their names; undefined where the switch does not know them. */
export type Counts<N extends string> = { readonly [K in N]: bigint | undefined };

export function counters<N extends string>(
  names: readonly N[],
): Readonly<Record<N, Part<bigint | undefined>>> {
  return recordFrom(names, () => counter);
}

/** A port as OpenFlow 1.0 and extensions have it. */
export const shortPort: Part<number> = { ...u16 };

/** A port as OpenFlow 1.1 and later have it. */
export const longPort: Part<number> = {
  size: 4,
  read: (from) => readLongPort(from),
  write: (to, value) => to.u32(port32(value)),
};

/** Throws OpenFlowError for a port that has no short form. */
export function readLongPort(from: Reader): number {
  const port = from.u32();
  const short = receivedPort(port);
  if (short === undefined) throw new OpenFlowError('OFPBAC_BAD_OUT_PORT', `port ${port}`);
  return short;
}

/** The address of an Ethernet device. */
export const mac: Part<Uint8Array> = octets(6);

function octets(size: number): Part<Uint8Array> {
  return { size, read: (from) => from.octets(size), write: (to, value) => to.octets(value) };
}

/** Text that a zero byte ends, within so many bytes. */
export function text(size: number): Part<string> {
  return {
    size,
    read(from) {
      const value = from.text(size - 1);
      from.skip(1);
      return value;
    },
    write: (to, value) => to.text(value, size),
  };
}

/** Bytes without meaning: zeros, no value. */
export function pad(size: number): Part<undefined> {
  return { size, read: (from) => void from.skip(size), write: (to) => void to.room(size) };
}

export interface Duration {
  readonly seconds: number;
  readonly nanoseconds: number;
}

const unknownTime = 0xffffffff;

/** How long something has existed; undefined where the switch does not know. */
export const duration: Part<Duration | undefined> = {
  size: 8,
  read(from) {
    const seconds = from.u32();
    const nanoseconds = from.u32();
    return seconds === unknownTime ? undefined : { seconds, nanoseconds };
  },
  write(to, value) {
    to.u32(value?.seconds ?? unknownTime);
    to.u32(value?.nanoseconds ?? unknownTime);
  },
};

type ValueOf<P> = P extends Part<infer T> ? T : never;
type Named<P> = { [K in keyof P]: [ValueOf<P[K]>] extends [undefined] ? never : K }[keyof P];
/** What a structure of those parts holds: a property for each that has a value. */
export type Structure<P> = { readonly [K in Named<P>]: ValueOf<P[K]> };

export function struct<P extends Readonly<Record<string, Part<unknown>>>>(parts: P): Part<Structure<P>> {
  const all = Object.entries<Part<unknown>>(parts);
  return {
    size: all.reduce((size, [, part]) => size + part.size, 0),
    read(from) {
      const value: Record<string, unknown> = {};
      for (const [name, part] of all) {
        const read = part.read(from);
        if (!name.startsWith('pad')) value[name] = read;
      }
      return value as Structure<P>; // every part was read
    },
    write(to, value) {
      const values = value as Readonly<Record<string, unknown>>;
      for (const [name, part] of all) part.write(to, values[name]);
    },
  };
}
