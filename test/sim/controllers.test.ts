/**
 * A bridge and its controllers, under a clock that the test moves: who is connected to, when, and what becomes of
 * flows.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { errnos, syscallFailed } from '../../src/base/errno.ts';
import { logRegistry } from '../../src/base/log.ts';
import type { TupleWords } from '../../src/datapath/conntrack/queries.ts';
import { sourcePortOf, zoneOf } from '../../src/datapath/conntrack/tuple.ts';
import type { Transport } from '../../src/net/transport.ts';
import { type ControlConfig, type ControllerSettings, defaultController } from '../../src/ofproto/config.ts';
import type { Ofproto } from '../../src/ofproto/ofproto.ts';
import { localPort } from '../../src/ofproto/port.ts';
import { findRules } from '../../src/ofproto/tables/flow-query.ts';
import { formatRules, listRules } from '../../src/ofproto/views/rules.ts';
import { FakeStream } from '../../src/openflow/connection/stream-fixture.ts';
import { everyFlow } from '../../src/openflow/messages/flow-request.ts';
import { readConnectionTuples } from '../../src/openflow/text/connections.ts';
import type { WireVersion } from '../../src/openflow/versions.ts';
import { udpPacket } from '../conformance/packets.ts';
import { VirtualSwitch } from './virtual-switch.ts';

const target = 'tcp:192.0.2.1:6653';

/** What the peer does when it is connected to: is out of reach, refuses, says nothing, or says hello. */
let peer: 'unreachable' | 'absent' | 'silent' | 'polite';
let version: WireVersion;
let answersEcho: boolean;
let streams: FakeStream[];
let said: string[];
let host: VirtualSwitch;
let mayListen: boolean;
/** Connects to the bridge. */
let call: (stream: FakeStream) => void;

const transport: Transport = {
  async connect(_remote, { signal }) {
    if (peer === 'unreachable') throw syscallFailed('connect', errnos.ENETUNREACH, target);
    if (peer === 'absent') throw syscallFailed('connect', errnos.ECONNREFUSED, target);
    signal?.throwIfAborted();
    const stream = new FakeStream();
    streams.push(stream);
    stream.onSent = ({ name, xid }) => {
      if (name === 'ECHO_REQUEST' && answersEcho)
        stream.say(version, { name: 'ECHO_REPLY', value: { data: new Uint8Array(0) } }, xid);
    };
    if (peer === 'polite')
      setImmediate(() => stream.say(version, { name: 'HELLO', value: { versions: undefined } }));
    return stream;
  },
  listen(remote, _options, accept) {
    if (!mayListen) return Promise.reject(syscallFailed('bind', errnos.EADDRINUSE, 'here'));
    call = accept;
    return Promise.resolve({ remote, close() {} });
  },
};

beforeEach(() => {
  peer = 'polite';
  version = 4;
  answersEcho = true;
  mayListen = false;
  streams = [];
  said = [];
  host = new VirtualSwitch(transport);
  logRegistry.setSink('file', {
    write: ({ level, module, text }) => void said.push(`${module} ${level}: ${text}`),
  });
});

afterEach(() => {
  for (const bridge of host.backer.bridges.values()) bridge.close();
  logRegistry.setSink('file', undefined);
});

function controlled(more: Partial<ControllerSettings> = {}): ControlConfig {
  const controller = { ...defaultController, target, type: 'primary' as const, ...more };
  return {
    controllers: [controller],
    tls: {},
    inBand: { remotes: [], queue: undefined },
    isHeld: false,
    bundleIdleTimeout: 10_000,
    runFolder: undefined,
  };
}

async function bridgeWith(
  control: ControlConfig,
  failMode: 'standalone' | 'secure' = 'secure',
): Promise<Ofproto> {
  const bridge = host.addBridge('br0', { control, failMode });
  await bridge.controllers.configure();
  await turn();
  return bridge;
}

async function configure(bridge: Ofproto, change: Partial<Ofproto['config']>): Promise<void> {
  bridge.configure({ ...bridge.config, ...change });
  await bridge.controllers.configure();
  await turn();
}

function inBand(remotes: string[], queue?: number): ControlConfig['inBand'] {
  return {
    remotes: remotes.map((text) => {
      const [address = '', port] = text.split(':');
      return { address, port: Number(port) };
    }),
    queue,
  };
}

