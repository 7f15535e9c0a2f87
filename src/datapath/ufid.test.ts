import { describe, expect, test } from 'vitest';
import { newKey, setSlot } from '../flow/key.ts';
import { packKey } from '../flow/match.ts';
import { ufidAtStart, ufidLength, ufidOf } from './ufid.ts';

function ufidOfPort(port: number): string {
  const key = newKey();
  setSlot(key, 'in_port', port);
  return ufidOf(packKey(key));
}

describe('the ufid of a flow', () => {
  test('is the same for the same key and another for another', () => {
    const ufids = new Set(Array.from({ length: 10_000 }, (_, n) => ufidOfPort(n % 5000)));
    expect(ufids.size).toBe(5000);
  });

  test('has the form of a random UUID', () => {
    for (let n = 0; n < 100; n++)
      expect(ufidOfPort(n)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('is read from the start of a text, in any case', () => {
    const text = '00112233-4455-6677-8899-AABBCCDDEEFF';
    expect(ufidAtStart(`${text}x`)).toBe(text.toLowerCase());
    expect(ufidLength).toBe(text.length);
    expect(ufidAtStart(text.slice(1))).toBeUndefined();
    expect(ufidAtStart('0x112233')).toBeUndefined();
  });
});
