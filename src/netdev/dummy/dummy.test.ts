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
import { FrameBatch } from '../../wire/frame.ts';
import { configOf } from '../provider.ts';
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

test('A dummy port answers requests for its address, and no others', async () => {
  await using _ = await dummy.open('p1', { ...noConfig, mac: '02:00:00:00:00:aa' }, deps());
  const device = dummies.get('p1');
  const request = (target: string): Uint8Array =>
    Uint8Array.from(
      Buffer.from(
        `ffffffffffff50540000000508060001080006040001505400000005c0a80001000000000000${target}`,
        'hex',
      ),
    );
  device?.transmit(request('c0a80002'));
  if (device !== undefined)
    device.addresses = { ipv4: { address: Uint8Array.of(192, 168, 0, 2), prefix: 24 } };
  device?.transmit(request('c0a80003'));
  expect(device?.queue).toEqual([]);
  device?.transmit(request('c0a80002'));
  expect(device?.queue.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).toEqual([
    '5054000000050200000000aa080600010800060400020200000000aac0a80002505400000005c0a80001',
  ]);
});

test('A polled dummy port has as many queues as it is given, and counts by them', async () => {
  const options = new Map([
    ['n_rxq', '2'],
    ['n_txq', '5000'],
  ]);
  await using netdev = await dummyProvider('dummy-pmd', dummies).open('p1', { ...noConfig, options }, deps());
  const io = openPortIo({ kind: 'dummy', name: 'p1' }, dummies);
  dummies.get('p1')?.receive(testPacket(1), 1);
  io.receive(new FrameBatch(4));
  const stats = await netdev.stats();
  expect([stats.get('rx_q0_packets'), stats.get('rx_q1_packets')]).toEqual([0, 1]);
  expect(Object.fromEntries(configOf(netdev))).toMatchObject({
    configured_rx_queues: '2',
    configured_tx_queues: '1024',
  });
});
