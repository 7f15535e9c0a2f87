/** The switches that are compared: each joins the outer ends of two hosts and is taken away again. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import type { DpPort } from '../../src/base/units.ts';
import type { DpAction } from '../../src/datapath/actions.ts';
import type { Datapath } from '../../src/datapath/provider.ts';
import { UserspaceDatapath } from '../../src/datapath/userspace/datapath.ts';
import { maskedKey, maskSlot, newKey } from '../../src/flow/key.ts';
import { datapathWordCount, slots } from '../../src/flow/slots.ts';
import { indexOfDevice } from '../../src/sys/calls/socket.ts';
import { type Host, run } from './hosts.ts';

export interface Switch {
  readonly remove: () => Promise<void>;
}

/** Our userspace datapath with one flow for each direction, as ofproto makes them for known addresses. */
export async function ourDatapath(hosts: readonly [Host, Host]): Promise<Switch & { datapath: Datapath }> {
  const workerUrl = pathToFileURL(`${process.cwd()}/dist/userspace-worker.js`);
  const datapath = new UserspaceDatapath('netdev', 'ovs-netdev', { clock: systemClock, workerUrl });
  const ports: DpPort[] = [];
  for (const { outer: name } of hosts) {
    const spec = { kind: 'packet', name, ifindex: indexOfDevice(name) } as const;
    ports.push(await datapath.addPort({ name, type: 'system', spec }));
  }
  let nextId = 0;
  datapath.onUpcalls = (batch) => {
    for (const { key, packet, offload } of batch) {
      const other = ports.find((port) => port !== key[slots.in_port.word]);
      const actions: DpAction[] = other === undefined ? [] : [{ do: 'output', port: other }];
      const mask = newKey().slice(0, datapathWordCount);
      for (const slot of ['in_port', 'eth_src', 'eth_dst', 'eth_type', 'vlan_tci'] as const)
        maskSlot(mask, slot);
      datapath.putFlow({ id: nextId++, key: maskedKey(key, mask), mask, actions });
      datapath.execute(packet, offload, key, actions);
    }
  };
  return { datapath, remove: async () => datapath[Symbol.asyncDispose]() };
}

export function linuxBridge(hosts: readonly [Host, Host]): Switch {
  const name = `${hosts[0].outer}br`;
  run(`ip link add ${name} type bridge`);
  for (const { outer } of hosts) run(`ip link set ${outer} master ${name}`);
  run(`ip link set ${name} up`);
  return {
    async remove() {
      run(`ip link del ${name}`);
    },
  };
}

/** The installed Open vSwitch with its userspace datapath, in folders of its own. */
export function realSwitch(hosts: readonly [Host, Host]): Switch {
  const folder = mkdtempSync(join(tmpdir(), 'bench-ovs-'));
  const env = { ...process.env, OVS_RUNDIR: folder, OVS_LOGDIR: folder, OVS_DBDIR: folder };
  const call = (program: string, ...args: string[]): void => {
    const done = spawnSync(program, args, { env, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${done.stderr}`);
  };
  const database = `${folder}/conf.db`;
  call('ovsdb-tool', 'create', database, '/usr/share/openvswitch/vswitch.ovsschema');
  const server = spawn('ovsdb-server', [database, `--remote=punix:${folder}/db.sock`], {
    env,
    stdio: 'ignore',
  });
  spawnSync('sleep', ['0.5']);
  const daemon = spawn('ovs-vswitchd', [`unix:${folder}/db.sock`], { env, stdio: 'ignore' });
  const db = `--db=unix:${folder}/db.sock`;
  const name = `${hosts[0].outer}o`;
  call('ovs-vsctl', db, 'add-br', name, '--', 'set', 'bridge', name, 'datapath_type=netdev');
  for (const { outer } of hosts) call('ovs-vsctl', db, 'add-port', name, outer);
  return {
    async remove() {
      call('ovs-vsctl', db, 'del-br', name);
      for (const child of [daemon, server]) {
        child.kill();
        await new Promise((resolve) => child.once('close', resolve));
      }
      rmSync(folder, { recursive: true });
    },
  };
}

export function isInstalled(program: string): boolean {
  return spawnSync('which', [program]).status === 0;
}

export function isRoot(): boolean {
  return /^Uid:\s+0\s/m.test(readFileSync('/proc/self/status', 'utf8'));
}
