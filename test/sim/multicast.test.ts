/**
 * An hour of multicast in a row of three snooping bridges, for several seeds: a router asks, hosts join, answer, leave
 * and fall silent, and send. A group goes to the router and to those who have joined, and never to anybody else.
 */
import { expect, test } from 'vitest';
import { readIpv4 } from '../../src/base/addresses.ts';
import { seededRandom } from '../../src/base/random.ts';
import { defaultBundleConfig, type OfprotoConfig } from '../../src/ofproto/config.ts';
import type { Ofproto } from '../../src/ofproto/ofproto.ts';
import { emitIgmp, type IgmpMessage } from '../../src/wire/igmp.ts';
import { ipProtocol } from '../../src/wire/ip.ts';
import { frameWith } from './frames.ts';
import { VirtualSwitch } from './virtual-switch.ts';

const config: Partial<OfprotoConfig> = {
  multicast: { agingTime: 300, maxSize: 2048, floodsUnregistered: false },
};
const bridges = ['a', 'b', 'c'];
const router = 'a0';
const hosts = ['a1', 'a2', 'b1', 'b2', 'c1', 'c2'];
const groups = ['239.1.1.1', '239.1.1.2', '239.1.1.3'];
const allHosts = '224.0.0.1';
const allRouters = '224.0.0.2';
const reportsOf3 = '224.0.0.22';
/** Seconds between two queries. */
const queryInterval = 60;

async function makeRow(): Promise<VirtualSwitch> {
  const sw = new VirtualSwitch();
  const made = bridges.map((name) => sw.addBridge(name, config));
  for (const bridge of made)
    for (const port of [router, ...hosts]) if (port.startsWith(bridge.name)) await sw.addPort(bridge, port);
  for (const [n, bridge] of made.entries()) {
    const next = made[n + 1];
    if (next === undefined) continue;
    await joinBridges(sw, bridge, next);
  }
  return sw;
}

/** There are many hosts behind ports between switches, so they are told so. */
async function joinBridges(sw: VirtualSwitch, one: Ofproto, other: Ofproto): Promise<void> {
  const names = [`${one.name}${other.name}`, `${other.name}${one.name}`] as const;
  for (const [bridge, name, peer] of [
    [one, ...names],
    [other, names[1], names[0]],
  ] as const) {
    const number = await sw.addPatch(bridge, name, peer);
    bridge.switchPorts.setBundle(name, {
      ...defaultBundleConfig,
      members: [number],
      multicastFloodReports: true,
    });
  }
}

/** An IPv4 packet as a frame; addresses of hosts go by the place in the list. */
function packet(from: string, to: string, protocol: number, body: Uint8Array): Uint8Array {
  const n = hosts.indexOf(from) + 2;
  const [, b = 0, c = 0, d = 0] = readIpv4(to);
  const hex = (...bytes: number[]): string => Buffer.from(bytes).toString('hex');
  const size = 20 + body.length;
  const header = hex(
    ...[0x45, 0, size >> 8, size & 0xff, 0, 0, 0, 0, 4, protocol, 0, 0],
    ...[10, 0, 0, n, ...readIpv4(to)],
  );
  return frameWith({
    dst: `01005e${hex(b & 0x7f, c, d)}`,
    src: `0200000000${hex(n)}`,
    payload: `0800${header}${Buffer.from(body).toString('hex')}`,
  });
}

const igmp = (from: string, to: string, message: IgmpMessage): Uint8Array =>
  packet(from, to, ipProtocol.igmp, emitIgmp(message));

class Row {
  readonly sw: VirtualSwitch;
  /** Who wants which group. */
  readonly members = new Map(groups.map((group) => [group, new Set<string>()]));

  constructor(sw: VirtualSwitch) {
    this.sw = sw;
  }

  say(host: string, frame: Uint8Array): void {
    this.sw.inject(host, frame);
    this.sw.advance(50); // flows are translated again
  }

