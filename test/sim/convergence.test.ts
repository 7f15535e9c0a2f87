/**
 * Random changes of database and devices, by whomever: what the switch then is equals what a fresh daemon makes of the
 * same database. Numbers and devices that several ask for are a matter of who came first, and only checked for sense.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Uuid } from '../../src/base/units.ts';
import type { Transaction } from '../../src/ovsdb/client/index.ts';
import { isEligibleMac, macOfUuid } from '../../src/vswitchd/config/mac.ts';
import type { LiveBridge, LiveInterface } from '../../src/vswitchd/reconcile/live.ts';
import { reportBridge, reportInterface } from '../../src/vswitchd/report/report.ts';
import type { OvsChange, OvsRow, OvsTables } from '../../src/vswitchd/schema/index.ts';
import { SwitchFixture } from './switch-fixture.ts';

/** Histories; more by e.g. CONVERGENCE_RUNS=1000. */
const runCount = Number(process.env.CONVERGENCE_RUNS ?? 30);

/** Something that happens to a switch; printed as what it is when a history fails. */
class Event {
  readonly #text: string;
  readonly act: (fixture: SwitchFixture) => Promise<void> | void;

  constructor(text: string, act: Event['act']) {
    this.#text = text;
    this.act = act;
  }

  toString(): string {
    return this.#text;
  }
}

type Build = (tx: Transaction<OvsTables>) => void;

/** Somebody's transaction, counted in `next_cfg` or not. */
function transaction<A>(
  name: string,
  args: fc.Arbitrary<A>,
  build: (fixture: SwitchFixture, args: A) => Build | undefined,
): fc.Arbitrary<Event> {
  return fc.tuple(args, fc.boolean()).map(
    ([given, isCounted]) =>
      new Event(`${name} ${fc.stringify(given)}${isCounted ? '' : ' --no-wait'}`, async (fixture) => {
        const [root] = fixture.tool.view.rows('Open_vSwitch').values();
        const made = build(fixture, given);
        if (root === undefined || made === undefined) return;
        await fixture.tool.transact((tx) => {
          made(tx);
          if (isCounted) tx.increment('Open_vSwitch', root._uuid, 'next_cfg');
        });
      }),
  );
}

function happening<A>(
  name: string,
  args: fc.Arbitrary<A>,
  act: (fixture: SwitchFixture, args: A) => Promise<void> | void,
): fc.Arbitrary<Event> {
  return args.map((given) => new Event(`${name} ${fc.stringify(given)}`, (fixture) => act(fixture, given)));
}

const bridgeName = fc.constantFrom('br0', 'br1');
const portName = fc.constantFrom('p1', 'p2', 'p3', 'p4');
const deviceName = fc.constantFrom('p1', 'p2', 'p3', 'p4', 'br0');
const mac = fc.constantFrom('00:11:22:33:44:01', '00:11:22:33:44:02', '02:11:22:33:44:03');
const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
const number = fc.integer({ min: 1, max: 4 });
const noStrings = new Map<string, string>();

const interfaceChange: fc.Arbitrary<OvsChange<'Interface'>> = fc.oneof(
  fc.record({ ofport_request: optional(number) }),
  fc.record({ type: fc.constantFrom('', 'internal', 'patch', 'foo') }),
  fc.record({ mtu_request: optional(fc.constantFrom(1300, 1400)) }),
  fc.record({ options: fc.constantFrom(noStrings, new Map([['peer', 'p1']]), new Map([['peer', 'p2']])) }),
  fc.record({ ofport: fc.constantFrom(undefined, -1, 3) }), // this and the next are ours to say
  fc.record({ error: fc.constant('no'), link_state: fc.constant('down' as const) }),
);
const portChange: fc.Arbitrary<OvsChange<'Port'>> = fc.oneof(
  fc.record({ tag: optional(number) }),
  fc.record({ mac: optional(mac) }),
);
const bridgeChange: fc.Arbitrary<OvsChange<'Bridge'>> = fc.oneof(
  fc.record({ other_config: fc.constantFrom(noStrings, new Map([['hwaddr', '00:11:22:33:44:05']])) }),
  fc.record({ datapath_type: fc.constantFrom('dummy', 'foo') }),
  fc.record({ datapath_id: fc.constantFrom(undefined, '00000000000000ff') }),
);