/** Lets promises and what the peer says take place. */
async function turn(): Promise<void> {
  for (let n = 0; n < 5; n++) await new Promise((done) => setImmediate(done));
}

async function pass(seconds: number): Promise<void> {
  for (let n = 0; n < seconds; n++) {
    host.advance(1000);
    await turn();
  }
}

function takeSaid(module: string): string[] {
  return said
    .splice(0)
    .filter((line) => line.startsWith(`${module} `))
    .map((line) => line.slice(module.length + 1).replace(`br0<->${target}: `, ''));
}

function statusOf(bridge: Ofproto): object | undefined {
  return bridge.controllers.statuses().get(target);
}

function rules(bridge: Ofproto): string[] {
  const lines = formatRules(listRules(bridge, bridge.now)).split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('table_id=254'))
    .map((line) => line.replace(/^.*n_bytes=\d+, /, ''));
}

test('who is not there is tried again after delays that double, and then in silence', async () => {
  peer = 'unreachable';
  const bridge = await bridgeWith(controlled());
  await pass(15);
  expect(takeSaid('rconn')).toEqual([
    'info: connecting...',
    'warn: connection failed (Network is unreachable)',
    'info: waiting 1 seconds before reconnect',
    'info: connecting...',
    'warn: connection failed (Network is unreachable)',
    'info: waiting 2 seconds before reconnect',
    'info: connecting...',
    'warn: connection failed (Network is unreachable)',
    'info: waiting 4 seconds before reconnect',
    'info: connecting...',
    'warn: connection failed (Network is unreachable)',
    'info: continuing to retry connections in the background but suppressing further logging',
    'warn: connection failed (Network is unreachable)',
  ]);
  expect(statusOf(bridge)).toMatchObject({
    state: 'backoff',
    role: undefined,
    lastError: 'Network is unreachable',
    connectedAt: undefined,
    disconnectedAt: undefined,
  });
});

test('that it refuses is told by the peer, so that the connection was there', async () => {
  peer = 'absent';
  const bridge = await bridgeWith(controlled());
  expect(takeSaid('rconn')).toEqual([
    'info: connecting...',
    'warn: connection dropped (Connection refused)',
    'info: waiting 1 seconds before reconnect',
  ]);
  expect(statusOf(bridge)).toMatchObject({ lastError: 'Connection refused', disconnectedAt: 1000 });
});

test('who says no hello is given up, and the time counts as that of a connection that was lost', async () => {
  peer = 'silent';
  const bridge = await bridgeWith(controlled());
  expect(statusOf(bridge)).toMatchObject({ state: 'connecting' });
  await pass(1);
  expect(takeSaid('rconn')).toEqual([
    'info: connecting...',
    'info: connection timed out',
    'info: waiting 1 seconds before reconnect',
  ]);
  expect(streams[0]?.isClosed).toBe(true);
  expect(statusOf(bridge)).toMatchObject({ lastError: 'Connection timed out', disconnectedAt: 2000 });
});

test('who speaks another version only is left', async () => {
  version = 1;
  const bridge = host.addBridge('br0', { control: controlled(), versions: [4] });
  await bridge.controllers.configure();
  await turn();
  expect(takeSaid('rconn')).toEqual([
    'info: connecting...',
    'warn: connection dropped (Protocol error)',
    'info: waiting 1 seconds before reconnect',
  ]);
});

test('silence is answered by a probe, and its silence by an end', async () => {
  answersEcho = false;
  const bridge = await bridgeWith(controlled({ probeInterval: 7 }));
  expect(statusOf(bridge)).toMatchObject({ state: 'active', role: 'equal', connectedAt: 1000 });
  await pass(7);
  expect(statusOf(bridge)).toMatchObject({ state: 'idle', role: 'equal' });
  expect(streams[0]?.sent.at(-1)).toMatchObject({ name: 'ECHO_REQUEST' });
  await pass(7);
  expect(takeSaid('rconn')).toEqual([
    'info: connecting...',
    'info: connected',
    'err: no response to inactivity probe after 7 seconds, disconnecting',
  ]);
  expect(statusOf(bridge)).toMatchObject({ state: 'backoff', lastError: 'Connection timed out' });
  await pass(1); // it was there for long
  expect(takeSaid('rconn')).toEqual(['info: connecting...', 'info: connected']);
});

