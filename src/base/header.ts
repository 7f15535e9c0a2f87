/**
 * Packet headers as tables: fields in wire order, offsets computed, big-endian accessors made once.
 * `wire/` declares one table a header; per-packet code uses the accessors and allocates nothing.
 */

/** How one field lies on the wire: its width in bytes and the code that reads and writes it. */
export interface HeaderField {
  readonly size: number;
  /** Expression over `view` and `at`; undefined for bytes that are not a number. */
  readonly read: string | undefined;
  /** Statement over `view`, `at` and `value`. */
  readonly write: string | undefined;
}

export const u8: HeaderField = { size: 1, read: 'view.getUint8(at)', write: 'view.setUint8(at, value)' };
export const u16: HeaderField = { size: 2, read: 'view.getUint16(at)', write: 'view.setUint16(at, value)' };
export const u24: HeaderField = {
  size: 3,
  read: '(view.getUint16(at) << 8) | view.getUint8(at + 2)',
  write: 'view.setUint16(at, value >>> 8); view.setUint8(at + 2, value & 0xff)',
};
export const u32: HeaderField = { size: 4, read: 'view.getUint32(at)', write: 'view.setUint32(at, value)' };

/** `size` bytes that are addressed through `offset`, not read as a number (addresses, padding). */
export function bytes(size: number): HeaderField {
  return { size, read: undefined, write: undefined };
}

type Get = (view: DataView, at: number) => number;
type Set = (view: DataView, at: number, value: number) => void;

export interface Header<F extends Record<string, HeaderField>> {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Byte offset of each field inside the header. */
  readonly offset: { readonly [K in keyof F]: number };
  /** Reads field K of the header that starts at `at`. The caller has checked the bounds. */
  readonly get: { readonly [K in keyof F]: Get };
  readonly set: { readonly [K in keyof F]: Set };
}

/** Declares a header from its fields in wire order. */
export function header<const F extends Record<string, HeaderField>>(name: string, fields: F): Header<F> {
  const offset: Record<string, number> = {};
  const get: Record<string, Get> = {};
  const set: Record<string, Set> = {};
  let size = 0;
  for (const [key, field] of Object.entries(fields)) {
    offset[key] = size;
    get[key] = accessor<Get>('view, at', `return ${field.read ?? notANumber(name, key)}`, size);
    set[key] = accessor<Set>('view, at, value', field.write ?? notANumber(name, key), size);
    size += field.size;
  }
  return { name, size, offset, get, set } as Header<F>; // the loop above filled exactly F's keys
}

/** Each accessor is compiled from text of its own, so that the engine specialises and inlines it. */
function accessor<T>(parameters: string, body: string, offset: number): T {
  return new Function(parameters, `at += ${offset}; ${body}`) as T; // the body was made above for T's parameters
}

function notANumber(name: string, key: string): string {
  return `(() => { throw new Error(${JSON.stringify(`${name}.${key} is not a number; use offset.${key}`)}) })()`;
}
