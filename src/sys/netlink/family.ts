/** Families of addresses in messages about routes and addresses: rtnetlink(7). */
import { Malformed } from '../../base/errors.ts';
import { MessageWriter } from './message.ts';

/** Bytes of an address, by family. */
export const familySize: ReadonlyMap<number, number> = new Map([
  [2, 4], // AF_INET
  [10, 16], // AF_INET6
]);

/** A header that asks for all families; the kernel takes one of any kind. */
export function anyFamily(): Uint8Array {
  return new MessageWriter().u32(0).u32(0).u32(0).finish();
}

/** An attribute's address. Throws Malformed. */
export function addressIn(value: DataView, size: number): Uint8Array<ArrayBuffer> {
  if (value.byteLength !== size)
    throw new Malformed('netlink message', value.byteOffset, `an address of ${value.byteLength} bytes`);
  return Uint8Array.from({ length: size }, (_, n) => value.getUint8(n));
}
