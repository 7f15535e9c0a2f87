import { expect, test } from 'vitest';
import { createTestSwitch, type TestSwitch } from '../../src/testing/index.ts';
import type { OvsChange } from '../../src/vswitchd/schema/index.ts';

/** 60 bytes, which are 480 bits. */
const frame = `ffffffffffff 020000000001 0800${'00'.repeat(46)}`.replaceAll(' ', '');

async function police(limits: OvsChange<'Interface'>): Promise<TestSwitch> {
  const sw = await createTestSwitch();
  await sw.addBridge('br0', { ports: ['p1', 'p2', 'p3'] });
  await change(sw, limits);
  return sw;
}

async function change(sw: TestSwitch, limits: OvsChange<'Interface'>): Promise<void> {
  const row = [...sw.db.rows('Interface').values()].find(({ name }) => name === 'p1');
  await sw.transact((tx) => row && tx.update('Interface', row._uuid, limits));
}

/** How many of so many frames by p1 come out of p2. */
async function pass(sw: TestSwitch, count: number): Promise<number> {
  const bridge = sw.bridge('br0');
  for (let n = 0; n < count; n++) await bridge.port('p1').send(frame);
  return bridge.port('p2').take().length;
}

test('no more bits come in by a port than its bucket holds, and is filled with', async () => {
  await using sw = await police({ ingress_policing_rate: 100, ingress_policing_burst: 12 });
  expect(await pass(sw, 50)).toBe(25);
  await sw.advance(48);
  expect(await pass(sw, 50)).toBe(10);
  await sw.advance(10_000);
  expect(await pass(sw, 50)).toBe(25);
});

test('no more packets come in by a port than its bucket holds; 16 000 where nothing is said', async () => {
  await using sw = await police({ ingress_policing_kpkts_rate: 1, ingress_policing_kpkts_burst: 1 });
  expect(await pass(sw, 1500)).toBe(1000);
  await sw.advance(30);
  expect(await pass(sw, 50)).toBe(30);
});

test('other ports are not policed, and what is dropped is counted', async () => {
  await using sw = await police({ ingress_policing_rate: 1, ingress_policing_burst: 1 });
  expect(await pass(sw, 10)).toBe(2);
  for (let n = 0; n < 10; n++) await sw.bridge('br0').port('p3').send(frame);
  expect(sw.bridge('br0').port('p2').take().length).toBe(10);
  expect(sw.dropCounts('br0')).toContainEqual(
    expect.objectContaining({ port: 'p1', reason: 'policed', packets: 8 }),
  );
});

test('limits that stay keep what is in the bucket, others begin anew, and none lets all in', async () => {
  await using sw = await police({ ingress_policing_rate: 1, ingress_policing_burst: 1 });
  expect(await pass(sw, 10)).toBe(2);
  await change(sw, { mtu_request: 1400 });
  expect(await pass(sw, 10)).toBe(0);
  await change(sw, { ingress_policing_burst: 2 });
  expect(await pass(sw, 10)).toBe(4);
  await change(sw, { ingress_policing_rate: 0 });
  expect(await pass(sw, 10)).toBe(10);
});
