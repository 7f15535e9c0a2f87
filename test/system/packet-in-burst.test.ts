/**
 * Many new connections at once, each of which is told to a controller that does not read: what waits for it has bounds,
 * and others go on. BURST_CONNECTIONS tells how many; a longer burst says what memory it took.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { until, type Which, whyNoReference } from './support/daemon-pair.ts';
import { DummyFeed } from './support/dummy-feed.ts';
import { DummyHost } from './support/dummy-host.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`packet-in-burst.test.ts: not run: ${reason}\n`);

const count = Number(process.env.BURST_CONNECTIONS ?? 6000);
/** So many come before others are looked at. */
const portion = 1000;
/** Packets that the daemon keeps for the controller. */
const queueSize = 10;
/** What two sockets of the kernel and the daemon's own buffers may hold of packets, each more than 100 bytes. */
const mostBuffered = 1_000_000 / 100;

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** UDP from another address and port for each number. */
function frame(n: number): string {
  const udp = `${hex(1024 + (n % 60_000), 4)}0035000c0000${'00'.repeat(4)}`;
  const ip = `450000200000000040110000${`0a${hex(n >>> 16, 2)}${hex(n & 0xffff, 4)}`}0b000001`;
  return `02000000000202000000000108${'00'}${ip}${udp}`;
}

describe.runIf(reason === undefined)('a burst of new connections', () => {
  let host: DummyHost;
  let server: Server;
  let newest: Socket | undefined;

  afterEach(async () => {
    server.close();
    await host[Symbol.asyncDispose]();
  });

  /** Says hello, and reads nothing. */
  function listen(path: string): void {
    const hello = Buffer.from('0400000800000001', 'hex');
    server = createServer({ pauseOnConnect: true }, (socket) => {
      socket.on('error', () => {}); // the switch has ended
      socket.write(hello);
      newest = socket;
    }).listen(path);
  }

  /** Resolves with the connection that the switch uses: it gives up one where nobody says hello for a second. */
  async function connected(): Promise<Socket> {
    const isConnected = (): boolean =>
      host.vsctl('get', 'controller', 'br0', 'is_connected').stdout === 'true\n';
    await until(isConnected, 'the switch to connect');
    return newest ?? expect.unreachable();
  }

  function memory(): number {
    const status = readFileSync(`/proc/${host.pidOf('ovs-vswitchd')}/status`, 'utf8');
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
  }

  /** Packets that the controller finds when it reads at last. */
  async function packetInCount(socket: Socket): Promise<number> {
    let packets = 0;
    let isAnswered = false;
    let bytes = Buffer.alloc(0);
    socket.on('data', (more) => {
      bytes = Buffer.concat([bytes, more as Buffer]);
      let at = 0;
      for (; bytes.length - at >= 8 && bytes.length - at >= bytes.readUInt16BE(at + 2); ) {
        if (bytes[at + 1] === 10) packets++;
        if (bytes[at + 1] === 21) isAnswered = true;
        at += bytes.readUInt16BE(at + 2);
      }
      bytes = bytes.subarray(at);
    });
    socket.resume();
    socket.write(Buffer.from('0414000800000002', 'hex')); // a barrier comes after all of them
    await until(() => isAnswered, 'the barrier');
    return packets;
  }

  test.each(['reference', 'ours'] satisfies Which[])('of %s', async (which) => {
    host = new DummyHost(which);
    await host.prepare();
    const path = join(host.folder, 'br0.controller');
    listen(path);
    const port = (bridge: string, name: string): string =>
      `-- add-port ${bridge} ${name} -- set interface ${name} type=dummy`;
    const bridge = (name: string): string =>
      `-- add-br ${name} -- set bridge ${name} fail_mode=secure protocols=OpenFlow13 other_config:disable-in-band=true`;
    host.vsctl(
      ...[bridge('br0'), bridge('br1'), port('br0', 'p1'), port('br0', 'p2'), port('br0', 'p3')]
        .join(' ')
        .split(' '),
      ...`${port('br1', 'p4')} ${port('br1', 'p5')} -- set-controller br0 unix:${path}`.split(' '),
      ...`-- set controller br0 inactivity_probe=0 controller_queue_size=${queueSize}`.split(' '),
    );
    const flows = (name: string, flow: string): void =>
      void host.run('ovs-ofctl', '-O', 'OpenFlow13', 'add-flow', name, flow);
    // What is moved makes each connection a flow of the datapath's own.
    const moves = 'move:NXM_OF_IP_SRC[]->NXM_NX_REG1[],move:NXM_OF_UDP_SRC[]->NXM_NX_REG2[0..15]';
    flows('br0', `in_port=p1,udp,actions=${moves},controller`);
    flows('br0', 'in_port=p2,actions=p3');
    flows('br1', 'in_port=p4,actions=p5');
    const socket = await connected();
    const before = memory();
    using feed = await DummyFeed.open(host);
    let [sent, most] = [0, 0];
    for (let at = 0; at < count; at += portion) {
      await feed.receive(
        'p1',
        Array.from({ length: Math.min(portion, count - at) }, (_, n) => frame(at + n)),
      );
      await feed.receive('p2', [frame(at)]);
      await feed.receive('p4', [frame(at)]);
      sent++;
      expect(host.run('ovs-ofctl', '-O', 'OpenFlow13', '--timeout=60', 'probe', 'br0').status).toBe(0);
      most = Math.max(most, memory());
    }
    for (const [name, to] of [
      ['br0', 'p3'],
      ['br1', 'p5'],
    ] as const) {
      const told = (): string => host.run('ovs-ofctl', '-O', 'OpenFlow13', 'dump-ports', name, to).stdout;
      await until(() => told().includes(`tx pkts=${sent},`), `frames at ${to}`);
    }
    const flow = host.run('ovs-ofctl', '-O', 'OpenFlow13', 'dump-flows', 'br0', 'in_port=p1').stdout;
    const told = await packetInCount(socket);
    if (count > 10_000)
      console.log(
        `${which}: ${before} MB before, ${most} MB at most, ${memory()} MB after; told of ${told}`,
        flow,
      );
    expect(told).toBeGreaterThan(queueSize);
    expect(told).toBeLessThan(Math.min(count - portion, mostBuffered));
  });
});
