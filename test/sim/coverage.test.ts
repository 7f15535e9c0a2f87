import { afterEach, beforeEach, expect, test } from 'vitest';
import { allCounters } from '../../src/base/coverage.ts';
import { SwitchFixture } from './switch-fixture.ts';

let fixture: SwitchFixture;

beforeEach(async () => {
  fixture = new SwitchFixture();
  await fixture.start();
});

afterEach(async () => {
  await fixture.stop();
});

/** What each counter gained meanwhile; those that gained nothing are left out. */
async function gained(act: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = new Map(allCounters().map(({ name, total }) => [name, total]));
  await act();
  await fixture.settle();
  const now = allCounters().map(({ name, total }) => [name, total - (before.get(name) ?? 0)] as const);
  return Object.fromEntries(now.filter(([, count]) => count > 0));
}

test('Events are counted under the names that the reference has for them', async () => {
  await fixture.addBridge('br0', ['p1', 'p2']);
  expect(await gained(() => fixture.addPort('br0', 'p3'))).toMatchObject({
    dpif_port_add: 1,
    txn_success: 2, // the tool's, and what the daemon tells of it
  });
  expect(await gained(() => fixture.removePort('br0', 'p3'))).toMatchObject({ dpif_port_del: 1 });
  const frame = Buffer.from('0000000000020000000000011234', 'hex');
  expect(await gained(async () => fixture.device('p1').receive(frame))).toMatchObject({
    dpif_flow_put: 1,
    xlate_actions: 1,
    mac_learning_learned: 1,
    rev_mac_learning: 1,
  });
  expect(await gained(() => fixture.appctl('revalidator/purge'))).toMatchObject({ dpif_flow_del: 1 });
});