const rowsOf = <T extends 'Bridge' | 'Port' | 'Interface'>(fixture: SwitchFixture, table: T): OvsRow<T>[] => [
  ...fixture.tool.view.rows(table).values(),
];
const bridgeRow = (fixture: SwitchFixture, name: string) =>
  rowsOf(fixture, 'Bridge').find((row) => row.name === name);
const portRow = (fixture: SwitchFixture, name: string) =>
  rowsOf(fixture, 'Port').find((row) => row.name === name);
const interfaceRow = (fixture: SwitchFixture, name: string) =>
  rowsOf(fixture, 'Interface').find((row) => row.name === name);

const addBridge = transaction('add bridge', bridgeName, (fixture, name) => {
  if (bridgeRow(fixture, name) !== undefined) return undefined;
  const root = fixture.root()._uuid;
  return (tx) => {
    const interfaces = [tx.insert('Interface', { name, type: 'internal' })];
    const ports = [tx.insert('Port', { name, interfaces })];
    const bridge = tx.insert('Bridge', { name, datapath_type: 'dummy', ports });
    tx.mutate('Open_vSwitch', root, { bridges: { insert: [bridge] } });
  };
});

const removeBridge = transaction('remove bridge', bridgeName, (fixture, name) => {
  const row = bridgeRow(fixture, name);
  const root = fixture.root()._uuid;
  return row && ((tx) => tx.mutate('Open_vSwitch', root, { bridges: { delete: [row._uuid] } }));
});

const addPort = transaction(
  'add port',
  fc.record({ bridge: bridgeName, port: portName, more: interfaceChange }),
  (fixture, { bridge, port: name, more }) => {
    const row = bridgeRow(fixture, bridge);
    if (row === undefined || interfaceRow(fixture, name) || portRow(fixture, name)) return undefined;
    return (tx) => {
      const interfaces = [tx.insert('Interface', { name, ...more })];
      tx.mutate('Bridge', row._uuid, { ports: { insert: [tx.insert('Port', { name, interfaces })] } });
    };
  },
);

const ofBridge = fc.record({ bridge: bridgeName, port: portName });

const removePort = transaction('remove port', ofBridge, (fixture, { bridge, port }) => {
  const [row, gone] = [bridgeRow(fixture, bridge), portRow(fixture, port)];
  return row && gone && ((tx) => tx.mutate('Bridge', row._uuid, { ports: { delete: [gone._uuid] } }));
});

/** A port of two bridges, or back to the one that has let it go. */
const sharePort = transaction('share port', ofBridge, (fixture, { bridge, port }) => {
  const [row, shared] = [bridgeRow(fixture, bridge), portRow(fixture, port)];
  return row && shared && ((tx) => tx.mutate('Bridge', row._uuid, { ports: { insert: [shared._uuid] } }));
});

/** A bond, or one interface of two ports. */
const shareInterface = transaction(
  'share interface',
  fc.record({ port: portName, other: portName }),
  (fixture, { port, other }) => {
    const [row, shared] = [portRow(fixture, port), interfaceRow(fixture, other)];
    return (
      row && shared && ((tx) => tx.mutate('Port', row._uuid, { interfaces: { insert: [shared._uuid] } }))
    );
  },
);

const remakePort = transaction('remake port', ofBridge, (fixture, { bridge, port: name }) => {
  const [row, old] = [bridgeRow(fixture, bridge), portRow(fixture, name)];
  const isShared = rowsOf(fixture, 'Bridge').some(
    (b) => b !== row && b.ports.includes(old?._uuid ?? row?._uuid ?? b._uuid),
  );
  if (row === undefined || old === undefined || isShared || !row.ports.includes(old._uuid)) return undefined;
  if (claimants(fixture, name).length !== 1 || old.interfaces.length > 1) return undefined;
  return (tx) => {
    const interfaces = [tx.insert('Interface', { name })];
    tx.mutate('Bridge', row._uuid, { ports: { delete: [old._uuid] } });
    tx.mutate('Bridge', row._uuid, { ports: { insert: [tx.insert('Port', { name, interfaces })] } });
  };
});

const setInterface = transaction(
  'set interface',
  fc.record({ name: portName, change: interfaceChange }),
  (fixture, { name, change }) => {
    const row = interfaceRow(fixture, name);
    return row && ((tx) => tx.update('Interface', row._uuid, change));
  },
);

