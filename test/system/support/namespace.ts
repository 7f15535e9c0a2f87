/**
 * Hosts for system tests: network namespaces joined by veth pairs. Each is removed with everything in it when disposed
 * of. Devices with an `inside` end come up with their address; nothing outside the namespaces is touched but the outer
 * ends of `link`.
 */
import { execFileSync, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';

/** Why no test here can run; undefined when all can. */
export function whyNoNamespaces(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  const probe = spawnSync('unshare', ['--net', 'true']);
  return probe.status === 0 ? undefined : 'the kernel allows no network namespaces here';
}

/** Runs a program to its end. Throws with what it said when it fails. */
export function run(program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    throw new Error(`${program} ${args.join(' ')}: ${said}`, { cause: error });
  }
}

let madeCount = 0;

export class Namespace implements Disposable {
  readonly name: string;

  /** `label` tells hosts of a test apart; the process's number keeps parallel runs apart. */
  constructor(label: string) {
    this.name = `ots-${process.pid}-${madeCount++}-${label}`;
    run('ip', 'netns', 'add', this.name);
    this.run('ip', 'link', 'set', 'lo', 'up');
  }

  /** Runs a program inside. Throws when it fails. */
  run(program: string, ...args: string[]): string {
    return run('ip', 'netns', 'exec', this.name, program, ...args);
  }

  /** Like `run`, but hands the outcome back whatever it is. */
  try(program: string, ...args: string[]): SpawnSyncReturns<string> {
    return spawnSync('ip', ['netns', 'exec', this.name, program, ...args], { encoding: 'utf8' });
  }

  /** Starts a program inside; the caller ends it. */
  start(program: string, ...args: string[]): ReturnType<typeof spawn> {
    return spawn('ip', ['netns', 'exec', this.name, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /**
   * A veth pair: `inside` in this namespace, up, with `address` ("10.0.0.1/24") when given; `outside` up in `outer`,
   * or where the test runs. Frames go through when it returns: until the kernel has seen both ends up, it drops them.
   */
  link(inside: string, outside: string, address?: string, outer?: Namespace): void {
    this.run('ip', 'link', 'add', inside, 'type', 'veth', 'peer', 'name', outside);
    this.run('ip', 'link', 'set', outside, 'netns', outer?.name ?? String(process.pid));
    if (address !== undefined) {
      this.run('ip', 'addr', 'add', address, 'dev', inside);
      // Who does not answer at once is asked for a minute, not for three seconds.
      this.run('sysctl', '-qw', `net.ipv4.neigh.${inside}.mcast_solicit=60`);
    }
    this.run('ip', 'link', 'set', inside, 'up');
    if (outer === undefined) run('ip', 'link', 'set', outside, 'up');
    else outer.run('ip', 'link', 'set', outside, 'up');
    this.#untilUp(inside);
    if (outer !== undefined) outer.#untilUp(outside);
  }

  #untilUp(device: string): void {
    const wait = 'until ip link show dev "$1" | grep -q "state UP"; do sleep 0.01; done';
    this.run('timeout', '60', 'sh', '-c', wait, 'up', device);
  }

  [Symbol.dispose](): void {
    spawnSync('ip', ['netns', 'del', this.name]);
  }
}
