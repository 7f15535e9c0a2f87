import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  netdevConformance,
  noConfig,
  testDeps,
  testDummies,
  testPacket,
} from '../../../test/conformance/netdev.ts';
import { FakeClock } from '../../base/clock.ts';
import { Timers } from '../../base/timers.ts';
import { openPortIo } from '../registry.ts';
import { DummyDevices } from './device.ts';
import { dummyProvider } from './provider.ts';

netdevConformance('dummy', {
  provider: dummyProvider('dummy', testDummies),
  prepare: () => {},
  connect(netdev) {
    const device = testDummies.get(netdev.name);
    const sent: Uint8Array[] = [];
    if (device !== undefined) device.onTransmit = (packet) => sent.push(packet);
    return {
      inject: (packet) => void device?.receive(packet),
      collect: () => sent.splice(0),
      close: () => {},
    };
  },
  waitFor: () => {},
  settle: () => {},
});

const dummies = new DummyDevices();
const dummy = dummyProvider('dummy', dummies);
const deps = () => ({ ...testDeps, timers: new Timers(new FakeClock()) });

test('A dummy port tells that frames have come and drops beyond a hundred unread ones', async () => {
  await using netdev = await dummy.open('p1', noConfig, deps());
  const io = openPortIo({ kind: 'dummy', name: 'p1' }, dummies);
  let toldCount = 0;
  if ('onInput' in io) io.onInput = () => toldCount++;
  for (let i = 0; i < 101; i++) dummies.get('p1')?.receive(testPacket(i));
  expect(toldCount).toBe(100);
  expect(io.counters.rxDropped).toBe(1);
  expect(netdev.type).toBe('dummy');
});

test('A dummy port drops frames beyond its MTU, a tag aside', async () => {
  await using netdev = await dummy.open('p1', { ...noConfig, mtuRequest: 1000 }, deps());
  const tagged = testPacket(1, 1018);
  tagged.set([0x81, 0], 12);
  expect(netdev.state.mtu).toBe(1000);
  expect(dummies.get('p1')?.transmit(testPacket(1, 1014))).toBe(true);
  expect(dummies.get('p1')?.transmit(testPacket(1, 1015))).toBe(false);
  expect(dummies.get('p1')?.transmit(tagged)).toBe(true);
});

test('A dummy name is taken until its device is disposed of', async () => {
  const netdev = await dummy.open('p1', noConfig, deps());
  await expect(dummy.open('p1', noConfig, deps())).rejects.toThrow('File exists');
  await netdev[Symbol.asyncDispose]();
  expect(netdev.isGone).toBe(true);
  expect(dummies.all()).toEqual([]);
});

test('A dummy port writes what it receives and sends to capture files', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'dummy-'));
  const pcap = join(dir, 'p1.pcap');
  const options = new Map([
    ['pcap', pcap],
    ['ifindex', '1100'],
  ]);
  const netdev = await dummy.open('p1', { ...noConfig, options, mac: '02:00:00:00:00:AA' }, deps());
  expect(netdev.state).toMatchObject({ ifindex: 1100, mac: '02:00:00:00:00:aa' });
  dummies.get('p1')?.receive(testPacket(1));
  dummies.get('p1')?.transmit(testPacket(2, 70));
  await netdev[Symbol.asyncDispose]();
  const file = readFileSync(pcap);
  expect(file.length).toBe(24 + 16 + 60 + 16 + 70);
  expect(file.readUInt32LE(0)).toBe(0xa1b2c3d4);
  expect(file.readUInt32LE(24)).toBe(Date.UTC(2026, 0, 1) / 1000);
  expect(new Uint8Array(file.subarray(40, 100))).toEqual(testPacket(1));

  await using _ = await dummy.open('p1', { ...noConfig, options }, deps());
  dummies.get('p1')?.transmit(testPacket(3));
  expect(readFileSync(pcap)).toEqual(Buffer.concat([file, readFileSync(pcap).subarray(-76)]));
  rmSync(dir, { recursive: true });
});
