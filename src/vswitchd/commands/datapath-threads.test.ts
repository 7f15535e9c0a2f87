import { afterEach, beforeEach, expect, test } from 'vitest';
import { SwitchFixture } from '../../../test/sim/switch-fixture.ts';

let fixture: SwitchFixture;

beforeEach(async () => {
  fixture = new SwitchFixture();
  await fixture.start();
});

afterEach(async () => {
  await fixture.stop();
});

const stats = () => fixture.appctl('dpif-netdev/pmd-stats-show');

test('Packets are counted by how their flows were found, until that is cleared', async () => {
  await fixture.addBridge('br0', ['p1', 'p2']);
  await fixture.appctl('dpif-netdev/pmd-stats-clear');
  for (let n = 0; n < 3; n++)
    fixture.device('p1').receive(Buffer.from('0000000000020000000000011234', 'hex'));
  const text = await stats();
  for (const line of [
    'packets received: 3',
    'packet recirculations: 0',
    'emc hits: 2',
    'megaflow hits: 0',
    'miss with success upcall: 1',
    'miss with failed upcall: 0',
  ])
    expect(text).toContain(`  ${line}\n`);
  await fixture.appctl('dpif-netdev/pmd-stats-clear');
  expect(await stats()).toContain('  packets received: 0\n');
  await expect(stats()).resolves.toMatch(/^main thread:\n/);
});

test('A subtable is in use for each port and mask of flows', async () => {
  const lookups = () => fixture.appctl('dpif-netdev/subtable-lookup-info-get');
  await fixture.addBridge('br0', ['p1', 'p2']);
  expect(await lookups()).toContain('generic (Use count: 0, Priority: 1)');
  for (const port of ['p1', 'p2'])
    for (const type of ['1234', '1235'])
      fixture.device(port).receive(Buffer.from(`000000000002000000000001${type}`, 'hex'));
  expect(await lookups()).toContain('generic (Use count: 2, Priority: 1)');
  await fixture.appctl('dpif-netdev/subtable-lookup-prio-set', 'generic', '7');
  expect(await lookups()).toContain('generic (Use count: 2, Priority: 7)');
});

const packet = Buffer.from('0000000000020000000000011234', 'hex');

test('Threads poll the queues of ports that have some, and have flows and counts of their own', async () => {
  const setMask = (mask: string) =>
    fixture.change((tx, root) =>
      tx.update('Open_vSwitch', root._uuid, { other_config: new Map([['pmd-cpu-mask', mask]]) }),
    );
  await fixture.addBridge('br0', ['p2']);
  await fixture.addPort('br0', 'p1', { type: 'dummy-pmd', options: new Map([['n_rxq', '2']]) });
  await setMask('3');
  const queues = await fixture.appctl('dpif-netdev/pmd-rxq-show');
  expect(queues).toMatch(
    /^Displaying last 60 seconds pmd usage %\npmd thread numa_id 0 core_id 0:\n {2}isolated : false\n/,
  );
  expect(queues).toContain('  port: p1                queue-id:  1 (enabled)   pmd usage: NOT AVAIL\n');
  fixture.device('p1').receive(packet, 0);
  fixture.device('p1').receive(packet, 1);
  fixture.device('p1').receive(packet, 1);
  const received = async (core: string) =>
    /packets received: (\d+)/.exec(await fixture.appctl('dpif-netdev/pmd-stats-show', '-pmd', core))?.[1];
  expect([await received('0'), await received('1')]).toEqual(['1', '2']);
  const flows = async (...args: string[]) => await fixture.appctl('dpctl/dump-flows', ...args);
  expect(await flows('pmd=1')).toContain('packets:1');
  expect(await flows('pmd=0')).toContain('packets:0');
  expect(await flows('pmd=-1')).toBe('');
  await setMask('1');
  expect(await fixture.appctl('dpif-netdev/pmd-rxq-show')).not.toContain('core_id 1:');
  fixture.device('p1').receive(packet, 1);
  expect(await received('0')).toBe('2');
});

test('A port of several queues sends by that of the thread, or by one for each connection', async () => {
  await fixture.addBridge('br0', ['p1']);
  const options = new Map([['n_txq', '2']]);
  const sentBy = async (steering: string): Promise<readonly boolean[]> => {
    const name = `by-${steering}`;
    await fixture.addPort('br0', name, {
      type: 'dummy-pmd',
      options,
      other_config: new Map([['tx-steering', steering]]),
    });
    for (let host = 1; host <= 32; host++)
      fixture
        .device('p1')
        .receive(Buffer.from(`ffffffffffff0000000000${host.toString(16).padStart(2, '0')}1234`, 'hex'));
    const counts = new Map(fixture.device(name).queueCounters.entries());
    await fixture.removePort('br0', name);
    return [0, 1].map((queue) => (counts.get(`tx_q${queue}_packets`) ?? 0) > 0);
  };
  expect((await sentBy('thread')).filter((isUsed) => isUsed)).toHaveLength(1);
  expect(await sentBy('hash')).toEqual([true, true]);
});

test('A thread that comes later knows what the others were told of ports', async () => {
  await fixture.addBridge('br0', []);
  await fixture.addPort('br0', 'p1', { type: 'dummy-pmd' });
  await fixture.addPort('br0', 'p2', { mtu_request: 100 });
  const tooLong = (): number => {
    const [backer] = fixture.aSwitch.backers.values();
    return backer?.datapath.drops().get('tooLong') ?? 0;
  };
  for (const mask of ['1', '8', '2']) {
    await fixture.change((tx, root) =>
      tx.update('Open_vSwitch', root._uuid, { other_config: new Map([['pmd-cpu-mask', mask]]) }),
    );
    const before = tooLong();
    fixture.device('p1').receive(Buffer.concat([packet, Buffer.alloc(200)]));
    // Flooded to p2 and to the bridge's own port, which has the smallest MTU of all.
    expect([mask, tooLong() - before]).toEqual([mask, 2]);
  }
  await fixture.removePort('br0', 'p1');
  expect(await fixture.appctl('dpif-netdev/pmd-rxq-show')).toBe('Displaying last 60 seconds pmd usage %\n');
});
