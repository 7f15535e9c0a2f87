import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { Timers } from '../../src/base/timers.ts';
import { driveTimers } from '../../src/base/timers-drive.ts';
import { ms } from '../../src/base/units.ts';
import { makeConnector } from '../../src/cli/remotes.ts';
import { OvsdbClient } from '../../src/ovsdb/client/index.ts';
import { type OvsTables, openVswitch } from '../../src/vswitchd/schema/index.ts';
import { schemaFile, whyNoServer } from './real-server.ts';
import { canConnect } from './support/can-connect.ts';

const reason = whyNoServer();

interface Member {
  readonly remote: string;
  readonly control: string;
  readonly child: ChildProcess;
}

describe.skipIf(reason !== undefined)(
  `a cluster of three real servers${reason === undefined ? '' : ` (${reason})`}`,
  () => {
    const folder = mkdtempSync(`${tmpdir()}/ovs-ts-cluster-`);
    const members: Member[] = [];
    const timers = new Timers(systemClock);
    const stopTimers = driveTimers(timers, true);
    let client: OvsdbClient<OvsTables> | undefined;

    beforeAll(async () => {
      const raft = (i: number) => `unix:${folder}/raft${i}`;
      const timer = '--election-timer=5000'; // a busy machine is to depose no leader
      execFileSync('ovsdb-tool', [timer, 'create-cluster', `${folder}/1.db`, schemaFile, raft(1)]);
      members.push(await startMember(folder, 1));
      for (const i of [2, 3]) {
        execFileSync('ovsdb-tool', ['join-cluster', `${folder}/${i}.db`, 'Open_vSwitch', raft(i), raft(1)]);
        members.push(await startMember(folder, i));
      }
      for (const { remote } of members) {
        execFileSync('ovsdb-client', ['-t', '60', 'wait', remote, 'Open_vSwitch', 'connected']);
      }
    });

    afterAll(() => {
      client?.close();
      stopTimers();
      for (const { child } of members) child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });

    test('the client writes through the leader, and goes on when the leader is killed under it', async () => {
      const opened = new OvsdbClient({
        schema: openVswitch,
        connect: makeConnector(folder, {}),
        remotes: members.map(({ remote }) => remote),
        timers,
        tables: { Open_vSwitch: ['next_cfg', 'external_ids'] },
        minBackoff: ms(100),
        maxBackoff: ms(500),
      });
      client = opened;
      await until(() => opened.isConnected);
      const created = await opened.transact((tx) => void tx.insert('Open_vSwitch', { next_cfg: 1 }));
      expect(created).toMatchObject({ status: 'committed' });
      const root = () => [...opened.view.rows('Open_vSwitch').values()][0];
      expect(root()?.next_cfg).toBe(1);
      let wasDown = false;
      const stopListening = opened.onState(() => {
        wasDown ||= !opened.isConnected;
      });
      let leader: Member | undefined;
      await until(() => {
        leader = members.find(({ control }) => isLeader(control));
        return leader !== undefined;
      });
      leader?.child.kill('SIGKILL');
      await until(() => wasDown);
      stopListening();
      expect(root()?.next_cfg).toBe(1);
      for (let written = false; !written; ) {
        await until(() => opened.isConnected);
        const id = root()?._uuid;
        if (id === undefined) throw new Error('the view lost its row');
        const outcome = await opened.transact((tx) => tx.update('Open_vSwitch', id, { next_cfg: 2 }));
        written = outcome.status === 'committed' || outcome.status === 'unchanged';
      }
      expect(root()?.next_cfg).toBe(2);
      expect(leader).toBeDefined();
    });
  },
);

async function startMember(folder: string, number: number): Promise<Member> {
  const socket = `${folder}/db${number}.sock`;
  const control = `${folder}/ctl${number}`;
  const args = [
    `${folder}/${number}.db`,
    `--remote=punix:${socket}`,
    `--unixctl=${control}`,
    '-vconsole:off',
  ];
  const child = spawn('ovsdb-server', args, { stdio: 'ignore', env: { ...process.env, OVS_RUNDIR: folder } });
  while (!(await canConnect(socket))) await sleep(5);
  return { remote: `unix:${socket}`, control, child };
}

function isLeader(control: string): boolean {
  const status = execFileSync('ovs-appctl', ['-t', control, 'cluster/status', 'Open_vSwitch'], {
    encoding: 'utf8',
  });
  return /^Role: leader$/m.test(status);
}

async function until(isMet: () => boolean): Promise<void> {
  while (!isMet()) await sleep(10);
}
