/** Netdevs on the kernel: the conformance suite and what only kernel devices show. In a network namespace of its own. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { logRegistry } from '../../src/base/log.ts';
import { driveTimers } from '../../src/base/timers-drive.ts';
import { DeviceMark } from '../../src/netdev/device-mark.ts';
import {
  type Netdev,
  type NetdevProvider,
  type PortIo,
  type PortSpec,
  pollLink,
  qosOf,
} from '../../src/netdev/provider.ts';
import { netdevProviders, openPortIo, preparePort, removeLeftDevices } from '../../src/netdev/registry.ts';
import { openPacketPort, type PacketPort } from '../../src/netdev/system/packet-port.ts';
import { Epoll } from '../../src/sys/calls/epoll.ts';
import { unshareNetwork } from '../../src/sys/calls/namespace.ts';
import { indexOfDevice } from '../../src/sys/calls/socket.ts';
import { linkMonitor } from '../../src/sys/netlink/monitor.ts';
import { Frame, FrameBatch } from '../../src/wire/frame.ts';
import {
  type FarEnd,
  isTestPacket,
  type NetdevHarness,
  netdevConformance,
  noConfig,
  numberOf,
  testDeps,
  testPacket,
} from '../conformance/netdev.ts';
import { whyNoNamespaces } from './support/namespace.ts';

const why = whyNoNamespaces();
if (why !== undefined) console.log(`netdev tests on the kernel: ${why}`);

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' });
const deps = testDeps;
driveTimers(deps.timers);
const batch = new FrameBatch(32);

function provider(type: string): NetdevProvider {
  const found = netdevProviders().get(type);
  if (found === undefined) throw new Error(`no provider of ${type}`);
  return found;
}

function waitFor(io: PortIo): void {
  const epoll = new Epoll();
  if (io.fd !== undefined) epoll.add(io.fd, 0);
  epoll.wait(200);
  epoll.close();
}

function frameOf(packet: Uint8Array): Frame {
  const frame = new Frame(packet);
  frame.end = packet.length;
  return frame;
}

function transmit(io: PortIo, packet: Uint8Array): void {
  io.send(frameOf(packet));
  io.flush();
}

/** Frames of the suite from `io` until there are `count` of them, or nothing has come for a while. */
function collect(io: PortIo, count: number): Uint8Array[] {
  const got: Uint8Array[] = [];
  for (let emptyCount = 0; got.length < count && emptyCount < 50; ) {
    const n = io.receive(batch);
    for (const frame of batch.frames.slice(0, n)) {
      const packet = frame.bytes.slice(frame.start, frame.end);
      if (isTestPacket(packet)) got.push(packet);
    }
    io.release();
    emptyCount = n > 0 ? 0 : emptyCount + 1;
    if (n === 0) waitFor(io);
  }
  return got;
}

/** Until then the kernel drops what is sent there. */
function untilRunning(name: string): void {
  while (linkMonitor().byName(name)?.isRunning !== true) linkMonitor().refresh();
}

/** Stands at device `far` with a packet socket. */
function farEnd(far: string, remove: () => void): FarEnd {
  untilRunning(far);
  const io = openPacketPort(far, indexOfDevice(far));
  return {
    inject: (packet) => transmit(io, packet),
    collect: (count) => collect(io, count),
    remove,
    close: () => io.close(),
  };
}

/** The frame path of a system port as a worker has it: it gets rings when it is busy. */
async function openIdle(spec: PortSpec): Promise<PacketPort> {
  const prepared = await preparePort(spec);
  const io = openPortIo(prepared.spec) as PacketPort; // as of every system port
  io.onBusy = async (direction) => {
    const ring = await prepared.openRing(direction);
    if (ring !== undefined) io.useRing(ring);
  };
  io.onRetired = (fd) => prepared.retire(fd);
  const close = io.close.bind(io);
  io.close = () => {
    close();
    prepared.close();
  };
  return io;
}

/** The same with its first rings. */
async function openBusy(spec: PortSpec): Promise<PacketPort> {
  const io = await openIdle(spec);
  for (const direction of ['receive', 'send'] as const) await io.onBusy(direction);
  return io;
}

const settle = () => linkMonitor().refresh();

