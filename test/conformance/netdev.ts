/**
 * What every port provider must show, whatever lies behind it. A provider's own test calls `netdevConformance` with a
 * harness that stands at the other end of its wire.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import { Timers } from '../../src/base/timers.ts';
import { DeviceMark } from '../../src/netdev/device-mark.ts';
import { DummyDevices } from '../../src/netdev/dummy/device.ts';
import type {
  Netdev,
  NetdevConfig,
  NetdevDeps,
  NetdevProvider,
  PortIo,
  PortSpec,
} from '../../src/netdev/provider.ts';
import { openPortIo } from '../../src/netdev/registry.ts';
import { Frame, FrameBatch } from '../../src/wire/frame.ts';

/** The other end of the wire of one device. */
export interface FarEnd {
  /** Sends a frame towards the netdev. */
  inject(packet: Uint8Array): void;
  /** Frames of the test's Ethernet type that left the netdev since the last call; waits for `count` of them. */
  collect(count: number): Uint8Array[];
  /** Makes the device vanish under the netdev; absent where it cannot. */
  remove?(): void;
  close(): void;
}

export interface NetdevHarness {
  readonly provider: NetdevProvider;
  /** Prepares what must exist before the device is opened (a veth pair). */
  prepare(name: string): void;
  /** Opens the frame path; `openPortIo` when absent. */
  openIo?(spec: PortSpec): Promise<PortIo>;
  /** Called when the netdev is open and up. */
  connect(netdev: Netdev): FarEnd;
  /** Blocks until `io.receive` may bring something, for a while at most. */
  waitFor(io: PortIo): void;
  /** Takes in what the kernel has announced. */
  settle(): void;
}

export const noConfig: NetdevConfig = { options: new Map(), mac: undefined, mtuRequest: undefined };
/** Where a harness has its dummy devices. */
export const testDummies = new DummyDevices();
export const testDeps: NetdevDeps = {
  timers: new Timers(systemClock),
  mark: new DeviceMark('/test', 'unix:/test/db.sock'),
  random: seededRandom(1),
};
const etherType = 0x88b5; // IEEE 802: local experiments

/** A frame of `size` bytes whose payload tells its number. */
export function testPacket(number: number, size = 60): Uint8Array {
  const packet = new Uint8Array(size);
  const view = new DataView(packet.buffer);
  packet.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]);
  view.setUint16(12, etherType);
  for (let at = 14; at < size; at++) packet[at] = (number + at) & 0xff;
  if (size >= 18) view.setUint32(14, number);
  return packet;
}

/** The number of a test packet. */
export function numberOf(packet: Uint8Array): number {
  return new DataView(packet.buffer, packet.byteOffset).getUint32(14);
}

/** True for a frame of this suite: the kernel's own chatter is none. */
export function isTestPacket(packet: Uint8Array): boolean {
  return packet.length >= 14 && packet[12] === etherType >> 8 && packet[13] === (etherType & 0xff);
}

let openCount = 0;

