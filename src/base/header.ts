/**
 * Packet headers as tables: fields in wire order, offsets computed, big-endian accessors made once.
 * `wire/` declares one table a header; per-packet code uses the accessors and allocates nothing.
 */

/** How one field lies on the wire: its width in bytes and how to read and write it at an absolute offset. */
export interface Field {
  readonly size: number;
  readonly get: (view: DataView, at: number) => number;
  readonly set: (view: DataView, at: number, value: number) => void;
}

export const u8: Field = { size: 1, get: (v, at) => v.getUint8(at), set: (v, at, x) => v.setUint8(at, x) };
export const u16: Field = { size: 2, get: (v, at) => v.getUint16(at), set: (v, at, x) => v.setUint16(at, x) };
export const u24: Field = {
  size: 3,
  get: (v, at) => (v.getUint16(at) << 8) | v.getUint8(at + 2),
  set(v, at, x) {
    v.setUint16(at, x >>> 8);
    v.setUint8(at + 2, x & 0xff);
  },
};
export const u32: Field = { size: 4, get: (v, at) => v.getUint32(at), set: (v, at, x) => v.setUint32(at, x) };

/** `size` bytes that are addressed through `offset`, not read as a number (addresses, padding). */
export function bytes(size: number): Field {
  const refuse = (): never => {
    throw new Error(`a field of ${size} bytes is not a number; use header.offset`);
  };
  return { size, get: refuse, set: refuse };
}

export interface Header<F extends Record<string, Field>> {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Byte offset of each field inside the header. */
  readonly offset: { readonly [K in keyof F]: number };
  /** Reads field K of the header that starts at `at`. The caller has checked the bounds. */
  readonly get: { readonly [K in keyof F]: (view: DataView, at: number) => number };
  readonly set: { readonly [K in keyof F]: (view: DataView, at: number, value: number) => void };
}

/** Declares a header from its fields in wire order. */
export function header<const F extends Record<string, Field>>(name: string, fields: F): Header<F> {
  const offset: Record<string, number> = {};
  const get: Record<string, Field['get']> = {};
  const set: Record<string, Field['set']> = {};
  let size = 0;
  for (const [key, field] of Object.entries(fields)) {
    const at = size;
    offset[key] = at;
    get[key] = (view, start) => field.get(view, start + at);
    set[key] = (view, start, value) => field.set(view, start + at, value);
    size += field.size;
  }
  return { name, size, offset, get, set } as Header<F>; // the loop above filled exactly F's keys
}
