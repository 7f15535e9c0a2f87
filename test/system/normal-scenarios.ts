/** What a bridge is made of, and the frames that it gets, for normal.test.ts. */
import type { Random } from '../../src/base/random.ts';
import { frameWith, gratuitousArp, readTags } from '../sim/frames.ts';

/** Ports by name, with their columns as ovs-vsctl sets them. */
type Ports = Readonly<Record<string, string>>;
/** A frame in hexadecimal that comes in by a port. */
type Arrival = readonly [port: string, frame: string];

export interface Scenario {
  readonly name: string;
  readonly ports: Ports;
  /** Of the bridge. */
  readonly bridge?: string;
  /** Ports of a second bridge, and the columns of the patch ports that join the two. */
  readonly second?: { readonly ports: Ports; readonly near: string; readonly far: string };
  /** Of the Open_vSwitch row. */
  readonly global?: string;
  readonly arrivals: readonly Arrival[];
  /** Later frames go by flows of earlier ones that have changed since. */
  readonly hasMoves?: boolean;
  /** The reference misreads its own flows of such frames, and learns from that. */
  readonly hasCutTags?: boolean;
}

const vlanPorts: Ports = {
  a: 'tag=10',
  a2: 'tag=10',
  b: 'tag=20',
  t: '',
  t10: 'trunks=10',
  t0: 'trunks=0,7',
  nt: 'vlan_mode=native-tagged tag=10',
  nu: 'vlan_mode=native-untagged tag=10',
  nt0: 'vlan_mode=native-tagged tag=0',
  q: 'vlan_mode=dot1q-tunnel tag=10',
  qc: 'vlan_mode=dot1q-tunnel tag=20 cvlans=7,10',
  q8: 'vlan_mode=dot1q-tunnel tag=10 other_config:qinq-ethtype=802.1q',
  pn: 'tag=10 other_config:priority-tags=if-nonzero',
  py: 'tag=10 other_config:priority-tags=true',
  pa: 'tag=10 other_config:priority-tags=always',
  x: 'tag=10 protected=true',
  x2: 'tag=10 protected=true',
  xt: 'protected=true',
};
const plainPorts: Ports = { p1: '', p2: '', p3: '' };

const tagStacks = [
  ...['-', '0p0', '0p5', '10p3', '20p0', '7p0', '4095p1', 'S10p0', 'S0p3', 'S7p1'],
  ...['10p0+20p1', '20p0+10p0', '0p0+10p1', '0p5+7p0', 'S10p2+7p1', 'S20p0+10p0', 'S0p0+S10p0', '10p1+0p0'],
  ...['10p0+0p3', '10p0+10p0+10p0', 'S20p0+7p0+7p0'],
];

const hosts = { a: '020000000001', b: '020000000002', c: '020000000003' } as const;
const broadcast = 'ffffffffffff';

/** The n-th of many hosts. */
const made = (n: number): string => `0211${n.toString(16).padStart(8, '0')}`;

function hex(frame: Uint8Array): string {
  return Buffer.from(frame).toString('hex');
}

const plain = (src: string, dst: string): string => hex(frameWith({ src, dst }));

/** Every stack of tags by every port, each from a host of its own. */
function everyTag(dst: string): Arrival[] {
  const all = Object.keys(vlanPorts).flatMap((port) =>
    tagStacks.map((tags) => ({ port, tags: readTags(tags) })),
  );
  return all.map(({ port, tags }, n) => [port, hex(frameWith({ dst, src: made(n), tags }))]);
}

/** Addresses around and among those that bridges keep to themselves. */
const special = [
  ...Array.from({ length: 0x12 }, (_, n) => `0180c20000${n.toString(16).padStart(2, '0')}`),
  ...['0180c2000020', '0180c2000021', '0180c200002f', '0180c2000100', '01000ccccccc', '01000ccccccd'],
  ...['01000ccdcdcd', '01000c000000', '00e02b000000', '00e02b000004', '00e02b000006', '01005e000001'],
  ...['333300000001', '00000ccccccc', '01004096ffff', '010cccccccc0', '000000000000'],
];

const specialFrames: Arrival[] = [
  ...special.map((dst, n): Arrival => ['p1', plain(made(n), dst)]),
  ...special.map((src): Arrival => ['p2', plain(src, broadcast)]),
  ...special.map((dst, n): Arrival => ['p3', plain(made(1000 + n), dst)]), // to where a source was, if that taught
];

function arp(operation: number, who: string, forAddress: string): string {
  const payload = `0806000108000604${operation.toString(16).padStart(4, '0')}${who}0a000001${hosts.b}${forAddress}`;
  return hex(frameWith({ src: who, dst: broadcast, payload }));
}

const moves: Arrival[] = [
  ['p1', plain(hosts.a, broadcast)],
  ['p2', plain(hosts.b, hosts.a)],
  ['p1', plain(hosts.a, hosts.b)],
  ['p1', plain(hosts.b, hosts.a)], // to where it came from, from a host that moved
  ['p2', plain(hosts.a, hosts.b)],
  ['p3', plain(hosts.c, hosts.a)],
  ['p3', hex(gratuitousArp(hosts.a))],
  ['p2', plain(hosts.b, hosts.a)],
  ['p1', arp(2, hosts.a, '0a000001')],
  ['p2', plain(hosts.b, hosts.a)],
  ['p2', arp(1, hosts.a, '0a000002')],
  ['p3', plain(hosts.c, hosts.a)],
  ['p3', plain(hosts.c, hosts.c)],
];

