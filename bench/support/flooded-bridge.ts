/** A bridge between two hosts, of which the first sends small packets as fast as it can. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Daemons, startDaemons } from './daemons.ts';
import { type Host, knowEachOther, makeHost, removeHost, run, startInside } from './hosts.ts';

export interface FloodedBridge {
  /** Port 1 of br0. */
  readonly from: Host;
  /** Port 2, where somebody takes what comes. */
  readonly to: Host;
  readonly daemons: Daemons;
}

const script = (name: string): string => join(process.cwd(), 'bench/support', name);

/** Makes br0 with both hosts, and takes all away when `measure` is done. */
export async function withFloodedBridge<T>(
  which: 'ours' | 'reference',
  measure: (bridge: FloodedBridge) => Promise<T>,
): Promise<T> {
  const from = makeHost(1);
  const to = makeHost(2);
  try {
    knowEachOther(from, to);
    run(`ethtool -K ${from.outer} gro on`); // without it a veth takes no frames from an XDP program
    const sink = spawn('ip', ['netns', 'exec', to.namespace, 'node', script('sink.mjs')]);
    await once(sink.stdout, 'data');
    const daemons = await startDaemons(which);
    try {
      const ports = [from, to].flatMap(({ outer }, n) => [
        ...['--', 'add-port', 'br0', outer, '--', 'set', 'interface', outer, `ofport_request=${n + 1}`],
      ]);
      const type = ['--', 'set', 'bridge', 'br0', 'datapath_type=netdev'];
      daemons.call('ovs-vsctl', 'add-br', 'br0', ...type, ...ports);
      return await measure({ from, to, daemons });
    } finally {
      sink.stdin.end();
      await daemons.stop();
    }
  } finally {
    removeHost(from);
    removeHost(to);
  }
}

/** Sends for so many seconds; resolves when that is over. */
export async function flood({ from, to }: FloodedBridge, seconds: number): Promise<void> {
  await startInside(from, `node ${script('generate.mjs')} ${from.inner} ${seconds} ${from.mac} ${to.mac}`);
}
