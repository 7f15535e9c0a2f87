/** Two hosts in namespaces of their own, each with a veth device whose other end is here for a switch to take. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Somebody to talk to. */
export interface Endpoint {
  /** Where the bench itself runs when absent. */
  readonly namespace?: string;
  readonly address: string;
}

export interface Host extends Endpoint {
  readonly namespace: string;
  /** The device inside. */
  readonly inner: string;
  /** Its other end, here. */
  readonly outer: string;
  readonly mac: string;
}

const prefix = `b${process.pid.toString(36)}`;

/** Runs a command to its end; throws with what it said when it fails. */
export function run(command: string): string {
  const [program = '', ...args] = command.split(' ');
  const done = spawnSync(program, args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${command}: ${done.stderr || done.error?.message}`);
  return done.stdout;
}

/** A command line, in the namespace of an endpoint. */
export function commandAt({ namespace }: Endpoint, command: string): string[] {
  return [...(namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace]), ...command.split(' ')];
}

export function inside(host: Host, command: string): string {
  return run(`ip netns exec ${host.namespace} ${command}`);
}

/** Starts a command in a host; resolves with its output when it ends. */
export function startInside(host: Host, command: string): Promise<string> {
  const child = spawn('ip', ['netns', 'exec', host.namespace, ...command.split(' ')]);
  let text = '';
  child.stdout.on('data', (data: Buffer) => {
    text += data.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(text));
  });
}

export function makeHost(number: 1 | 2 | 3): Host {
  const host = {
    namespace: `${prefix}h${number}`,
    inner: 'eth0',
    outer: `${prefix}p${number}`,
    address: `10.0.0.${number}`,
    mac: `02:00:00:00:00:0${number}`,
  };
  run(`ip netns add ${host.namespace}`);
  run(`ip link add ${host.outer} type veth peer name ${host.inner} netns ${host.namespace}`);
  inside(host, 'sysctl -qw net.ipv6.conf.all.disable_ipv6=1');
  inside(host, `ip link set ${host.inner} address ${host.mac} up`);
  inside(host, `ip addr add ${host.address}/24 dev ${host.inner}`);
  run(`sysctl -qw net.ipv6.conf.${host.outer}.disable_ipv6=1`);
  run(`ip link set ${host.outer} up`);
  return host;
}

export function removeHost(host: Host): void {
  spawnSync('ip', ['link', 'del', host.outer]);
  spawnSync('ip', ['netns', 'del', host.namespace]);
}

export function knowEachOther(a: Host, b: Host): void {
  inside(a, `ip neigh replace ${b.address} lladdr ${b.mac} dev ${a.inner}`);
  inside(b, `ip neigh replace ${a.address} lladdr ${a.mac} dev ${b.inner}`);
}

/** Frames that a device here has sent: the tenth figure behind its name in proc_net(5). */
export function sentCount(device: string): number {
  const line = readFileSync('/proc/self/net/dev', 'utf8').split(`${device}:`)[1] ?? '';
  return Number(line.trim().split(/\s+/)[9]);
}