describe.skipIf(why !== undefined)('kernel devices', () => {
  beforeAll(() => {
    unshareNetwork();
    writeFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', '1'); // no chatter
    ip('link', 'set', 'lo', 'up');
  });

  const system: NetdevHarness = {
    provider: provider('system'),
    prepare(name) {
      ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`);
      ip('link', 'set', `${name}p`, 'up');
    },
    connect: ({ name }) => farEnd(`${name}p`, () => ip('link', 'del', name)),
    waitFor,
    settle,
  };
  netdevConformance('system', system);
  netdevConformance('system, busy', { ...system, openIo: openBusy });

  for (const type of ['tap', 'internal'])
    netdevConformance(type, {
      provider: provider(type),
      prepare: () => {},
      // the host's side of a TAP device is the device itself
      connect: ({ name }: Netdev) => farEnd(name, () => ip('link', 'del', name)),
      waitFor,
      settle,
    });

  /** A veth pair with a netdev on one end and packet sockets on both. */
  async function pair(name: string, open: (spec: PortSpec) => Promise<PacketPort> = openIdle) {
    ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`);
    ip('link', 'set', `${name}p`, 'up');
    ip('link', 'set', name, 'up');
    for (const end of [name, `${name}p`]) untilRunning(end);
    const netdev = await provider('system').open(name, noConfig, deps);
    const near = await open({ kind: 'packet', name, ifindex: netdev.state.ifindex });
    const far = openPacketPort(`${name}p`, indexOfDevice(`${name}p`));
    return {
      netdev,
      near,
      far,
      async [Symbol.asyncDispose]() {
        near.close();
        far.close();
        await netdev[Symbol.asyncDispose]();
        execFileSync('sh', ['-c', `ip link del ${name} 2>/dev/null; true`]);
      },
    };
  }

  test('A veth device shows status and statistics as the reference does', async () => {
    await using p = await pair('st0');
    const { state } = p.netdev;
    expect(Object.fromEntries(state.status)).toEqual({
      driver_name: 'veth',
      driver_version: '1.0',
      firmware_version: '',
    });
    expect(state).toMatchObject({
      linkSpeed: 10_000_000_000,
      duplex: 'full',
      hasCarrier: true,
      linkResets: 0,
    });
    expect([...(await p.netdev.stats()).keys()].sort()).toEqual([
      'collisions',
      'rx_bytes',
      'rx_crc_err',
      'rx_dropped',
      'rx_errors',
      'rx_frame_err',
      'rx_missed_errors',
      'rx_multicast_packets',
      'rx_over_err',
      'rx_packets',
      'tx_aborted_err',
      'tx_bytes',
      'tx_carrier_err',
      'tx_dropped',
      'tx_errors',
      'tx_packets',
    ]);
  });

  test('The statistics of many devices asked for together are those of each', async () => {
    const pairs = await Promise.all(Array.from({ length: 9 }, (_, i) => pair(`sx${i}`)));
    pairs.forEach((p, i) => {
      for (let n = 0; n <= i; n++) transmit(p.near, testPacket(n));
    });
    const all = await Promise.all(pairs.map((p) => p.netdev.stats()));
    expect(all.map((stats) => stats.get('tx_packets'))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const p of pairs) await p[Symbol.asyncDispose]();
  });

  test('A device whose carrier, MTU and name change is followed', async () => {
    await using p = await pair('fo0');
    ip('link', 'set', 'fo0p', 'down');
    await expect.poll(() => p.netdev.state).toMatchObject({ hasCarrier: false, linkResets: 1, isUp: true });
    ip('link', 'set', 'fo0p', 'up');
    ip('link', 'set', 'fo0', 'mtu', '1280');
    await expect.poll(() => p.netdev.state).toMatchObject({ hasCarrier: true, linkResets: 2, mtu: 1280 });
    const names: string[] = [];
    const stop = linkMonitor().listen((name) => names.push(name));
    ip('link', 'set', 'fo0', 'down');
    ip('link', 'set', 'fo0', 'name', 'fo1');
    settle();
    stop();
    expect(p.netdev.isGone).toBe(true);
    expect(names).toContain('fo1');
    ip('link', 'del', 'fo1');
  });

  test('A link that the device is asked for is followed, too', async () => {
    await using p = await pair('ml0');
    let changeCount = 0;
    p.netdev.onChange = () => changeCount++;
    pollLink(p.netdev, 100);
    expect(p.netdev.state.hasCarrier).toBe(true);
    ip('link', 'set', 'ml0p', 'down');
    await expect.poll(() => p.netdev.state.hasCarrier).toBe(false);
    await expect.poll(() => linkMonitor().byName('ml0')?.isRunning).toBe(false);
    ip('link', 'set', 'ml0p', 'up');
    await expect.poll(() => p.netdev.state.hasCarrier).toBe(true);
    expect(changeCount).toBeGreaterThan(2);
    pollLink(p.netdev, undefined);
    // The kernel tells of it later than it answers.
    await expect.poll(() => p.netdev.state).toMatchObject({ hasCarrier: true, linkResets: 2 });
  });

  test('Frames for more queues than there are sockets for get to the classes of their queues', async () => {
    await using p = await pair('qu0');
    const qos = qosOf(p.netdev);
    qos?.set('linux-htb', new Map());
    const queues = range(0, 20);
    for (const queue of queues) qos?.setQueue(queue, new Map());
    const packetsIn = (queue: number) => qos?.statistics().get(queue)?.txPackets;
    for (const round of [1, 2, 3]) {
      for (const queue of queues) {
        for (let n = 0; n < queue; n++) p.near.send(frameOf(testPacket(n)), queue);
        if (queue % 3 === 0) p.near.flush();
      }
      p.near.flush();
      for (const queue of queues) expect([queue, packetsIn(queue)]).toEqual([queue, round * queue]);
    }
    const sizeOfAll = queues.reduce((sum, queue) => sum + 3 * queue, 0);
    expect(p.near.counters.txPackets).toBe(sizeOfAll);
    p.near.send(frameOf(testPacket(0)), 0xf000); // no device has that one
    p.near.flush();
    expect(packetsIn(0)).toBe(1);
  });

  test('A device that is deleted and made again under the same name can be opened again', async () => {
    await using p = await pair('re0');
    ip('link', 'del', 're0');
    settle();
    expect(p.netdev.isGone).toBe(true);
    await expect(provider('system').open('re0', noConfig, deps)).rejects.toMatchObject({
      reason: 'No such device',
    });
    ip('link', 'add', 're0', 'type', 'veth', 'peer', 'name', 're0p');
    await using again = await provider('system').open('re0', noConfig, deps);
    expect(again.isGone).toBe(false);
    expect(again.state.ifindex).not.toBe(p.netdev.state.ifindex);
  });

  /** For what must be so with and without rings. */
  const ways = [
    ['an idle', openIdle],
    ['a busy', openBusy],
  ] as const;

  test.each(ways)('%s port keeps receiving after its device was down', async (_, open) => {
    await using p = await pair('du0', open);
    await p.netdev.setUp(false);
    transmit(p.far, testPacket(1));
    transmit(p.near, testPacket(1));
    expect(p.near.counters.txDropped).toBe(1);
    await expect.poll(() => linkMonitor().byName('du0p')?.isRunning).toBe(false);
    await p.netdev.setUp(true);
    untilRunning('du0p');
    for (let i = 0; i < 20; i++) p.near.receive(batch);
    transmit(p.far, testPacket(2));
    expect(collect(p.near, 1)).toEqual([testPacket(2)]);
  });

  test('An MTU that the kernel refuses is logged and left as it was', async () => {
    await using p = await pair('mt0');
    const said: string[] = [];
    logRegistry.setSink('console', { write: (record) => said.push(`${record.module}|${record.text}`) });
    await p.netdev.configure({ ...noConfig, mtuRequest: 999_999 });
    logRegistry.setSink('console', undefined);
    expect(p.netdev.state.mtu).toBe(1500);
    expect(said).toEqual(['netdev|failed to set MTU for network device mt0: Invalid argument']);
  });

  test.each(ways)('%s port drops and counts frames longer than the MTU', async (_, open) => {
    await using p = await pair('lo0', open);
    transmit(p.near, testPacket(1, 3000));
    expect(p.near.counters).toMatchObject({ txDropped: 1, txPackets: 0 });
  });

  test.each(ways)('%s port hands out frames with the tag that the kernel took out', async (_, open) => {
    await using p = await pair('vl0', open);
    const tagged = testPacket(1, 200);
    tagged.set([0x81, 0x00, 0x60, 0x64], 12); // priority 3, VLAN 100
    tagged.set([0x88, 0xb5], 16);
    transmit(p.far, tagged);
    const doubly = testPacket(2, 200);
    doubly.set([0x88, 0xa8, 0x00, 0x05, 0x81, 0x00, 0x00, 0x06], 12);
    transmit(p.far, doubly);
    const got: Uint8Array[] = [];
    for (let tries = 0; got.length < 2 && tries < 50; tries++) {
      const n = p.near.receive(batch);
      for (const f of batch.frames.slice(0, n)) got.push(f.bytes.slice(f.start, f.end));
      p.near.release();
      if (n === 0) waitFor(p.near);
    }
    expect(got).toEqual([tagged, doubly]);
  });

  test.each([
    ['an idle', '', openIdle, 0],
    ['an idle', ' with a tag', openIdle, 4],
    ['a busy', '', openBusy, 0],
    ['a busy', ' with a tag', openBusy, 4],
  ] as const)(
    '%s port hands out segmented TCP%s whole, in order, with what is left to do',
    async (...row) => {
      const [, , open, tagSize] = row;
      await using p = await pair(`gs${tagSize}`, open);
      const frame = frameOf(tcpFrame(20_000, tagSize));
      const checksumStart = 34 + tagSize;
      const headerSize = 66 + tagSize;
      Object.assign(frame, { checksumStart, checksumOffset: 16, gsoType: 1, gsoSize: 1448, headerSize });
      transmit(p.far, testPacket(1));
      p.far.send(frame);
      p.far.flush();
      transmit(p.far, testPacket(2));
      const sizes: number[] = [];
      for (let tries = 0; sizes.length < 3 && tries < 50; tries++) {
        const n = p.near.receive(batch);
        for (const f of batch.frames.slice(0, n)) {
          sizes.push(f.size);
          if (f.size < 100) continue;
          expect(f).toMatchObject({ checksumStart, checksumOffset: 16, gsoType: 1, gsoSize: 1448 });
          expect(f.bytes.slice(f.start, f.end)).toEqual(frame.bytes);
        }
        p.near.release();
        if (n === 0) waitFor(p.near);
      }
      expect(sizes).toEqual([60, 20_000 + headerSize, 60]);
    },
  );

  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);
  const numbersOf = (packets: readonly Uint8Array[]) => packets.map((packet) => numberOf(packet));
  /** Sends numbered frames at once. */
  const sendNumbers = (io: PortIo, from: number, to: number) => {
    for (const n of range(from, to)) io.send(frameOf(testPacket(n)));
    io.flush();
  };

  describe('A port with a ring to send from', () => {
    /** A pair whose near end is busy; `sendNumbers` sends from there, `arrived` tells which came. */
    async function busyPair(name: string) {
      const p = await pair(name, openBusy);
      const { near, far } = p;
      return {
        ...p,
        sendNumbers: (from: number, to: number) => sendNumbers(near, from, to),
        arrived: (count: number) => numbersOf(collect(far, count)),
      };
    }

    const limit = (name: string, ...rate: string[]) =>
      execFileSync('tc', ['qdisc', 'replace', 'dev', name, 'root', 'tbf', 'burst', '2kb', ...rate]);

    test('sends more than the ring holds, in order, also while the kernel keeps the slots', async () => {
      await using p = await busyPair('sr0');
      p.sendNumbers(0, 700);
      expect(p.arrived(700)).toEqual(range(0, 700));
      limit('sr0', 'rate', '20mbit', 'limit', '1mb'); // 24 ms for a thousand
      for (const from of [0, 100, 600, 650]) p.sendNumbers(from, from === 100 ? 600 : from + 50);
      expect(p.near.counters.txPackets).toBe(1350);
      expect(p.arrived(650)).toEqual([...range(0, 50), ...range(100, 700)]);
    });

    test('loses what a full queue refuses, counts it, and loses no more', async () => {
      await using p = await busyPair('sr1');
      limit('sr1', 'rate', '8kbit', 'limit', '3kb'); // 17 frames a second: however slowly they are sent, it fills up
      p.sendNumbers(0, 200);
      const { txPackets, txDropped } = p.near.counters;
      expect(txPackets + txDropped).toBe(200);
      expect(txPackets).toBeGreaterThan(10);
      expect(txDropped).toBeGreaterThan(0);
      expect(p.near.counters.txBytes).toBe(60 * txPackets);
      const arrived = p.arrived(txPackets);
      expect(arrived).toHaveLength(txPackets);
      expect(arrived).toEqual([...new Set(arrived)].sort((a, b) => a - b));
      execFileSync('tc', ['qdisc', 'del', 'dev', 'sr1', 'root']);
      p.sendNumbers(1000, 1300);
      expect(p.arrived(300)).toEqual(range(1000, 1300));
      expect(p.near.counters.txDropped).toBe(txDropped);
    });

    test('drops and counts while its device is down, and goes on afterwards', async () => {
      await using p = await busyPair('sr2');
      p.sendNumbers(0, 10);
      expect(p.arrived(10)).toEqual(range(0, 10));
      await p.netdev.setUp(false);
      for (let round = 0; round < 4; round++) p.sendNumbers(0, 200);
      expect(p.near.counters).toMatchObject({ txPackets: 10, txDropped: 800 });
      await p.netdev.setUp(true);
      for (let i = 0; i < 20; i++) p.near.receive(batch); // fetches the socket's error
      p.sendNumbers(10, 300);
      expect(p.arrived(290)).toEqual(range(10, 300));
    });

    test('keeps the order of short, long and malformed frames, and loses the last alone', async () => {
      await using p = await busyPair('sr3');
      const long = frameOf(tcpFrame(20_000, 0));
      Object.assign(long, {
        checksumStart: 34,
        checksumOffset: 16,
        gsoType: 1,
        gsoSize: 1448,
        headerSize: 66,
      });
      const malformed = frameOf(new Uint8Array(10));
      for (const frame of [frameOf(testPacket(1)), malformed, frameOf(testPacket(2))]) p.near.send(frame);
      p.near.send(long);
      for (const n of [3, 4]) p.near.send(frameOf(testPacket(n)));
      p.near.flush();
      for (const n of [5, 6]) p.near.send(frameOf(testPacket(n)));
      p.near.flush();
      expect(p.arrived(6)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(p.near.counters).toMatchObject({ txPackets: 7, txErrors: 1, txDropped: 0 });
    });
  });

  /** Often enough for a port to count what it has lost. */
  const lookInVain = (io: PortIo) => {
    for (let n = 0; n < 40; n++) expect(io.receive(batch)).toBe(0);
  };

  test('A port that receives much gets a ring, and loses nothing when it moves there', async () => {
    await using p = await pair('mv0');
    const { fd } = p.near;
    sendNumbers(p.far, 0, 300);
    expect(numbersOf(collect(p.near, 192))).toEqual(range(0, 192));
    await expect.poll(() => p.near.fd).not.toBe(fd);
    sendNumbers(p.far, 300, 350);
    expect(numbersOf(collect(p.near, 158))).toEqual(range(192, 350));
    sendNumbers(p.far, 350, 360);
    sendNumbers(p.near, 0, 10);
    expect(numbersOf(collect(p.near, 10))).toEqual(range(350, 360));
    expect(numbersOf(collect(p.far, 10))).toEqual(range(0, 10));
    expect(p.near.counters).toMatchObject({ rxDropped: 0, rxErrors: 0, txDropped: 0 });
  });

  test('A ring that overflowed is followed by a larger one, and then by none', async () => {
    const witnesses: PacketPort[] = [];
    await using p = await pair('gr0', (spec) => {
      witnesses.push(openPacketPort('gr0', indexOfDevice('gr0'))); // the first to come gets each frame last
      return openBusy(spec);
    });
    /** The kernel may deliver a frame later than it takes it. */
    const sendAndDeliver = (from: number, to: number) => {
      for (let at = from; at < to; at += 250) {
        const end = Math.min(at + 250, to);
        sendNumbers(p.far, at, end);
        for (const witness of witnesses) expect(collect(witness, end - at)).toHaveLength(end - at);
      }
    };
    const { fd } = p.near;
    sendAndDeliver(0, 200);
    expect(numbersOf(collect(p.near, 128))).toEqual(range(0, 128));
    lookInVain(p.near);
    expect(p.near.counters.rxDropped).toBe(72);
    await expect.poll(() => p.near.fd).not.toBe(fd);
    sendAndDeliver(0, 1500);
    expect(numbersOf(collect(p.near, 1024))).toEqual(range(0, 1024));
    lookInVain(p.near);
    expect(p.near.counters.rxDropped).toBe(72 + 476);
    const last = p.near.fd;
    sendNumbers(p.far, 0, 100);
    expect(numbersOf(collect(p.near, 100))).toEqual(range(0, 100));
    expect(p.near.fd).toBe(last);
    for (const witness of witnesses) witness.close();
  });

  test('A TAP device shows the driver of the reference and goes when it is disposed of', async () => {
    const netdev = await provider('internal').open('in0', { ...noConfig, mac: '02:00:00:00:00:77' }, deps);
    expect(Object.fromEntries(netdev.state.status)).toEqual({
      driver_name: 'tun',
      driver_version: '1.6',
      firmware_version: '',
    });
    expect(netdev.state).toMatchObject({ mac: '02:00:00:00:00:77', isUp: false, linkSpeed: 10_000_000_000 });
    await expect(provider('tap').open('in0', noConfig, deps)).rejects.toMatchObject({ call: 'ioctl' });
    await netdev[Symbol.asyncDispose]();
    expect(linkMonitor().byName('in0')).toBeUndefined();
  });

  test('TAP devices disposed of together are gone together', async () => {
    const names = Array.from({ length: 30 }, (_, n) => `in${n}`);
    const netdevs = await Promise.all(names.map((name) => provider('tap').open(name, noConfig, deps)));
    await Promise.all(netdevs.map((netdev) => netdev[Symbol.asyncDispose]()));
    expect(names.filter((name) => linkMonitor().byName(name) !== undefined)).toEqual([]);
  });

  test('A TAP device that was left is adopted once it is free, by whom it belongs to alone', async () => {
    const open = (mark: DeviceMark) => provider('tap').open('ad0', noConfig, { ...deps, mark });
    const first = await open(new DeviceMark('/a', 'unix:/a/db.sock'));
    const { ifindex } = first.state;
    expect(first.isAdopted).toBe(false);
    await expect(open(new DeviceMark('/b', 'unix:/b/db.sock'))).rejects.toMatchObject({ tag: 'EEXIST' });
    const opening = open(new DeviceMark('/b', 'unix:/a/db.sock'));
    await first.leave();
    const second = await opening;
    expect(second).toMatchObject({ isAdopted: true, state: { ifindex } });
    await second.leave();
    // What it was before is forgotten: it has another folder now.
    await removeLeftDevices(() => false, { ...deps, mark: new DeviceMark('/a', 'unix:/a/db.sock') });
    expect(linkMonitor().byName('ad0')?.ifindex).toBe(ifindex);
    const owner = { ...deps, mark: new DeviceMark('/b', 'unix:/a/db.sock') };
    await removeLeftDevices((name) => name === 'ad0', owner);
    expect(linkMonitor().byName('ad0')?.ifindex).toBe(ifindex);
    await removeLeftDevices(() => false, owner);
    expect(linkMonitor().byName('ad0')).toBeUndefined();
  });

  test('A left TAP device that a process holds is not removed', async () => {
    await using held = await provider('tap').open('he0', noConfig, deps);
    await removeLeftDevices(() => false, deps);
    expect(linkMonitor().byName('he0')?.ifindex).toBe(held.state.ifindex);
  });
});

/** A TCP segment over IPv4 with a 12-byte option, `size` bytes of payload and an open checksum. */
function tcpFrame(size: number, tagSize: number): Uint8Array {
  const bytes = new Uint8Array(66 + tagSize + size);
  const view = new DataView(bytes.buffer, tagSize);
  bytes.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]);
  if (tagSize > 0) bytes.set([0x81, 0, 0, 100], 12);
  bytes.set([8, 0, 0x45], 12 + tagSize);
  view.setUint16(16, 52 + size);
  bytes.set([0x40, 0, 64, 6], 20 + tagSize);
  bytes.set([10, 0, 0, 1, 10, 0, 0, 2], 26 + tagSize);
  view.setUint16(34, 1000);
  view.setUint16(36, 2000);
  bytes.set([0x80, 0x10], 46 + tagSize);
  for (let at = 66 + tagSize; at < bytes.length; at++) bytes[at] = at & 0xff;
  return bytes;
}
