import { expect, test } from 'vitest';
import { ms, ofPort } from '../../base/units.ts';
import { type BundleConfig, defaultBundleConfig } from '../config.ts';
import { Bundle, OfprotoPort } from '../port.ts';
import { type Asked, rstpParticipants, stpParticipants } from './participants.ts';
import { defaultTreePort, type TreePortConfig } from './tree-config.ts';

type LinkModes = NonNullable<OfprotoPort['netdev']['state']['linkModes']>;

interface Wanted {
  readonly stp?: Partial<TreePortConfig['stp']>;
  readonly rstp?: Partial<TreePortConfig['rstp']>;
  readonly type?: string;
  readonly speed?: LinkModes['current'];
  readonly memberCount?: number;
}

function bundleOf(name: string, { stp, rstp, type = 'dummy', speed = [], memberCount = 1 }: Wanted): Bundle {
  const members = Array.from({ length: memberCount }, (_, n) => ofPort(n + 1));
  const tree = { stp: { ...defaultTreePort.stp, ...stp }, rstp: { ...defaultTreePort.rstp, ...rstp } };
  const config: BundleConfig = { ...defaultBundleConfig, members, tree };
  const bundle = new Bundle(name, config);
  const linkModes = { current: speed, advertised: [], supported: [] };
  const netdev = { name, type, state: { linkModes } } as unknown as OfprotoPort['netdev']; // what is read of it
  bundle.members = members.map(
    (number) =>
      new OfprotoPort({ number, netdev, dpPort: undefined, patchPeer: undefined, createdAt: ms(0) }),
  );
  return bundle;
}

function asked(ports: Record<string, Wanted>): Asked {
  const bundles = Object.entries(ports).map(([name, wanted]) => bundleOf(name, wanted));
  return { name: 'br0', bundles: () => bundles, isMirrorOutput: ({ name }) => name.startsWith('mirror') };
}

const numbers = (ports: ReadonlyMap<OfprotoPort, { readonly name: string; readonly number: number }>) =>
  Object.fromEntries([...ports.values()].map(({ name, number }) => [name, number]));

test('no bond, no device of the host and no output of mirrors takes part, nor what is not to', () => {
  const { ports, complaints } = stpParticipants(
    asked({
      ...{ p1: {}, bond: { memberCount: 2 }, br0: { type: 'internal' }, mirror: {} },
      off: { stp: { isWanted: false } },
    }),
  );
  expect(numbers(ports)).toEqual({ p1: 1 });
  expect(complaints).toEqual(['port bond: cannot enable STP on bonds, disabling']);
});

test('numbers of STP are given to all, or to none', () => {
  const chosen = stpParticipants(
    asked({ p1: { stp: { number: 7 } }, p2: { stp: { number: 7 } }, p3: { stp: { number: 0 } } }),
  );
  expect(Object.values(numbers(chosen.ports))).toEqual([7]);
  expect(chosen.isUsable).toBe(true);
  expect(chosen.complaints).toHaveLength(2);
  const mixed = stpParticipants(asked({ p1: { stp: { number: 7 } }, p2: {} }));
  expect(mixed.isUsable).toBe(false);
  expect(mixed.complaints).toEqual([
    'bridge br0: must manually configure all STP port IDs or none, disabling',
  ]);
});

test('no more than 255 ports take part in STP', () => {
  const ports = Object.fromEntries(Array.from({ length: 257 }, (_, n) => [`p${n}`, {}]));
  const { ports: chosen, complaints } = stpParticipants(asked(ports));
  expect(chosen.size).toBe(255);
  expect(complaints).toHaveLength(2);
});

test.each([
  [['1000 full'], 4, 20_000],
  [['100 half'], 19, 200_000],
  [['10 full'], 100, 2_000_000],
  [['10000 full'], 2, 2000],
  [['100000 full', 'fiber'], 2, 200],
  [['1000000 full'], 2, 20],
  [['copper'], 2, 2000],
] as [LinkModes['current'], number, number][])(
  'a link of %j has the costs of the standards',
  (speed, stp, rstp) => {
    const costOf = (ports: ReadonlyMap<OfprotoPort, { readonly pathCost: number }>): number[] =>
      [...ports.values()].map(({ pathCost }) => pathCost);
    expect(costOf(stpParticipants(asked({ p: { speed } })).ports)).toEqual([stp]);
    expect(costOf(rstpParticipants(asked({ p: { speed } })).ports)).toEqual([rstp]);
  },
);

test('a number that RSTP has not keeps a port out', () => {
  const { ports, complaints } = rstpParticipants(
    asked({ p1: { rstp: { number: 4096 } }, p2: { rstp: { number: 9 } } }),
  );
  expect(numbers(ports)).toEqual({ p2: 9 });
  expect(complaints).toEqual(['port p1: invalid rstp-port-num']);
});