test('who answers stays, and an interval below five seconds is five', async () => {
  const bridge = await bridgeWith(controlled({ probeInterval: 1 }));
  await pass(31);
  expect(statusOf(bridge)).toMatchObject({ state: 'active', connectedAt: 1000 });
  const sent = streams[0]?.sent.map(({ name }) => name);
  expect(sent?.filter((name) => name === 'ECHO_REQUEST')).toHaveLength(6);
  expect(sent).not.toContain('ERROR');
});

test('a change of one setting changes that, and only another mark of packets ends the connection', async () => {
  const bridge = await bridgeWith(controlled());
  takeSaid('rconn');
  await configure(bridge, { control: controlled({ probeInterval: 10, maxBackoff: 20, rateLimit: 100 }) });
  expect(takeSaid('rconn')).toEqual([]);
  await configure(bridge, { control: controlled({ dscp: 10 }) });
  await pass(1);
  expect(takeSaid('rconn')).toEqual(['info: disconnecting', 'info: connecting...', 'info: connected']);
});

test('other versions, another datapath id and a command make it connect anew', async () => {
  const bridge = await bridgeWith(controlled());
  said = [];
  await configure(bridge, { versions: [1, 4] });
  expect(said.map((line) => line.replace(target, 'TARGET'))).toEqual([
    'connmgr info: br0: Changes to controller "TARGET" expects re-initialization: Re-initializing now.',
    'rconn info: br0<->TARGET: connecting...',
    'connmgr info: br0: added primary controller "TARGET"',
    'rconn info: br0<->TARGET: connected',
  ]);
  said = [];
  await pass(1);
  await configure(bridge, { datapathId: '0000000000000005' });
  await pass(1);
  bridge.controllers.reconnect();
  await pass(2);
  expect(takeSaid('rconn').filter((line) => line !== 'info: connecting...')).toEqual([
    'info: disconnecting',
    'info: connected',
    'info: disconnecting',
    'info: waiting 2 seconds before reconnect',
    'info: connected',
  ]);
});

test('flows go when controllers come, when they go, and when the fail mode changes without any', async () => {
  const bridge = host.addBridge('br0', { failMode: 'standalone' });
  expect(rules(bridge)).toEqual(['priority=0,actions=NORMAL']);
  await configure(bridge, { failMode: 'secure' });
  expect(rules(bridge)).toEqual([]);
  host.addFlow(bridge, 'priority=5,actions=drop');
  await configure(bridge, { control: controlled() });
  expect(rules(bridge)).toEqual([]);
  host.addFlow(bridge, 'priority=5,actions=drop');
  await configure(bridge, { failMode: 'standalone' });
  const other = controlled({ target: 'tcp:192.0.2.2' }).controllers;
  await configure(bridge, {
    control: { ...controlled(), controllers: [...controlled().controllers, ...other] },
  });
  streams[0]?.abort();
  await pass(3);
  expect(rules(bridge)).toEqual(['priority=5,actions=drop']);
  await configure(bridge, { control: { ...controlled(), controllers: [] } });
  expect(rules(bridge)).toEqual(['priority=0,actions=NORMAL']);
  expect(streams.every(({ isClosed }) => isClosed)).toBe(true);
});

test('without a controller in charge for three probe intervals the bridge forwards by itself', async () => {
  peer = 'absent';
  const bridge = await bridgeWith(controlled(), 'standalone');
  host.addFlow(bridge, 'priority=5,actions=drop');
  await pass(14);
  expect(rules(bridge)).toEqual(['priority=5,actions=drop']);
  await pass(1);
  expect(rules(bridge)).toEqual(['priority=15790320,actions=NORMAL']);
  host.addFlow(bridge, 'priority=6,actions=drop');
  await pass(60);
  expect(takeSaid('fail_open')).toEqual([
    "warn: Could not connect to controller (or switch failed controller's post-connection admission control policy) for 15 seconds, failing open",
    'info: Still in fail-open mode after 75 seconds disconnected from controller',
  ]);
  peer = 'polite';
  await pass(8);
  const [stream] = streams;
  // A controller that has only connected is tried with packets.
  await pass(4);
  expect(stream?.sent.filter(({ name }) => name === 'PACKET_IN').length).toBeGreaterThan(1);
  expect(rules(bridge)).toHaveLength(2);
  stream?.say(4, { name: 'BARRIER_REQUEST', value: undefined });
  await turn();
  expect(rules(bridge)).toEqual(['priority=6,actions=drop']);
  expect(takeSaid('fail_open')).toEqual(['warn: No longer in fail-open mode']);
});

