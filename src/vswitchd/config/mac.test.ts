import { describe, expect, test } from 'vitest';
import { uuid } from '../../base/units.ts';
import { isEligibleMac, macOfUuid, normalizeMac } from './mac.ts';

const row = uuid('e070cb0e-7c29-4f0a-809c-b897d7b06c71');

describe('the address of a bridge', () => {
  test('is made from its uuid when no port has a global one', () => {
    expect(macOfUuid(row)).toBe('0e:cb:70:e0:0a:4f');
  });

  test.each([
    ['00:11:22:33:44:55', true],
    ['00:00:00:00:00:00', false],
    ['01:80:c2:00:00:0e', false],
    ['02:11:22:33:44:55', false],
    ['ff:ff:ff:ff:ff:ff', false],
  ])('%s may stand for a bridge: %s', (mac, isEligible) => {
    expect(isEligibleMac(mac)).toBe(isEligible);
  });

  test('is read in any spelling and never from nonsense', () => {
    expect(normalizeMac('0:1:A:b:C:ff')).toBe('00:01:0a:0b:0c:ff');
    for (const text of ['', '00:11:22:33:44', '00:11:22:33:44:55:66', 'g0:11:22:33:44:55'])
      expect(normalizeMac(text)).toBeUndefined();
  });
});
