import { beforeEach, expect, test } from 'vitest';
import { type Ms, ms } from '../base/units.ts';
import { type Bpdu, bpduFlag, emitBpdu } from '../wire/bpdu.ts';
import { Rstp } from './rstp.ts';
import type { RstpPortSettings, RstpSettings } from './rstp-types.ts';

const settings: RstpSettings = {
  mac: '02:00:00:00:00:01',
  priority: 0x8000,
  isStpOnly: false,
  maxAge: 20,
  forwardDelay: 15,
  transmitHoldCount: 6,
};
const portSettings: RstpPortSettings = {
  ...{ name: 'a', number: 0, priority: 128, pathCost: 2000, isEdge: false, findsEdge: true },
  ...{ isPointToPoint: true, isEnabled: true, mustCheckMigration: false },
};

let now: Ms;
let sent: Bpdu[];

beforeEach(() => {
  now = ms(0);
  sent = [];
});

function bridge(
  last: string,
  carry: (port: string, bpdu: Bpdu) => void,
  changes: Partial<RstpSettings> = {},
) {
  const rstp = new Rstp<string>(
    `br${last}`,
    { ...settings, mac: `02:00:00:00:00:0${last}`, ...changes },
    carry,
    now,
  );
  const plug = (name: string, of: Partial<RstpPortSettings> = {}): void => {
    rstp.addPort(name);
    rstp.configurePort(name, { ...portSettings, name, ...of });
    rstp.setUp(name, true);
  };
  return { rstp, plug };
}

function pass(seconds: number, ...bridges: Rstp<string>[]): void {
  for (let n = 0; n < seconds; n++) {
    now = ms(now + 1000);
    for (const each of bridges) {
      each.run(now);
      each.takeChanges();
    }
  }
}

/** Two bridges that are joined by two cables. */
function pair(changes: Partial<RstpSettings> = {}) {
  const queue: (() => void)[] = [];
  const one = bridge('1', (port, bpdu) => queue.push(() => two.rstp.receive(port, emitBpdu(bpdu))));
  const two = bridge('2', (port, bpdu) => queue.push(() => one.rstp.receive(port, emitBpdu(bpdu))), changes);
  const settle = (): void => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) next();
  };
  return { one, two, settle };
}

const show = ({ rstp }: { readonly rstp: Rstp<string> }): string[] =>
  rstp.links.map(({ settings: { name }, role, state }) => `${name} ${role} ${state}`);

test('two bridges agree at once, and one of two cables rests', () => {
  const { one, two, settle } = pair();
  for (const { plug } of [one, two]) for (const name of ['a', 'b']) plug(name);
  settle();
  pass(1, one.rstp, two.rstp);
  settle();
  expect(one.rstp.isRoot).toBe(true);
  expect(two.rstp.rootPort?.settings.name).toBe('a');
  expect(show(two)).toEqual(['a root forwarding', 'b alternate discarding']);
  expect(show(one)[0]).toBe('a designated forwarding');
});

test('the cable that rests takes over at once, with the addresses of the other', () => {
  const { one, two, settle } = pair();
  for (const { plug } of [one, two]) for (const name of ['a', 'b']) plug(name);
  settle();
  pass(3, one.rstp, two.rstp);
  settle();
  for (const { rstp } of [one, two]) rstp.setUp('a', false);
  settle();
  expect(two.rstp.portOf('b')).toMatchObject({ role: 'root', state: 'forwarding' });
  expect(one.rstp.portOf('b')).toMatchObject({ role: 'designated', state: 'forwarding' });
  expect(two.rstp.takeChanges().moved).toEqual({ from: 'a', to: 'b' });
});

test('a port with nobody behind it forwards after three seconds, one that is said to be so at once', () => {
  const { rstp, plug } = bridge('1', () => {});
  plug('a');
  plug('b', { findsEdge: false });
  pass(4, rstp);
  expect(rstp.links.map(({ state }) => state)).toEqual(['forwarding', 'discarding']);
  rstp.addPort('c');
  rstp.configurePort('c', { ...portSettings, name: 'c', isEdge: true });
  rstp.setUp('c', true);
  expect(rstp.portOf('c')?.state).toBe('forwarding');
});