test('a controller that has been connected for half a minute is in charge without a word', async () => {
  const bridge = await bridgeWith(controlled(), 'standalone');
  await pass(16);
  expect(rules(bridge)).toEqual(['priority=15790320,actions=NORMAL']);
  await pass(14);
  expect(rules(bridge)).toEqual([]);
});

test('who connects by itself and is to be in charge keeps the bridge from failing open', async () => {
  peer = 'absent';
  mayListen = true;
  const [first] = controlled().controllers;
  if (first === undefined) expect.unreachable();
  const controllers = [first, { ...first, target: 'ptcp:6653', probeInterval: 10 }];
  const bridge = await bridgeWith({ ...controlled(), controllers }, 'standalone');
  await pass(29); // three intervals of the one that is probed least often
  expect(rules(bridge)).toEqual([]);
  await pass(1);
  expect(rules(bridge)).toEqual(['priority=15790320,actions=NORMAL']);
  const stream = new FakeStream();
  call(stream);
  stream.say(4, { name: 'HELLO', value: { versions: undefined } });
  await pass(3);
  expect(rules(bridge)).toHaveLength(1);
  expect(stream.sent.map(({ name }) => name)).toContain('PACKET_IN');
  stream.say(4, { name: 'BARRIER_REQUEST', value: undefined });
  await turn();
  host.addFlow(bridge, 'priority=5,actions=drop');
  await pass(5);
  expect(rules(bridge)).toEqual(['priority=5,actions=drop']);
  stream.abort();
  await turn();
  await pass(1);
  expect(rules(bridge)).toEqual(['priority=15790320,actions=NORMAL']);
});

test('what could not be listened on is tried again when something is configured', async () => {
  const listening = controlled({ target: 'ptcp:6653', type: 'service' });
  const bridge = await bridgeWith(listening);
  expect(bridge.controllers.isIncomplete).toBe(true);
  mayListen = true;
  await bridge.controllers.configure();
  expect(bridge.controllers.isIncomplete).toBe(false);
  expect(takeSaid('connmgr')).toEqual(['info: br0: added service controller "ptcp:6653"']);
});

const ofLocalPort = [
  'priority=180000,udp,in_port=LOCAL,dl_src=02:00:00:00:00:01,tp_src=68,tp_dst=67,actions=NORMAL',
  'priority=180001,arp,dl_dst=02:00:00:00:00:01,arp_op=2,actions=NORMAL',
  'priority=180002,arp,dl_src=02:00:00:00:00:01,arp_op=1,actions=NORMAL',
];

const ofRemote = (address: string, port: number): string[] => [
  `priority=180005,arp,arp_tpa=${address},arp_op=2,actions=NORMAL`,
  `priority=180006,arp,arp_spa=${address},arp_op=1,actions=NORMAL`,
  `priority=180007,tcp,nw_dst=${address},tp_dst=${port},actions=NORMAL`,
  `priority=180008,tcp,nw_src=${address},tp_src=${port},actions=NORMAL`,
];

test('what the host needs to reach controllers is forwarded above all flows, and seen by nobody else', async () => {
  const bridge = host.addBridge('br0', { failMode: 'secure' });
  await host.addPort(bridge, 'br0', {}, undefined);
  const port = bridge.ports.get(localPort);
  Object.assign(port?.netdev.state ?? {}, { mac: '02:00:00:00:00:01' });
  const { control } = bridge.config;
  await configure(bridge, {
    control: { ...control, inBand: inBand(['10.0.0.1:6653', '10.0.0.1:6640', '10.0.0.2:1']) },
  });
  const expected = [
    ...ofLocalPort,
    ...ofRemote('10.0.0.1', 6653),
    ...ofRemote('10.0.0.1', 6640),
    ...ofRemote('10.0.0.2', 1),
  ];
  expect(rules(bridge).sort()).toEqual([...new Set(expected)].sort());
  expect([...findRules(bridge.tables, everyFlow, bridge.tables.version)]).toEqual([]);
  await configure(bridge, { control: { ...control, inBand: inBand(['10.0.0.2:1'], 7) } });
  const queued = [...ofLocalPort, ...ofRemote('10.0.0.2', 1)].map((line) =>
    line.replace('=NORMAL', '=set_queue:7,NORMAL'),
  );
  expect(rules(bridge).sort()).toEqual(queued.sort());
  await configure(bridge, { control });
  expect(rules(bridge)).toEqual([]);
});