/** A payload that makes the frame so long. */
const sized = (size: number, tags: string): string =>
  hex(frameWith({ tags: readTags(tags), payload: '88b5'.padEnd(2 * (size - 12), '5a') }));

const sizes: Arrival[] = ['-', '7p1', 'S7p1', '7p1+7p1'].flatMap((tags) =>
  [14, 15, 18, 60, 1513, 1514, 1515, 1518, 1519, 1522, 1523, 9000].map(
    (size): Arrival => ['t', sized(size, tags)],
  ),
);

const cut: Arrival[] = [
  '8100',
  '81000',
  '8100000a',
  '8100000a08',
  '88a8',
  '88a80000',
  '8100000a8100',
].flatMap((rest) =>
  Object.keys(vlanPorts).map(
    (port, n): Arrival => [port, broadcast + made(n) + rest.slice(0, rest.length & ~1)],
  ),
);

export const scenarios: readonly Scenario[] = [
  ...[1, 2, 0].map((limit) => ({
    name: `every kind of tag by every kind of port, vlan-limit ${limit}`,
    ports: vlanPorts,
    global: `other_config:vlan-limit=${limit}`,
    arrivals: everyTag(broadcast),
  })),
  {
    name: 'every kind of tag where some VLANs are flooded',
    ports: vlanPorts,
    bridge: 'flood_vlans=7,10',
    arrivals: [...everyTag(broadcast), ...everyTag(made(3)), ...everyTag(made(100))],
  },
  { name: 'every kind of tag to a host that is known', ports: vlanPorts, arrivals: everyTag(made(3)) },
  { name: 'special addresses', ports: plainPorts, arrivals: specialFrames },
  {
    name: 'special addresses with forward-bpdu',
    ports: plainPorts,
    bridge: 'other_config:forward-bpdu=true',
    arrivals: specialFrames,
  },
  { name: 'hosts that move', ports: plainPorts, arrivals: moves, hasMoves: true },
  {
    name: 'hosts that move in a flooded VLAN',
    ports: plainPorts,
    bridge: 'flood_vlans=0',
    arrivals: moves,
    hasMoves: true,
  },
  ...[
    { near: 'tag=10', far: 'tag=20' },
    { near: 'vlan_mode=dot1q-tunnel tag=10', far: '' },
  ].map(({ near, far }) => ({
    name: `every kind of tag through a patch port with "${near}" to one with "${far}"`,
    ports: vlanPorts,
    second: { near, far, ports: { ra: 'tag=10', rb: 'tag=20', rt: '', rq: 'vlan_mode=dot1q-tunnel tag=7' } },
    global: 'other_config:vlan-limit=2',
    arrivals: everyTag(broadcast),
  })),
  { name: 'frames of every length', ports: vlanPorts, arrivals: sizes },
  { name: 'tags that are cut short', ports: vlanPorts, arrivals: cut, hasCutTags: true },
];

const tpids = ['', 'S'] as const;
const vlans = [0, 7, 10, 20, 4095] as const;
const modes = ['access', 'trunk', 'native-tagged', 'native-untagged', 'dot1q-tunnel'] as const;
const priorityTags = ['no', 'never', 'false', 'true', 'if-nonzero', 'always'] as const;

/** Ports of any kind on one bridge, or on two joined by patch ports, and frames with any tags between their hosts. */
export function randomScenario(name: string, random: Random): Scenario {
  const below = (limit: number): number => random.u32() % limit;
  const pick = <T>(from: readonly [T, ...T[]]): T => from[below(from.length)] ?? from[0];
  const maybe = (text: string): string => (below(2) === 0 ? text : '');
  const someVlans = (): string => vlans.filter(() => below(2) === 0).join(',') || '7';
  const columns = (): string =>
    [
      maybe(`vlan_mode=${pick(modes)}`),
      maybe(`tag=${pick(vlans)}`),
      maybe(`trunks=${someVlans()}`),
      maybe(`cvlans=${someVlans()}`),
      maybe(`other_config:qinq-ethtype=${pick(['802.1q', '802.1ad'])}`),
      maybe(`other_config:priority-tags=${pick(priorityTags)}`),
      below(5) === 0 ? 'protected=true' : '',
    ].join(' ');
  const someTags = (): string =>
    Array.from({ length: pick([0, 1, 1, 2, 3]) }, () => `${pick(tpids)}${pick(vlans)}p${pick([0, 3])}`).join(
      '+',
    ) || '-';
  const ports = Object.fromEntries(['p1', 'p2', 'p3', 'p4', 'p5', 'p6'].map((port) => [port, columns()]));
  const farPorts: Ports = { r1: columns(), r2: columns(), r3: '' };
  const isJoined = below(2) === 0;
  const entries = Object.keys(isJoined ? { ...ports, ...farPorts } : ports);
  const arrivals = Array.from({ length: 150 }, (_, n): Arrival => {
    const dst = n > 20 && below(2) === 0 ? made(below(n)) : pick([broadcast, '01005e000001', made(5000)]);
    const frame = frameWith({ dst, src: made(n), tags: readTags(someTags()) });
    return [entries[below(entries.length)] ?? 'p1', hex(frame)];
  });
  return {
    name,
    ports,
    ...(isJoined && { second: { near: columns(), far: columns(), ports: farPorts } }),
    bridge: maybe(`flood_vlans=${someVlans()}`),
    global: `other_config:vlan-limit=${below(3)}`,
    arrivals,
  };
}
