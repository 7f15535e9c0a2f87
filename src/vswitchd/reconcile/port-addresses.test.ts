import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PortAddresses } from './port-addresses.ts';

test('The lowest addresses are those of a plain search, whatever ports come, go and change their tags', () => {
  const change = fc.record({
    port: fc.constantFrom('p', 'q', 'r'),
    group: fc.constantFrom<'every' | number | undefined>(undefined, 'every', 1, 2),
    mac: fc.option(fc.constantFrom('00:01', '00:02', '00:03', '00:04'), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const addresses = new PortAddresses();
      const plain = new Map<string, (typeof changes)[number]>();
      for (const one of changes) {
        addresses.put(one.port, one.group, one.mac);
        plain.set(one.port, one);
        const lowest = (isMember: (group: unknown) => boolean) =>
          [...plain.values()].flatMap(({ group, mac }) => (isMember(group) && mac) || []).sort()[0];
        expect(addresses.lowest).toBe(lowest(() => true));
        for (const tag of [1, 2, 3])
          expect(addresses.lowestWithTag(tag)).toBe(lowest((group) => group === tag || group === 'every'));
      }
    }),
  );
});