test('a neighbour that speaks STP is spoken to as STP does', () => {
  const { rstp, plug } = bridge('1', (_, bpdu) => sent.push(bpdu));
  plug('a');
  pass(4, rstp);
  rstp.receive(
    'a',
    emitBpdu({
      ...{ type: 'configuration', flags: 0, rootId: 'f000020000000009', rootPathCost: 0, portId: 0x8001 },
      ...{ bridgeId: 'f000020000000009', messageAge: 0, maxAge: 5120, helloTime: 512, forwardDelay: 3840 },
    }),
  );
  sent = [];
  pass(4, rstp);
  expect(sent.length).toBeGreaterThan(0);
  expect(new Set(sent.map(({ type }) => type))).toEqual(new Set(['configuration']));
});

test('a bridge that is to speak STP only does, and its ports take their time', () => {
  const { one, two, settle } = pair({ isStpOnly: true });
  one.plug('a');
  two.plug('a');
  settle();
  pass(4, one.rstp, two.rstp);
  settle();
  expect(two.rstp.portOf('a')).toMatchObject({ role: 'root', state: 'discarding' });
});

test('no more BPDUs leave a port than its bridge allows', () => {
  const { rstp, plug } = bridge('1', (_, bpdu) => sent.push(bpdu), { transmitHoldCount: 2 });
  plug('a');
  pass(1, rstp);
  sent = [];
  for (let priority = 1; priority < 9; priority++)
    rstp.configure({ ...settings, priority: priority * 0x1000, transmitHoldCount: 2 });
  expect(sent.length).toBeLessThanOrEqual(2);
});

test('own BPDUs that come back, ones that are too old and ones that cannot be read are bad', () => {
  const { rstp, plug } = bridge('1', (_, bpdu) => sent.push(bpdu));
  plug('a');
  const own: Bpdu = {
    ...{ type: 'configuration', flags: 0, rootId: rstp.id, rootPathCost: 0, bridgeId: rstp.id },
    ...{ portId: 0x8001, messageAge: 0, maxAge: 5120, helloTime: 512, forwardDelay: 3840 },
  };
  rstp.receive('a', emitBpdu(own));
  rstp.receive('a', emitBpdu({ ...own, portId: 0x8002, messageAge: 5120 }));
  rstp.receive('a', Uint8Array.of(1));
  expect(rstp.portOf('a')).toMatchObject({ receivedCount: 0, badCount: 3 });
  rstp.receive('a', emitBpdu({ ...own, portId: 0x8002 }));
  expect(rstp.portOf('a')).toMatchObject({ receivedCount: 1 });
});

test('when the root port goes away, the other way to the root is taken', () => {
  const { one, two, settle } = pair();
  for (const { plug } of [one, two]) for (const name of ['a', 'b']) plug(name);
  settle();
  two.rstp.removePort('a');
  settle();
  expect(two.rstp.rootPort?.settings.name).toBe('b');
});

test('ports get the first number that is free, and the one they want where it is', () => {
  const { rstp, plug } = bridge('1', () => {});
  plug('a');
  plug('b', { number: 7 });
  plug('c', { number: 7 });
  expect(['a', 'b', 'c'].map((port) => rstp.portOf(port)?.settings.number)).toEqual([1, 7, 2]);
});

test('a topology that changes behind one port is told out of the others, whose addresses are forgotten', () => {
  const out: { readonly port: string; readonly bpdu: Bpdu }[] = [];
  const { rstp, plug } = bridge('1', (port, bpdu) => out.push({ port, bpdu }));
  for (const name of ['a', 'b']) plug(name, { findsEdge: false });
  pass(40, rstp);
  out.length = 0;
  rstp.receive('a', emitBpdu({ type: 'notification' }));
  expect(rstp.takeChanges().flushed).toEqual(['b']);
  const told = out.filter(({ bpdu }) => 'flags' in bpdu && (bpdu.flags & bpduFlag.topologyChange) !== 0);
  expect(told.map(({ port }) => port)).toContain('b');
});
