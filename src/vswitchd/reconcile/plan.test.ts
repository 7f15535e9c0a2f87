import { describe, expect, test } from 'vitest';
import { ofPort, uuid } from '../../base/units.ts';
import { defaultBundleConfig, defaultMemberLacp, noAutoAttach } from '../../ofproto/config.ts';
import { noMonitoring } from '../../ofproto/monitoring/monitoring-config.ts';
import { bridgeKeys } from '../config/config-keys.ts';
import type { WantedInterface } from '../config/interface-rows.ts';
import { readKeys } from '../config/keys.ts';
import type { Dirty } from '../config/model.ts';
import type { WantedPort } from '../config/port-rows.ts';
import type { WantedBridge } from '../config/wanted.ts';
import { type ActualBridge, type ActualInterface, formatStep, plan } from './plan.ts';

const settings: WantedBridge['settings'] = {
  ...readKeys(bridgeKeys, new Map()),
  datapathType: 'system',
  failMode: 'standalone',
  floodVlans: [],
  isSnooping: false,
  autoAttach: noAutoAttach,
  versions: [],
  controllers: [],
  tables: [],
  mirrors: [],
  tree: undefined,
  exporters: { netFlow: undefined, sFlow: undefined, bridgeIpfix: undefined, flowIpfix: new Map() },
};

function iface(name: string, more: Partial<WantedInterface> = {}): WantedInterface {
  return {
    id: uuid(`iface-${name}`),
    name,
    type: 'system',
    options: new Map(),
    mac: undefined,
    mtuRequest: undefined,
    queueCores: new Map(),
    isSpread: false,
    ofportRequest: undefined,
    ofport: undefined,
    patchPeer: undefined,
    limits: [],
    monitoring: noMonitoring,
    qos: undefined,
    discovery: 'unset',
    linkPolling: undefined,
    lacp: defaultMemberLacp,
    isMember: true,
    ...more,
  };
}

function port(name: string, interfaces = [iface(name)], more: Partial<WantedPort> = {}): WantedPort {
  const { members: _, ...bundle } = defaultBundleConfig;
  return {
    id: uuid(`port-${name}`),
    name,
    bundle,
    isFakeBridge: false,
    mac: undefined,
    tag: undefined,
    interfaces,
    ...more,
  };
}

function bridge(
  name: string,
  ports: WantedPort[],
  more: Partial<WantedBridge['settings']> = {},
): WantedBridge {
  const byName = new Map(ports.map((p) => [p.name, p]));
  return { id: uuid(`bridge-${name}`), name, settings: { ...settings, ...more }, ports: byName };
}

/** The bridge as it is once all of `wanted` was applied; numbers from 1, the local port has its own. */
function applied(wanted: WantedBridge, states: Record<string, Partial<ActualInterface>> = {}): ActualBridge {
  const interfaces = new Map<string, ActualInterface>();
  let number = 1;
  for (const p of wanted.ports.values()) {
    for (const i of p.interfaces) {
      const own = i.name === wanted.name ? ofPort(65534) : ofPort(number++);
      interfaces.set(i.name, { wanted: i, port: p.name, ofPort: own, mustReopen: false, ...states[i.name] });
    }
  }
  return { ...wanted, interfaces, discontent: new Set() };
}

function lines(actual: ActualBridge[], wanted: WantedBridge[], dirty: Record<string, string[]>): string[] {
  const byName = <T extends { name: string }>(list: T[]) => new Map(list.map((b) => [b.name, b]));
  const marked: Dirty = new Map(Object.entries(dirty).map(([name, ports]) => [name, new Set(ports)]));
  return plan({ actual: byName(actual), wanted: byName(wanted) }, marked).map(formatStep);
}