test('in band, whom the host sends to may resolve addresses too, once it is known', async () => {
  const macs = new Map<string, string>();
  host = new VirtualSwitch(transport, (address) => {
    if (address === '10.0.0.9') throw syscallFailed('route', errnos.ENXIO, address);
    return macs.get(address);
  });
  const bridge = host.addBridge('br0', { failMode: 'secure' });
  await host.addPort(bridge, 'br0');
  const { control } = bridge.config;
  await configure(bridge, { control: { ...control, inBand: inBand(['10.0.0.1:1', '10.0.0.9:1']) } });
  expect(takeSaid('in_band')).toEqual([
    'warn: br0: cannot find route for controller (10.0.0.9): No such device or address',
  ]);
  expect(rules(bridge)).toHaveLength(11);
  macs.set('10.0.0.1', '02:00:00:00:00:0a');
  await pass(1);
  expect(rules(bridge)).toContain('priority=180003,arp,dl_dst=02:00:00:00:00:0a,arp_op=2,actions=NORMAL');
  expect(rules(bridge)).toContain('priority=180004,arp,dl_src=02:00:00:00:00:0a,arp_op=1,actions=NORMAL');
  expect(rules(bridge)).toHaveLength(13);
  macs.clear(); // for a while
  await pass(20);
  expect(rules(bridge)).toHaveLength(13);
});

test('while flows are restored no controller is connected to, and they stay when it is', async () => {
  const bridge = await bridgeWith({ ...controlled(), isHeld: true }, 'standalone');
  await pass(20);
  expect(said).toEqual([]);
  host.addFlow(bridge, 'priority=5,actions=drop');
  await configure(bridge, { control: controlled() });
  expect(takeSaid('rconn')).toEqual(['info: connecting...', 'info: connected']);
  expect(rules(bridge)).toEqual(['priority=5,actions=drop']);
});

test.each([1, 3, 4, 6] as const)(
  'in version %i, it has connections forgotten, all of a zone or by their tuples',
  async (wire) => {
    version = wire;
    const bridge = await bridgeWith(controlled());
    const [stream] = streams;
    await host.addPort(bridge, 'p1');
    host.addFlow(bridge, 'ip,actions=ct(commit,zone=5),ct(commit,zone=6)');
    for (const source of [1, 2]) host.inject('p1', udpPacket({ source }));
    host.advance(10);
    const left = async (): Promise<string[]> => {
      const reports = await host.datapath.conntrack({ ask: 'dump', zone: undefined });
      return reports.map(({ original }) => formatConnection(original)).sort();
    };
    expect(await left()).toEqual(['5: 1', '5: 2', '6: 1', '6: 2']);
    const one = readConnectionTuples('ct_nw_src=10.0.0.1,ct_nw_proto=17,ct_tp_src=2', '', 6);
    stream?.say(wire, { name: 'CT_FLUSH', value: one }, 7);
    await turn();
    expect(await left()).toEqual(['5: 1', '5: 2', '6: 1']);
    stream?.say(wire, { name: 'CT_FLUSH_ZONE', value: { id: 5 } }, 8);
    await turn();
    expect(await left()).toEqual(['6: 1']);
    stream?.say(wire, { name: 'CT_FLUSH', value: readConnectionTuples('', '', undefined) }, 9);
    await turn();
    expect(await left()).toEqual([]);
    expect(stream?.sent.filter(({ name }) => name === 'ERROR')).toEqual([]);
  },
);

/** Zone and source port. */
function formatConnection(original: TupleWords): string {
  const tuple = Uint32Array.from(original);
  return `${zoneOf(tuple)}: ${sourcePortOf(tuple)}`;
}
