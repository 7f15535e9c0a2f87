/** The threaded datapath: the conformance suite over pairs of sockets that look like TAP devices, and its ending. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { SyscallFailed } from '../../src/base/errors.ts';
import { UserspaceDatapath } from '../../src/datapath/userspace/datapath.ts';
import { newKey } from '../../src/flow/key.ts';
import { openPacketPort } from '../../src/netdev/system/packet-port.ts';
import { closeFd } from '../../src/sys/calls/fd.ts';
import { indexOfDevice, openDatagramPair, receiveBytes, sendBytes } from '../../src/sys/calls/socket.ts';
import { FrameBatch } from '../../src/wire/frame.ts';
import { describeDatapath } from '../conformance/datapath.ts';
import { packed, type Wire } from '../conformance/datapath-harness.ts';
import { frameOf } from '../conformance/memory-port.ts';
import { hex, udpPacket } from '../conformance/packets.ts';
import { run, whyNoNamespaces } from './support/namespace.ts';

const workerUrl = new URL('../../dist/userspace-worker.js', import.meta.url);
const dist = fileURLToPath(new URL('.', workerUrl));
const offloadHeaderSize = 10;

describeDatapath('the threaded datapath', async (flowCapacity, workerCount) => {
  const deps = { clock: systemClock, workerUrl, workerCount };
  const open = (): UserspaceDatapath => new UserspaceDatapath('netdev', 'ovs-netdev', deps, flowCapacity);
  let datapath = open();
  const fds: number[] = [];
  return {
    datapath,
    async reopen() {
      datapath = open();
      return datapath;
    },
    async addWire(wanted): Promise<Wire> {
      const [near, far] = openDatagramPair();
      fds.push(near, far);
      const name = `p${near}`;
      const device = { name, type: 'tap', ifindex: 0, spec: { kind: 'tap', name, fd: near } } as const;
      const port = await datapath.addPort(device, wanted);
      return {
        port,
        device,
        inject(...frames) {
          for (const frame of frames) inject(far, frame);
        },
        take: () => take(far),
      };
    },
    async close() {
      await datapath.destroy();
      fds.forEach(closeFd);
    },
  };
});

/** What this process uses of a core within so many milliseconds: 1 is all of one. */
async function shareOfCore(duration: number): Promise<number> {
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, duration));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (1000 * duration);
}

