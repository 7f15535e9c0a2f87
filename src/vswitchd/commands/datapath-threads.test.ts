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
  const set = (...args: string[]) => fixture.appctl('dpif-netdev/subtable-lookup-prio-set', ...args);
  expect(await set('generic', '7')).toBe('Lookup priority change affected 0 dpcls ports and 0 subtables.\n');
  expect(await set('autovalidator', '7')).toBe(
    'Lookup priority change affected 2 dpcls ports and 2 subtables.\n',
  );
  expect(await lookups()).toBe(
    'Available dpcls implementations:\n  autovalidator (Use count: 2, Priority: 7)\n  generic (Use count: 0, Priority: 7)\n',
  );
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
  await fixture.advance(15_000);
  const later = await fixture.appctl('dpif-netdev/pmd-rxq-show', '-secs', '5');
  expect(later).toContain(
    '  port: p1                queue-id:  1 (enabled)   pmd usage:  0 %\n  overhead:  0 %\n',
  );
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
  const perBatch = (core: string) => fixture.appctl('dpif-netdev/pmd-stats-show', '-pmd', core);
  for (const core of ['0', '1']) expect(await perBatch(core)).toContain('packets per output batch: 1.00\n');
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

test('Threads tell how they spend their time, in rounds and histograms where that is asked for', async () => {
  const set = (...keys: [string, string][]) =>
    fixture.change((tx, root) => tx.update('Open_vSwitch', root._uuid, { other_config: new Map(keys) }));
  const show = (...args: string[]) => fixture.appctl('dpif-netdev/pmd-perf-show', ...args);
  await fixture.addBridge('br0', ['p2']);
  await set(['pmd-cpu-mask', '1']);
  expect(await show()).toBe('');
  await fixture.addPort('br0', 'p1', { type: 'dummy-pmd' });
  await fixture.appctl('dpif-netdev/pmd-stats-clear');
  for (let n = 0; n < 3; n++) fixture.device('p1').receive(packet);
  const text = await show();
  expect(text).toMatch(
    /^\nTime: \d\d:\d\d:\d\d\.\d{3}\nMeasurement duration: \d+\.\d{3} s\n\npmd thread numa_id 0 core_id 0:\n\n {2}Iterations: +6 {2}\(0\.00 us\/it\)\n/,
  );
  for (const line of [
    '- idle iterations:             3  (  0.0 % of used cycles)',
    '- busy iterations:             3  (  0.0 % of used cycles)',
    '- sleep iterations:            3  ( 50.0 % of iterations)',
    'Sleep time (us):               0  (  0 us/iteration avg.)',
    'Rx packets:                    3  (0 Kpps, 0 cycles/pkt)',
    'Datapath passes:               3  (1.00 passes/pkt)',
    '- EMC hits:                    2  ( 66.7 %)',
    '- Megaflow hits:               0  (  0.0 %, 0.00 subtbl lookups/hit)',
    '- Upcalls:                     1  ( 33.3 %, 0.0 us/upcall)',
    'Tx batches:                    6  (1.00 pkts/batch)',
  ])
    expect(text).toContain(`\n  ${line}\n`);
  expect(text).not.toContain('Histograms');
  await set(['pmd-cpu-mask', '1'], ['pmd-perf-metrics', 'true']);
  fixture.device('p1').receive(packet);
  const detailed = await show('-it', '2', '-ms', '1');
  expect(detailed.split('\n')).toHaveLength(text.split('\n').length + 38 + 4 + 3);
  expect(await show('-nh', '-pmd', '0')).not.toContain('Histograms');
  expect(await show('-pmd', '7')).toBe('');
  const log = (...args: string[]) => fixture.appctl('dpif-netdev/pmd-perf-log-set', ...args);
  expect(await log('off', '-b', '5', '-ne')).toBe('');
  for (const wrong of [['of'], ['-b'], ['-b', 'x'], ['-us', '-1'], ['-q', '4294967296']])
    await expect(log(...wrong)).rejects.toThrow(
      'Usage: ovs-appctl dpif-netdev/pmd-perf-log-set [on|off] [-b',
    );
});
