import { expect, test } from 'vitest';
import { engineFeatures } from '../datapath/userspace/lower.ts';
import { Abilities } from './abilities.ts';

const abilities = (): Abilities =>
  new Abilities({ ...engineFeatures, keepsForwarding: false, keepsLostPorts: false });

test('Abilities are those of the datapath until one is taken away', () => {
  const some = abilities();
  expect(some.has('clone')).toBe(true);
  some.set('clone', 'False');
  expect([some.has('clone'), some.ofDatapath('clone')]).toEqual([false, true]);
  some.set('clone', 'true');
  expect(some.has('clone')).toBe(true);
});

test('More than the datapath can is refused, and so is what is no value', () => {
  const some = abilities();
  const most = some.limit('sample_nesting');
  expect(() => some.set('sample_nesting', String(most + 1))).toThrow('beyond the datapath capability');
  expect(() => some.set('ct_eventmask', 'true')).toThrow('not supported by the datapth');
  expect(() => some.set('clone', '1')).toThrow('Boolean value expected');
  for (const text of ['', 'x', '1.5', '99999999999'])
    expect(() => some.set('sample_nesting', text)).toThrow('Integer number expected');
  expect(some.limit('sample_nesting')).toBe(most);
});