describe('the threaded datapath', () => {
  function openDatapath(workerCount = 1): UserspaceDatapath {
    const deps = { clock: systemClock, workerUrl, workerCount };
    const datapath = new UserspaceDatapath('netdev', 'ovs-netdev', deps);
    onTestFinished(() => datapath.destroy());
    return datapath;
  }

  test('a device that cannot be opened is a system error, and its number is free again', async () => {
    const datapath = openDatapath();
    const port = {
      name: 'none',
      type: 'system',
      ifindex: 99999,
      spec: { kind: 'packet', name: 'none', ifindex: 99999 },
    } as const;
    await expect(datapath.addPort(port)).rejects.toThrow(SyscallFailed);
    expect(datapath.ports().size).toBe(0);
  });

  test('costs next to nothing while it is idle, once it has warmed up', async () => {
    const datapath = openDatapath();
    const pairs = Array.from({ length: 100 }, openDatagramPair);
    for (const [fd] of pairs)
      await datapath.addPort({ name: 'p', type: 'tap', ifindex: 0, spec: { kind: 'tap', name: 'p', fd } });
    await datapath.settle();
    await expect.poll(() => shareOfCore(2000), { timeout: 60_000 }).toBeLessThan(0.05);
    for (const fd of pairs.flat()) closeFd(fd);
  });

  test('a port whose far side is gone does not keep the worker busy', async () => {
    const datapath = openDatapath();
    const [near, far] = openDatagramPair();
    await datapath.addPort({
      name: 'p',
      type: 'tap',
      ifindex: 0,
      spec: { kind: 'tap', name: 'p', fd: near },
    });
    closeFd(far);
    await expect.poll(() => shareOfCore(1000), { timeout: 60_000 }).toBeLessThan(0.2);
    closeFd(near);
  });

  const why = whyNoNamespaces();
  test.skipIf(why !== undefined)(
    'a device that goes down or away does not keep the worker busy',
    async () => {
      const datapath = openDatapath();
      const names = ['down', 'gone'].map((name) => `d${process.pid}${name}`);
      for (const name of names) {
        run('ip', 'link', 'add', name, 'up', 'type', 'veth', 'peer', 'name', `${name}p`);
        const ifindex = indexOfDevice(name);
        const spec = { kind: 'packet', name, ifindex } as const;
        const port = await datapath.addPort({ name, type: 'system', ifindex, spec });
        expect(datapath.ports().get(port)).toMatchObject({ name, type: 'system', ifindex });
      }
      const [down = '', gone = ''] = names;
      try {
        run('ip', 'link', 'set', down, 'down');
      } finally {
        run('ip', 'link', 'del', gone);
      }
      try {
        await expect.poll(() => shareOfCore(1000), { timeout: 60_000 }).toBeLessThan(0.1);
      } finally {
        run('ip', 'link', 'del', down);
      }
    },
  );

  test.skipIf(why !== undefined)(
    'a port that sends much gets a ring to send from, which goes with it',
    async () => {
      const datapath = openDatapath();
      const name = `d${process.pid}busy`;
      run('ip', 'link', 'add', name, 'up', 'type', 'veth', 'peer', 'name', `${name}p`);
      run('ip', 'link', 'set', `${name}p`, 'up');
      const ifindex = indexOfDevice(name);
      const far = openPacketPort(`${name}p`, indexOfDevice(`${name}p`));
      try {
        const port = await datapath.addPort({
          name,
          type: 'system',
          ifindex,
          spec: { kind: 'packet', name, ifindex },
        });
        const anything = packed(newKey(), newKey());
        datapath.putFlow({ id: 0, ...anything, actions: [{ do: 'output', port }] });
        await datapath.settle();
        expect(socketCount(ifindex)).toBe(1);
        await expect
          .poll(() => {
            for (let n = 0; n < 200; n++) far.send(frameOf(udpPacket({ source: n })));
            far.flush();
            return socketCount(ifindex);
          })
          .toBe(2);
        await datapath.removePort(port);
        await expect.poll(() => socketCount(ifindex)).toBe(0);
      } finally {
        far.close();
        run('ip', 'link', 'del', name);
      }
    },
  );

  test.skipIf(why !== undefined)('every worker sends on a device, whichever receives there', async () => {
    const datapath = openDatapath(3);
    const name = `d${process.pid}all`;
    run('ip', 'link', 'add', name, 'up', 'type', 'veth', 'peer', 'name', `${name}p`);
    run('ip', 'link', 'set', `${name}p`, 'up');
    const ifindex = indexOfDevice(name);
    const far = openPacketPort(`${name}p`, indexOfDevice(`${name}p`));
    const pairs = Array.from({ length: 3 }, openDatagramPair);
    try {
      const spec = { kind: 'packet', name, ifindex } as const;
      const port = await datapath.addPort({ name, type: 'system', ifindex, spec });
      for (const [fd] of pairs)
        await datapath.addPort({ name: 'p', type: 'tap', ifindex: 0, spec: { kind: 'tap', name: 'p', fd } });
      datapath.putFlow({ id: 0, ...packed(newKey(), newKey()), actions: [{ do: 'output', port }] });
      await datapath.settle();
      await expect.poll(() => socketCount(ifindex)).toBe(3);
      const sent = pairs.map(([, end], n) => {
        const packet = udpPacket({ source: 5000 + n });
        inject(end, packet);
        return hex(packet);
      });
      const batch = new FrameBatch(32);
      const got: string[] = [];
      await expect
        .poll(() => {
          const count = far.receive(batch);
          for (const { bytes, start, end } of batch.frames.slice(0, count))
            got.push(hex(bytes.slice(start, end)));
          far.release();
          return sent.filter((text) => got.includes(text)).length;
        })
        .toBe(3);
      // What the kernel says on a new link is sent back, too.
      await expect.poll(() => datapath.portCounters(port)?.txPackets).toBeGreaterThanOrEqual(3);
      await datapath.removePort(port);
      await expect.poll(() => socketCount(ifindex)).toBe(0);
    } finally {
      far.close();
      run('ip', 'link', 'del', name);
      for (const fd of pairs.flat()) closeFd(fd);
    }
  });

  test.each([
    ['after it was closed', 'close', 0],
    ['by process.exit', 'exit', 3],
    ['by an uncaught error', 'error', 1],
  ])('does not keep the process from ending %s', async (_, ending, status) => {
    const done = await runOwner(workerUrl.href, ending);
    expect({ status: done.status, signal: done.signal }).toEqual({ status, signal: null });
  });

  test.each([
    ['ends', 'process.exit(0)', 'ovs-netdev: its thread ended with status 0: nothing is forwarded'],
    ['fails', 'throw new Error("on purpose")', 'Error: on purpose'],
  ])('ends the process when its thread %s', async (_, code, message) => {
    const done = await runOwner(`data:text/javascript,${encodeURIComponent(code)}`, 'close');
    expect(done.status).toBe(1);
    expect(done.stderr).toContain(message);
  });
});

/** Packet sockets on a device: proc_net(5). */
function socketCount(ifindex: number): number {
  const lines = readFileSync('/proc/self/net/packet', 'utf8').split('\n');
  return lines.filter((line) => Number(line.trim().split(/\s+/)[4]) === ifindex).length;
}

/** Runs the program of fixtures/datapath-owner.ts to its end. */
async function runOwner(workerUrl: string, ending: string) {
  const outfile = `${dist}/datapath-owner-test.mjs`;
  const entryPoints = ['test/fixtures/datapath-owner.ts'];
  await build({
    entryPoints,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
  const done = spawnSync('node', [outfile, workerUrl, ending], { timeout: 60_000, encoding: 'utf8' });
  rmSync(outfile);
  return done;
}

function inject(fd: number, frame: Uint8Array): void {
  const bytes = new Uint8Array(offloadHeaderSize + frame.byteLength);
  bytes.set(frame, offloadHeaderSize);
  expect(sendBytes(fd, bytes)).toBe(bytes.byteLength);
}

function take(fd: number): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const buffer = new Uint8Array(2048);
  for (let size = receiveBytes(fd, buffer); size >= 0; size = receiveBytes(fd, buffer)) {
    frames.push(buffer.slice(offloadHeaderSize, size));
  }
  return frames;
}