describe('planning', () => {
  test('a new bridge comes before its ports, requested numbers before remembered ones, those before new ones', () => {
    const wanted = bridge('br0', [
      port('a'),
      port('b', [iface('b', { ofport: ofPort(3) })]),
      port('c', [iface('c', { ofportRequest: ofPort(7) })]),
      port('br0', [iface('br0', { type: 'internal' })]),
    ]);
    expect(lines([], [wanted], { br0: ['a', 'b', 'c', 'br0'] })).toEqual([
      'br0: add bridge (system)',
      'br0: add interface c (system)',
      'br0: add interface b (system)',
      'br0: add interface br0 (internal)',
      'br0: add interface a (system)',
      'br0: set port a',
      'br0: set port b',
      'br0: set port c',
      'br0: set port br0',
      'br0: settle addresses',
    ]);
  });

  test('ports that share a bucket of the reference come in the order that their uuids give them there', () => {
    const add = (ids: Record<string, string>) => {
      const ports = Object.entries(ids).map(([name, id]) => port(name, undefined, { id: uuid(id) }));
      const steps = lines([], [bridge('br0', ports)], { br0: [] });
      return steps.flatMap((line) => /add interface (\w+)/.exec(line)?.[1] ?? []);
    };
    expect(add({ br0: '1', e: '2', p2: '3', d: '4' })).toEqual(add({ d: '4', p2: '3', e: '2', br0: '1' }));
    expect(add({ br0: '1', e: '2', p2: '3' })).not.toEqual(add({ br0: '1', e: '3', p2: '2' }));
  });

  test('what is as wanted needs nothing', () => {
    const wanted = bridge('br0', [port('a')]);
    expect(lines([applied(wanted)], [wanted], { br0: ['a'] })).toEqual([]);
  });

  test('only what is dirty is looked at', () => {
    const wanted = bridge('br0', [port('a'), port('b')]);
    expect(lines([applied(bridge('br0', []))], [wanted], { br0: ['b'] })).toEqual([
      'br0: add interface b (system)',
      'br0: set port b',
      'br0: settle addresses',
    ]);
  });

  test('a port that moves between bridges is removed from the one before it is added to the other', () => {
    const before = [applied(bridge('br0', [port('a')])), applied(bridge('br1', []))];
    const after = [bridge('br0', []), bridge('br1', [port('a')])];
    expect(lines(before, after, { br1: ['a'], br0: ['a'] })).toEqual([
      'br0: remove interface a (unwanted)',
      'br0: remove port a',
      'br1: add interface a (system)',
      'br1: set port a',
      'br1: settle addresses',
      'br0: settle addresses',
    ]);
  });

  test('a bridge that is no longer wanted goes with all that is in it', () => {
    expect(lines([applied(bridge('br0', [port('a')]))], [], { br0: ['a'] })).toEqual(['br0: remove bridge']);
  });

  test('another datapath type makes the bridge anew', () => {
    const wanted = bridge('br0', [port('a')], { datapathType: 'netdev' });
    expect(lines([applied(bridge('br0', [port('a')]))], [wanted], { br0: [] })).toEqual([
      'br0: remove bridge',
      'br0: add bridge (netdev)',
      'br0: add interface a (system)',
      'br0: set port a',
      'br0: settle addresses',
    ]);
  });

  test('a bridge of before gets first what the network of the host goes over', () => {
    const known = (name: string, number: number, type = 'internal') =>
      port(name, [iface(name, { type, ofport: ofPort(number) })]);
    const ports = [known('i1', 1), known('i2', 2), known('eth0', 3, 'system'), known('br0', 65534)];
    const wanted = bridge('br0', [
      ...ports,
      port('new'),
      port('eth1', [iface('eth1', { ofportRequest: ofPort(9) })]),
    ]);
    const names = lines([], [wanted], { br0: [] }).flatMap(
      (line) => /add interface (\S+)/.exec(line)?.[1] ?? [],
    );
    expect(names.slice(0, 3)).toEqual(['eth1', 'br0', 'eth0']);
    expect(names.slice(3, 5).sort()).toEqual(['i1', 'i2']);
    expect(names.slice(5)).toEqual(['new']);
  });

  test('another type makes the interface anew', () => {
    const wanted = bridge('br0', [port('a', [iface('a', { type: 'internal' })])]);
    expect(lines([applied(bridge('br0', [port('a')]))], [wanted], { br0: ['a'] })).toEqual([
      'br0: remove interface a (type changed)',
      'br0: add interface a (internal)',
      'br0: set port a',
      'br0: settle addresses',
    ]);
  });

  test('a requested number that it does not have makes the interface anew, the one it has does not', () => {
    const is = applied(bridge('br0', [port('a')]));
    const want = (n: number) => bridge('br0', [port('a', [iface('a', { ofportRequest: ofPort(n) })])]);
    expect(lines([is], [want(9)], { br0: ['a'] })[0]).toBe('br0: remove interface a (number changed)');
    expect(lines([is], [want(1)], { br0: ['a'] })[0]).toBe('br0: configure interface a');
  });

  test('a number goes to the one that asks for it, and stays where two ask for it', () => {
    const is = applied(bridge('br0', [port('a'), port('b'), port('br0')]));
    const want = (a: Partial<WantedInterface>, b: Partial<WantedInterface>) =>
      bridge('br0', [port('a', [iface('a', a)]), port('b', [iface('b', b)]), port('br0')]);
    const one = { ofportRequest: ofPort(1) };
    const removals = (w: WantedBridge) =>
      lines([is], [w], { br0: ['b'] }).filter((line) => line.includes('remove'));
    expect(removals(want({}, one))).toEqual([
      'br0: remove interface b (number changed)',
      'br0: remove interface a (number changed)',
    ]);
    expect(removals(want(one, one))).toEqual([]);
  });

  test('the number that we wrote into the database is no change', () => {
    const is = applied(bridge('br0', [port('a')]));
    expect(
      lines([is], [bridge('br0', [port('a', [iface('a', { ofport: ofPort(1) })])])], { br0: ['a'] }),
    ).toEqual([]);
  });

  test('a vanished device is opened anew', () => {
    const wanted = bridge('br0', [port('a')]);
    expect(
      lines([applied(wanted, { a: { mustReopen: true } })], [wanted], { br0: ['a'] }).slice(0, 2),
    ).toEqual(['br0: remove interface a (device gone)', 'br0: add interface a (system)']);
  });

  test('an interface that could not be added is tried again', () => {
    const wanted = bridge('br0', [port('a')]);
    expect(lines([applied(wanted, { a: { ofPort: undefined } })], [wanted], { br0: ['a'] })[0]).toBe(
      'br0: add interface a (system)',
    );
  });

  test('a tag changes the port and leaves its devices alone', () => {
    const { members: _, ...plain } = defaultBundleConfig;
    const tagged = port('a', [iface('a')], { bundle: { ...plain, vlanMode: 'access', tag: 5 } });
    expect(lines([applied(bridge('br0', [port('a')]))], [bridge('br0', [tagged])], { br0: ['a'] })).toEqual([
      'br0: set port a',
      'br0: settle addresses',
    ]);
  });
});