const setPort = transaction(
  'set port',
  fc.record({ name: portName, change: portChange }),
  (fixture, { name, change }) => {
    const row = portRow(fixture, name);
    return row && ((tx) => tx.update('Port', row._uuid, change));
  },
);

const setBridge = transaction(
  'set bridge',
  fc.record({ name: bridgeName, change: bridgeChange }),
  (fixture, { name, change }) => {
    const row = bridgeRow(fixture, name);
    return row && ((tx) => tx.update('Bridge', row._uuid, change));
  },
);

const setAnswer = transaction('set cur_cfg', fc.integer({ min: 0, max: 9 }), (fixture, cur_cfg) => {
  const root = fixture.root()._uuid;
  return (tx) => tx.update('Open_vSwitch', root, { cur_cfg });
});

const remakeRoot = happening('remake the root row', fc.constant(''), async (fixture) => {
  const root = fixture.root()._uuid;
  await fixture.tool.transact((tx) => tx.delete('Open_vSwitch', root));
  await fixture.settle();
  await fixture.tool.transact((tx) => tx.insert('Open_vSwitch', {}));
  await fixture.settle();
});

const device = fc.oneof(
  happening('vanish', deviceName, (fixture, name) => fixture.vanish(name)),
  happening('appear', deviceName, (fixture, name) => fixture.appear(name)),
  happening('is busy', deviceName, (fixture, name) => void fixture.busy.add(name)),
  happening('is free', deviceName, (fixture, name) => void fixture.busy.delete(name)),
  happening('is refused', deviceName, (fixture, name) => void fixture.refused.add(name)),
  happening('is not refused', deviceName, (fixture, name) => void fixture.refused.delete(name)),
  happening(
    'set device',
    fc.record({ name: deviceName, mac, mtu: fc.constantFrom(1200, 1500) }),
    (fixture, { name, ...more }) => fixture.dummies.get(name)?.set(more),
  ),
);

const event = fc.oneof(
  { weight: 2, arbitrary: addBridge },
  { weight: 1, arbitrary: removeBridge },
  { weight: 6, arbitrary: addPort },
  { weight: 3, arbitrary: removePort },
  { weight: 3, arbitrary: sharePort },
  { weight: 3, arbitrary: shareInterface },
  { weight: 1, arbitrary: remakePort },
  { weight: 6, arbitrary: setInterface },
  { weight: 2, arbitrary: setPort },
  { weight: 2, arbitrary: setBridge },
  { weight: 2, arbitrary: setAnswer },
  { weight: 1, arbitrary: remakeRoot },
  { weight: 4, arbitrary: device },
);

/** The bridge of each port that wants the interface. */
function claimants(fixture: SwitchFixture, name: string): string[] {
  const id = interfaceRow(fixture, name)?._uuid;
  const wants = (port: Uuid) => fixture.tool.view.row('Port', port)?.interfaces.some((i) => i === id);
  return rowsOf(fixture, 'Bridge').flatMap((bridge) => bridge.ports.filter(wants).map(() => bridge.name));
}