  /** All who want something answer. */
  query(): void {
    this.say(router, igmp(router, allHosts, { type: 'query', group: '0.0.0.0' }));
    expect(Object.keys(this.sw.takeSent()).sort()).toEqual(hosts);
    for (const [group, members] of this.members)
      for (const host of members) this.report(host, group, hosts.indexOf(host) % 2 === 0);
  }

  /** Reports reach the router, and no other host. */
  report(host: string, group: string, usesVersion3: boolean): void {
    const record = { mode: 'changeToExclude', group, sources: [] } as const;
    this.say(
      host,
      usesVersion3
        ? igmp(host, reportsOf3, { type: 'records', records: [record] })
        : igmp(host, group, { type: 'report', version: 2, group }),
    );
    expect(Object.keys(this.sw.takeSent())).toEqual([router]);
  }

  leave(host: string, group: string): void {
    this.say(host, igmp(host, allRouters, { type: 'leave', group }));
    this.sw.takeSent();
  }

  send(host: string, group: string): void {
    this.say(host, packet(host, group, ipProtocol.udp, new Uint8Array(8)));
    const wanted = [router, ...(this.members.get(group) ?? [])].filter((port) => port !== host);
    expect(Object.keys(this.sw.takeSent()).sort()).toEqual(wanted.sort());
  }
}

test.each([1, 2, 3, 4, 5])(
  'seed %i: groups go to the router, to members, and to nobody else',
  async (seed) => {
    const random = seededRandom(seed);
    const pick = <T>(list: readonly T[]): T => list[random.u32() % list.length] ?? expect.unreachable();
    const row = new Row(await makeRow());
    for (let second = 0; second < 3600; second += 10) {
      if (second % queryInterval === 0) row.query();
      const host = pick(hosts);
      const group = pick(groups);
      const members = row.members.get(group) ?? expect.unreachable();
      if (!members.has(host)) {
        members.add(host);
        row.report(host, group, random.u32() % 2 === 0);
      } else if (random.u32() % 2 === 0) {
        members.delete(host);
        row.leave(host, group);
      }
      row.send(pick(hosts), pick(groups));
      row.sw.advance(10_000);
    }
  },
);

test('hosts that fall silent are forgotten in time, and so is a router', async () => {
  const row = new Row(await makeRow());
  row.query();
  row.report('c1', '239.1.1.1', false);
  row.members.get('239.1.1.1')?.add('c1');
  row.sw.advance(170_000);
  row.send('a1', '239.1.1.1');
  row.sw.advance(20_000);
  row.say('a1', packet('a1', '239.1.1.1', ipProtocol.udp, new Uint8Array(8)));
  expect(Object.keys(row.sw.takeSent())).toEqual(['c1']);
  row.sw.advance(130_000);
  row.say('a1', packet('a1', '239.1.1.1', ipProtocol.udp, new Uint8Array(8)));
  expect(row.sw.takeSent()).toEqual({});
  for (const bridge of row.sw.backer.bridges.values())
    expect([...(bridge.protocols.multicast.state?.table.groups() ?? [])]).toEqual([]);
});

test('a flood of reports costs no more than the table holds, and does not keep others from being heard', async () => {
  const row = new Row(await makeRow());
  row.query();
  for (let n = 0; n < 300; n++) {
    const records = Array.from({ length: 50 }, (_, k) => {
      const group = `239.${2 + (n >> 6)}.${n & 63}.${k}`;
      return { mode: 'changeToExclude', group, sources: [] } as const;
    });
    row.sw.inject('c2', igmp('c2', reportsOf3, { type: 'records', records }));
    if (n % 10 === 0) row.sw.advance(10);
  }
  row.sw.advance(1000);
  row.sw.takeSent();
  for (const bridge of row.sw.backer.bridges.values())
    expect([...(bridge.protocols.multicast.state?.table.groups() ?? [])]).toHaveLength(2048);
  row.report('c1', '239.1.1.1', false);
  row.members.get('239.1.1.1')?.add('c1');
  row.send('a1', '239.1.1.1');
});
