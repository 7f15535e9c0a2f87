import { afterEach, describe, expect, test } from 'vitest';
import { logRegistry } from '../../base/log.ts';
import { uuid } from '../../base/units.ts';
import { type MirrorConfig, MirrorSet } from './mirror-set.ts';

afterEach(() => logRegistry.setSink('file', undefined));

const idOf = (n: number) => uuid(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);

function config(n: number, output: MirrorConfig['output'] = { port: 'out' }): MirrorConfig {
  return {
    id: idOf(n),
    name: `m${n}`,
    sources: 'all',
    destinations: new Set(),
    vlans: [],
    output,
    snapLength: 0,
  };
}

describe('the mirrors of a switch', () => {
  test('keep their bits and counts while others come and go', () => {
    const mirrors = new MirrorSet();
    expect(mirrors.configure([config(1), config(2)])).toBe(true);
    mirrors.all[1]?.credit(3, 180);
    expect(mirrors.configure([config(2), config(3)])).toBe(true);
    expect(mirrors.configure([config(2), config(3)])).toBe(false);
    const told = mirrors.all.map(({ bit, config: { name }, packetCount }) => [bit, name, packetCount]);
    expect(told).toEqual([
      [1, 'm3', 0],
      [2, 'm2', 3],
    ]);
  });

  test('know of each other who sends to the same place, and which ports are theirs', () => {
    const mirrors = new MirrorSet();
    mirrors.configure([
      config(1),
      config(2, { vlan: 7 }),
      config(3),
      config(4, { vlan: 8 }),
      config(5, { vlan: 7 }),
    ]);
    expect(mirrors.all.map(({ duplicates }) => duplicates)).toEqual([5, 18, 5, 8, 18]);
    expect(['out', 'other'].map((name) => mirrors.isOutput({ name }))).toEqual([true, false]);
    mirrors.configure([]);
    expect([mirrors.isEmpty, mirrors.isOutput({ name: 'out' })]).toEqual([true, false]);
  });

  test('are 32 at most', () => {
    const said: string[] = [];
    logRegistry.setSink('file', { write: ({ text }) => void said.push(text) });
    const mirrors = new MirrorSet();
    mirrors.configure(Array.from({ length: 33 }, (_, n) => config(n)));
    expect(mirrors.all.length).toBe(32);
    expect(new Set(mirrors.all.map(({ bit }) => bit)).size).toBe(32);
    expect(said).toEqual(['maximum of 32 port mirrors reached, cannot create m32']);
  });
});