/** Everything that does not depend on the order of what happened before. */
function snapshot(fixture: SwitchFixture): unknown {
  const isContended = (name: string) => claimants(fixture, name).length > 1;
  const bridges = [...fixture.aSwitch.state.bridges.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const isContest =
    bridges.some((bridge) => bridge.discontent.size > 0) ||
    rowsOf(fixture, 'Interface').some((row) => isContended(row.name));
  return bridges.map((bridge) => ({
    name: bridge.name,
    id: bridge.id,
    settings: bridge.settings,
    ports: [...bridge.ports.values()]
      .map(({ name, bundle, mac: address, id }) => ({
        name,
        bundle,
        address,
        id,
        members: membersOf(bridge, name).filter((member) => !isContended(member)),
      }))
      .sort(byName),
    interfaces: [...bridge.interfaces.values()]
      .filter((i) => !isContended(i.wanted.name))
      .map((i) => stateOf(i, isContest))
      .sort(byName),
  }));
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function membersOf({ ofproto }: LiveBridge, port: string): string[] {
  return (ofproto.bundles.get(port)?.members ?? []).map(({ name }) => name).sort();
}

function stateOf(i: LiveInterface, isContest: boolean): { readonly name: string } {
  const { name, type, id, ofportRequest, mtuRequest, patchPeer } = i.wanted;
  return {
    name,
    type,
    id,
    ofportRequest,
    mtuRequest,
    patchPeer,
    port: i.port,
    error: i.error,
    number: i.ofPort === undefined || isContest ? i.ofPort !== undefined : i.ofPort,
    mtu: mtuRequest === undefined || i.ofPort === undefined ? undefined : i.netdev?.state.mtu,
  } as { readonly name: string };
}

/** ovs-vswitchd.conf.db(5), Bridge other_config:hwaddr, and Port mac. */
function addressOf({ id, name, settings, ports, interfaces }: LiveBridge): string {
  const offered = [...ports.values()].map((port) => {
    const first = port.interfaces
      .map((i) => interfaces.get(i.name))
      .find((i) => i?.port === port.name && i.ofPort !== undefined);
    return port.mac ?? (first?.wanted.name === name ? undefined : first?.netdev?.state.mac);
  });
  const eligible = offered.filter((mac) => mac !== undefined && isEligibleMac(mac)).sort();
  return settings.hwaddr ?? eligible[0] ?? macOfUuid(id);
}

/** What holds at any time once all is settled. */
function checkSense(fixture: SwitchFixture): void {
  const { root, tool } = { root: fixture.root(), tool: fixture.tool };
  expect(root.cur_cfg).toBe(root.next_cfg);
  for (const bridge of fixture.aSwitch.state.bridges.values()) {
    expect(tool.shows('Bridge', bridge.id, reportBridge(bridge)), `status of ${bridge.name}`).toBe(true);
    const numbers = new Map<number, LiveInterface>();
    for (const i of bridge.interfaces.values()) {
      const { name, id } = i.wanted;
      if (i.ofPort === undefined) continue;
      expect(numbers.has(i.ofPort), `two with number ${i.ofPort}`).toBe(false);
      numbers.set(i.ofPort, i);
      expect(bridge.ofproto.ports.get(i.ofPort)?.name).toBe(name);
      expect(fixture.aSwitch.state.holderOf(name)).toBe(i);
      expect(tool.shows('Interface', id, reportInterface(i)), `status of ${name}`).toBe(true);
    }
    expect(bridge.ofproto.ports.size).toBe(numbers.size);
    const { hwaddr } = bridge.ofproto.config;
    expect(hwaddr, `address of ${bridge.name}`).toBe(addressOf(bridge));
    const local = bridge.interfaces.get(bridge.name);
    if (local?.ofPort !== undefined) expect(local.netdev?.state.mac).toBe(hwaddr);
    for (const { wanted, ofPort } of numbers.values()) {
      const { ofportRequest } = wanted;
      if (ofportRequest === undefined || ofPort === ofportRequest || wanted.name === bridge.name) continue;
      expect(numbers.get(ofportRequest)?.wanted.ofportRequest, `who has what ${wanted.name} asks for`).toBe(
        ofportRequest,
      );
    }
  }
}

/** Whatever can be opened is in a bridge that wants it. */
function checkHeld(fixture: SwitchFixture): void {
  for (const { name, type } of rowsOf(fixture, 'Interface')) {
    const isWanted = claimants(fixture, name).some((bridge) => fixture.aSwitch.state.bridges.has(bridge));
    if (isWanted && type === '' && !fixture.missing.has(name))
      expect(fixture.aSwitch.state.holderOf(name), `who has ${name}`).toBeDefined();
  }
}

test('the switch is what a fresh daemon makes of its database, whatever happened before', {
  timeout: 120_000 + runCount * 2000,
}, async () => {
  const history = fc.array(event, { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(history, async (events) => {
      const fixture = new SwitchFixture();
      try {
        await fixture.start();
        await fixture.addBridge('br0', ['p1']);
        await fixture.addBridge('br1', ['p2']);
        for (const each of events) {
          await each.act(fixture);
          await fixture.settle();
          checkSense(fixture);
        }
        fixture.busy.clear();
        fixture.refused.clear();
        const root = fixture.root()._uuid;
        await fixture.change((tx) =>
          tx.update('Open_vSwitch', root, { external_ids: new Map([['all', 'done']]) }),
        );
        checkSense(fixture);
        checkHeld(fixture);
        const before = snapshot(fixture);
        await fixture.restart();
        checkSense(fixture);
        expect(before).toEqual(snapshot(fixture));
      } finally {
        await fixture.stop();
      }
    }),
    { numRuns: runCount },
  );
});
