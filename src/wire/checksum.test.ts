import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldSum, internetChecksum, sumWords, updateChecksum } from './checksum.ts';

/** RFC 1071 to the letter: add 16-bit words with end-around carry. */
function plainSum(bytes: Uint8Array): number {
  let sum = 0;
  for (let n = 0; n < bytes.length; n += 2) {
    sum += ((bytes[n] ?? 0) << 8) | (bytes[n + 1] ?? 0);
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return sum;
}

describe('internet checksum', () => {
  it('is that of RFC 1071 for any bytes at any offset', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(3), (bytes, at) => {
        const memory = new Uint8Array(bytes.length + 8).fill(0xaa);
        memory.set(bytes, at);
        const view = new DataView(memory.buffer);
        expect(foldSum(sumWords(view, at, bytes.length)) % 0xffff).toBe(plainSum(bytes) % 0xffff);
      }),
    );
  });

  it('updates like computing anew', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        fc.nat(9),
        fc.nat(0xffff),
        (bytes, word, to) => {
          const view = new DataView(bytes.slice().buffer);
          view.setUint16(0, 0x4500); // not all zero, as no header is
          const old = internetChecksum(view, 0, 20);
          const at = word === 0 ? 2 : word * 2;
          const from = view.getUint16(at);
          view.setUint16(at, to);
          expect(updateChecksum(old, from, to)).toBe(internetChecksum(view, 0, 20));
        },
      ),
    );
  });

  it('knows the header of RFC 1071 practice', () => {
    const header = Buffer.from('45000073000040004011 0000 c0a80001c0a800c7'.replaceAll(' ', ''), 'hex');
    expect(internetChecksum(new DataView(Uint8Array.from(header).buffer), 0, 20)).toBe(0xb861);
  });
});
