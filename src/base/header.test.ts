import { describe, expect, it } from 'vitest';
import { bytes, header, u8, u16, u24, u32 } from './header.ts';

const sample = header('sample', { kind: u8, size: u24, address: bytes(6), port: u16, tail: u32 });

describe('header', () => {
  it('computes offsets and the size from the widths', () => {
    expect(sample.size).toBe(16);
    expect(sample.offset).toEqual({ kind: 0, size: 1, address: 4, port: 10, tail: 12 });
  });

  it('reads back what it wrote, in network order, at any start', () => {
    const view = new DataView(new ArrayBuffer(32));
    sample.set.size(view, 5, 0x010203);
    sample.set.tail(view, 5, 0xfffefdfc);
    expect(sample.get.size(view, 5)).toBe(0x010203);
    expect(sample.get.tail(view, 5)).toBe(0xfffefdfc);
    expect([...new Uint8Array(view.buffer, 6, 3)]).toEqual([1, 2, 3]);
  });

  it('refuses to read bytes as a number', () => {
    expect(() => sample.get.address(new DataView(new ArrayBuffer(32)), 0)).toThrow('use offset.address');
  });
});
