/** What is done through a switch that joins two hosts, whichever switch it is. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { commandAt, type Endpoint, type Host, inside, run, sentCount, startInside } from './hosts.ts';

const sink = new URL('../bench/support/sink.mjs', `file://${process.cwd()}/dist/`).pathname;
const generator = new URL('../bench/support/generate.mjs', `file://${process.cwd()}/dist/`).pathname;

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Frames that reach `to` in a second, over a window of so many milliseconds. */
export async function arrivalRate(to: Host, windowMs: number): Promise<number> {
  const before = sentCount(to.outer);
  const start = performance.now();
  await pause(windowMs);
  return ((sentCount(to.outer) - before) * 1000) / (performance.now() - start);
}

/** 60-byte UDP frames that reach `to` in a second while `from` sends as many as it can. */
export async function overloadRate(from: Host, to: Host, seconds = 3): Promise<number> {
  run(`ethtool -K ${from.outer} gro on`); // without it a veth takes no frames from an XDP program
  const done = startInside(from, `node ${generator} ${from.inner} ${seconds + 2} ${from.mac} ${to.mac}`);
  await pause(1000);
  const rate = await arrivalRate(to, 1000 * seconds);
  await done;
  return rate;
}

/** The same with a program at the receiver's port, so that no time goes into ICMP errors. */
export async function overloadRateToSink(from: Host, to: Host): Promise<number> {
  const child = spawn('ip', ['netns', 'exec', to.namespace, 'node', sink]);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  try {
    return await overloadRate(from, to);
  } finally {
    child.stdin.end();
  }
}

/** The machine's own congestion control, and one that never waits by the clock, as BBR does. */
export const congestionControls: readonly string[] = [
  ...new Set([readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim(), 'reno']),
];

/** Gb/s of one TCP connection, with each of the `congestionControls`. */
export async function tcpRates(from: Host, to: Endpoint): Promise<number[]> {
  const rates: number[] = [];
  for (const control of congestionControls) rates.push(await tcpRate(from, to, control));
  return rates;
}

const tcpSeconds = 3;

async function tcpRate(from: Host, to: Endpoint, congestionControl: string): Promise<number> {
  const [program = '', ...args] = commandAt(to, 'iperf3 -s -1');
  const server = spawn(program, args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => server.once('close', resolve));
  await pause(500);
  const report = await startInside(
    from,
    `iperf3 -J -t ${tcpSeconds} -O 1 -C ${congestionControl} --connect-timeout 3000 -c ${to.address}`,
  );
  server.kill();
  await ended;
  const { end } = JSON.parse(report) as { end: { sum_received?: { bits_per_second: number } } }; // iperf3's own format
  return (end.sum_received?.bits_per_second ?? 0) / 1e9;
}

/** Median microseconds of a ping through an idle switch. */
export async function pingTime(from: Host, to: Endpoint): Promise<number> {
  const text = await startInside(from, `ping -i 0.02 -c 100 ${to.address}`);
  const times = [...text.matchAll(/time=([\d.]+)/g)].map((match) => 1000 * Number(match[1]));
  times.sort((a, b) => a - b);
  return times[times.length >> 1] ?? Number.NaN;
}

/** Takes the offloads of a host's device away, as the reference's userspace datapath needs it. */
export function setOffloads(host: Host, isOn: boolean): void {
  inside(host, `ethtool -K ${host.inner} tx ${isOn ? 'on' : 'off'}`);
}
