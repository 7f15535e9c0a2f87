import { beforeEach, expect, test } from 'vitest';
import { type Ms, ms } from '../base/units.ts';
import { type Bpdu, bpduFlag, bridgeId, type ConfigurationBpdu, emitBpdu } from '../wire/bpdu.ts';
import { Stp } from './stp.ts';
import { stpTimes } from './stp-types.ts';

const settings = {
  mac: '02:00:00:00:00:05',
  priority: 0x8000,
  helloTime: 2000,
  maxAge: 20_000,
  forwardDelay: 15_000,
};

let now: Ms;
let sent: { port: string; bpdu: Bpdu }[];
let stp: Stp<string>;

beforeEach(() => {
  now = ms(1000);
  sent = [];
  stp = new Stp<string>('br0', settings, (port, bpdu) => sent.push({ port, bpdu }), now);
  addPort('a', 1);
  addPort('b', 2);
});

function addPort(name: string, number: number): void {
  stp.addPort(name, { name, number, priority: 128, pathCost: 19 });
  stp.setUp(name, true);
}

function pass(seconds: number): void {
  for (let n = 0; n < seconds; n++) {
    now = ms(now + 1000);
    stp.run(now);
  }
}

/** What another bridge says. */
function hear(port: string, from: Partial<ConfigurationBpdu> & { readonly rootId: string }): void {
  const bpdu: ConfigurationBpdu = {
    ...{ type: 'configuration', flags: 0, rootPathCost: 0, bridgeId: from.rootId, portId: 0x8001 },
    ...{ messageAge: 0, maxAge: 20 * 256, helloTime: 2 * 256, forwardDelay: 15 * 256 },
    ...from,
  };
  stp.receive(port, emitBpdu(bpdu));
}

const better = bridgeId(0x1000, '02:00:00:00:00:01');
const states = (): string[] => [...stp.ports.values()].map(({ state }) => state);
const roles = (): string[] => [...stp.ports.keys()].map((port) => stp.roleOf(port));

test('a bridge alone is the root, and its ports listen, learn and forward', () => {
  expect(states()).toEqual(['listening', 'listening']);
  pass(15);
  expect(states()).toEqual(['learning', 'learning']);
  pass(15);
  expect(states()).toEqual(['forwarding', 'forwarding']);
  expect(roles()).toEqual(['designated', 'designated']);
  expect(stp.isRoot).toBe(true);
  expect(stp.takeFlush()).toBe(true);
  expect(stp.takeFlush()).toBe(false);
});

test('the root says hello every two seconds out of each port', () => {
  pass(10);
  const hellos = sent.filter(({ port }) => port === 'a');
  expect(hellos).toHaveLength(5);
  expect(hellos[0]?.bpdu).toMatchObject({
    type: 'configuration',
    rootId: stp.id,
    portId: 0x8001,
    messageAge: 0,
  });
});

test('the better bridge is the root, the shorter way to it the root port, and the other port blocks', () => {
  pass(30);
  hear('a', { rootId: better });
  hear('b', { rootId: better, rootPathCost: 4, bridgeId: bridgeId(0x2000, '02:00:00:00:00:02') });
  expect(stp.rootId).toBe(better);
  expect(stp.rootPathCost).toBe(19);
  expect(roles()).toEqual(['root', 'alternate']);
  expect(states()).toEqual(['forwarding', 'blocking']);
});

test('a port that blocks takes over when the root port goes down', () => {
  hear('a', { rootId: better });
  hear('b', { rootId: better, rootPathCost: 4, bridgeId: bridgeId(0x2000, '02:00:00:00:00:02') });
  stp.setUp('a', false);
  expect(stp.rootPathCost).toBe(23);
  expect(roles()).toEqual(['designated', 'root']);
  expect(states()).toEqual(['disabled', 'listening']);
});

test('what is not said again is forgotten after the longest age', () => {
  hear('a', { rootId: better });
  pass(19);
  expect(stp.rootId).toBe(better);
  pass(1);
  expect(stp.isRoot).toBe(true);
});

test('a changed topology is told to the root until it answers, and the answer of a root flushes', () => {
  hear('a', { rootId: better });
  pass(5);
  hear('a', { rootId: better });
  stp.takeFlush();
  sent = [];
  stp.notifyTopologyChange();
  expect(sent).toEqual([{ port: 'a', bpdu: { type: 'notification' } }]);
  pass(2);
  expect(sent.filter(({ bpdu }) => bpdu.type === 'notification')).toHaveLength(2);
  hear('a', { rootId: better, flags: bpduFlag.topologyChangeAck | bpduFlag.topologyChange });
  expect(stp.takeFlush()).toBe(true);
  sent = [];
  pass(6);
  expect(sent.filter(({ bpdu }) => bpdu.type === 'notification')).toEqual([]);
});

test('a notification from below is acknowledged where it came', () => {
  pass(30);
  sent = [];
  stp.receive('b', emitBpdu({ type: 'notification' }));
  pass(1);
  const flags = sent.filter(({ port }) => port === 'b').map(({ bpdu }) => 'flags' in bpdu && bpdu.flags);
  expect(flags).toContain(bpduFlag.topologyChangeAck | bpduFlag.topologyChange);
});

test('what cannot be read, is of RSTP or too old counts and changes nothing', () => {
  stp.receive('a', Uint8Array.of(0, 0));
  stp.receive('a', new Uint8Array(36).fill(2, 3, 4));
  hear('a', { rootId: better, messageAge: 20 * 256 });
  expect(stp.isRoot).toBe(true);
  expect(stp.ports.get('a')?.counters).toMatchObject({ received: 1, bad: 2 });
});

test('times are brought into the relations that the standard asks for', () => {
  const seconds = ({ helloTime, maxAge, forwardDelay }: ReturnType<typeof stpTimes>): number[] =>
    [helloTime, maxAge, forwardDelay].map((ticks) => ticks / 256);
  expect(seconds(stpTimes(settings))).toEqual([2, 20, 15]);
  expect(seconds(stpTimes({ ...settings, helloTime: 10_000, maxAge: 6000, forwardDelay: 4000 }))).toEqual([
    10, 22, 12,
  ]);
});

test('a bridge that gets a better identifier becomes the root and says so', () => {
  hear('a', { rootId: better });
  pass(2);
  sent = [];
  stp.configure({ ...settings, priority: 0 });
  expect(stp.isRoot).toBe(true);
  expect(sent[0]?.bpdu).toMatchObject({ rootId: bridgeId(0, settings.mac) });
});
