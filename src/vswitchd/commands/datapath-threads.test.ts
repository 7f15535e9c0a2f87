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
    'emc hits: 1',
    'megaflow hits: 1',
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
