/** Structs of the kernel as tables: fields in memory order, little-endian as all machines we run on. */
import { Malformed } from '../../base/errors.ts';

/** Bytes of a field. */
type Width = 1 | 2 | 4 | 8;
type Fields = Readonly<Record<string, Width>>;

export interface KernelStruct<F extends Fields> {
  /** Bytes. */
  readonly size: number;
  /** Throws Malformed when there are fewer bytes; more are another kernel's. */
  read(view: DataView): { readonly [K in keyof F]: number };
  /** What is not given is zero; a number too large for its field keeps the low bits. */
  emit(values: { readonly [K in keyof F]?: number }): Uint8Array;
}

/** The fields follow each other as the kernel's struct has them: the caller names padding. */
export function kernelStruct<const F extends Fields>(name: string, fields: F): KernelStruct<F> {
  const places: { key: keyof F & string; width: Width; at: number }[] = [];
  let size = 0;
  for (const [key, width] of Object.entries(fields)) {
    places.push({ key, width, at: size });
    size += width;
  }
  return {
    size,
    read(view) {
      if (view.byteLength < size) throw new Malformed(`netlink ${name}`, view.byteLength, 'cut short');
      const values: Record<string, number> = {};
      for (const { key, width, at } of places) values[key] = readNumber(view, at, width);
      return values as { readonly [K in keyof F]: number }; // the loop filled every field
    },
    emit(values) {
      const view = new DataView(new ArrayBuffer(size));
      for (const { key, width, at } of places) writeNumber(view, at, width, values[key] ?? 0);
      return new Uint8Array(view.buffer);
    },
  };
}

function readNumber(view: DataView, at: number, width: Width): number {
  if (width === 1) return view.getUint8(at);
  if (width === 2) return view.getUint16(at, true);
  const low = view.getUint32(at, true);
  return width === 4 ? low : view.getUint32(at + 4, true) * 0x100000000 + low;
}

function writeNumber(view: DataView, at: number, width: Width, value: number): void {
  if (width === 1) view.setUint8(at, value);
  else if (width === 2) view.setUint16(at, value, true);
  else view.setUint32(at, value % 0x100000000, true);
  if (width === 8) view.setUint32(at + 4, Math.floor(value / 0x100000000), true);
}