export function netdevConformance(title: string, harness: NetdevHarness): void {
  describe(`${title}: what every netdev shows`, () => {
    let netdev: Netdev;
    let far: FarEnd;
    let io: PortIo;
    const batch = new FrameBatch(16);

    beforeEach(async () => {
      const name = `cf${openCount++}`;
      harness.prepare(name);
      netdev = await harness.provider.open(name, noConfig, testDeps);
      await netdev.setUp(true);
      far = harness.connect(netdev);
      const { portSpec } = netdev;
      if (portSpec === undefined) throw new Error('no frame path');
      io = (await harness.openIo?.(portSpec)) ?? openPortIo(portSpec, testDummies);
    });

    afterEach(async () => {
      io.close();
      far.close();
      await netdev[Symbol.asyncDispose]();
    });

    /** Receives until `count` frames of the suite have come; their bytes. */
    function receive(count: number): Uint8Array[] {
      const got: Uint8Array[] = [];
      for (let tries = 0; got.length < count && tries < 100; tries++) {
        const n = io.receive(batch);
        for (const frame of batch.frames.slice(0, n)) {
          const packet = frame.bytes.slice(frame.start, frame.end);
          if (isTestPacket(packet)) got.push(packet);
        }
        io.release();
        if (n === 0) harness.waitFor(io);
      }
      return got;
    }

    function send(...packets: Uint8Array[]): void {
      for (const packet of packets) {
        const frame = new Frame(packet);
        frame.end = packet.length;
        io.send(frame);
      }
      io.flush();
    }

    test('knows its type, address and MTU', () => {
      expect(netdev.type).toBe(harness.provider.type);
      expect(netdev.state.mac).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
      expect(netdev.state.mtu).toBe(1500);
      expect(netdev.isGone).toBe(false);
    });

    test('goes down and up again and tells so', async () => {
      let toldCount = 0;
      netdev.onChange = () => toldCount++;
      const before = netdev.state.changeNumber;
      await netdev.setUp(false);
      expect(netdev.state.isUp).toBe(false);
      expect(toldCount).toBeGreaterThan(0);
      expect(netdev.state.changeNumber).toBeGreaterThan(before);
      await netdev.setUp(true);
      expect(netdev.state.isUp).toBe(true);
    });

    test('takes another MTU', async () => {
      await netdev.configure({ ...noConfig, mtuRequest: 1400 });
      expect(netdev.state.mtu).toBe(1400);
    });

    test('receives frames whole and in order, more than a batch holds', () => {
      const sent = Array.from({ length: 40 }, (_, i) => testPacket(i, 60 + i * 30));
      for (const packet of sent) far.inject(packet);
      expect(receive(40)).toEqual(sent);
      expect(io.counters.rxPackets).toBeGreaterThanOrEqual(40);
    });

    test('sends frames whole and in order', () => {
      const sent = Array.from({ length: 40 }, (_, i) => testPacket(i, 60 + i * 30));
      send(...sent);
      expect(far.collect(40)).toEqual(sent);
      expect(io.counters.txPackets).toBe(40);
      expect(io.counters.txBytes).toBe(sent.reduce((sum, packet) => sum + packet.length, 0));
    });

    test('sends on what it received from where it lies, its headroom being free', () => {
      far.inject(testPacket(7, 100));
      for (let tries = 0; tries < 100; tries++) {
        const n = io.receive(batch);
        const frame = batch.frames.slice(0, n).find((f) => isTestPacket(f.bytes.subarray(f.start, f.end)));
        if (frame === undefined) {
          io.release();
          harness.waitFor(io);
          continue;
        }
        expect(frame.headroom).toBeGreaterThanOrEqual(64);
        frame.bytes.copyWithin(frame.start - 4, frame.start, frame.start + 14); // longer by four, same type
        frame.start -= 4;
        io.send(frame);
        io.flush();
        io.release();
        break;
      }
      const [back] = far.collect(1);
      expect(back?.length).toBe(104);
      expect(back?.subarray(0, 14)).toEqual(testPacket(7).subarray(0, 14));
    });

    test('drops and counts what is shorter than a header, without throwing', () => {
      send(new Uint8Array(5), new Uint8Array(0), testPacket(2));
      expect(far.collect(1)).toEqual([testPacket(2)]);
      expect(io.counters.txDropped + io.counters.txErrors).toBe(2);
      expect(io.counters.txPackets).toBe(1);
    });

    test('keeps the counters of the statistics column', async () => {
      const keys = ['rx_packets', 'rx_bytes', 'tx_packets', 'tx_bytes'];
      const before = await netdev.stats();
      send(testPacket(1), testPacket(2));
      far.collect(2);
      far.inject(testPacket(3));
      receive(1);
      const after = await netdev.stats();
      const gained = keys.map((key) => (after.get(key) ?? 0) - (before.get(key) ?? 0));
      expect(gained[0]).toBeGreaterThanOrEqual(1);
      expect(gained[1]).toBeGreaterThanOrEqual(60);
      expect(gained[2]).toBeGreaterThanOrEqual(2);
      expect(gained[3]).toBeGreaterThanOrEqual(120);
    });

    test('receives nothing and counts what it is given once the frame path is closed', () => {
      io.close();
      far.inject(testPacket(1));
      expect(io.receive(batch)).toBe(0);
      const dropped = io.counters.txDropped;
      send(testPacket(2));
      expect(io.counters.txDropped).toBe(dropped + 1);
      io.close();
    });

    test('survives that its device vanishes', () => {
      if (far.remove === undefined) {
        expect(netdev.isGone).toBe(false);
        return;
      }
      let toldCount = 0;
      netdev.onChange = () => toldCount++;
      far.remove();
      harness.settle();
      expect(netdev.isGone).toBe(true);
      expect(toldCount).toBe(1);
      send(testPacket(1));
      expect(io.counters.txDropped).toBe(1);
      expect(io.receive(batch)).toBe(0);
    });
  });
}
