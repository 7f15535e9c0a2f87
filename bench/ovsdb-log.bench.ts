/** What a database file of a hundred thousand transactions costs to open and to compact, beside the real ovsdb-tool. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import { defer } from '../src/base/defer.ts';
import { systemRandom } from '../src/base/random.ts';
import { Timers } from '../src/base/timers.ts';
import { uuid } from '../src/base/units.ts';
import { compileSchema } from '../src/ovsdb/engine/schema.ts';
import { createDatabaseFile, openStore } from '../src/ovsdb/storage/store.ts';
import { parseJson } from '../src/rpc/json.ts';
import type { Progress } from './support/progress.ts';
import { type Bench, median, type Row } from './support/report.ts';

const schemaPath = '/usr/share/openvswitch/vswitch.ovsschema';
const rowCount = 50_000;
const rounds = 3;

/** Half of the transactions insert a row, half change one. Returns how many the engine did in a second. */
function fill(path: string): number {
  const schema = compileSchema(parseJson(readFileSync(schemaPath)));
  const newUuid = () => uuid(crypto.randomUUID());
  const deps = { timers: new Timers(systemClock), newUuid, random: systemRandom, defer };
  createDatabaseFile(path, schema, {});
  const store = openStore(path, deps);
  const context = { isReadOnly: false, access: undefined, holdsLock: () => false };
  const started = performance.now();
  for (let i = 0; i < rowCount; i++) {
    const id = newUuid();
    const row = { type: `t${i}`, other_config: ['map', [['number', String(i)]]] };
    store.database.transact(['Open_vSwitch', { op: 'insert', table: 'QoS', uuid: id, row }], context);
    const where = [['_uuid', '==', ['uuid', id]]];
    const update = {
      op: 'update',
      table: 'QoS',
      where,
      row: { external_ids: ['map', [['changed', String(i)]]] },
    };
    store.database.transact(['Open_vSwitch', update], context);
  }
  const took = performance.now() - started;
  store.close();
  return (2 * rowCount * 1000) / took;
}

function time(command: readonly string[]): number {
  const [program = '', ...args] = command;
  const started = performance.now();
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
  return performance.now() - started;
}

function measure(what: string, progress: Progress, run: (tool: readonly string[]) => number): Row {
  progress.next(what);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let i = 0; i < rounds; i++) {
    ours.push(run([process.execPath, resolve('bin/ovsdb-tool')]));
    theirs.push(run(['ovsdb-tool']));
  }
  return { what, unit: 'ms', ours: median(ours), theirs: median(theirs), better: 'less' };
}

export const bench: Bench = {
  question: 'What does a database file of 100 000 transactions cost?',
  missing: () => (existsSync(schemaPath) ? undefined : 'needs the package openvswitch-switch'),
  async run(progress) {
    progress.expect(4);
    const folder = mkdtempSync(join(tmpdir(), 'ovsdb-log-'));
    const path = join(folder, 'a.db');
    const copy = join(folder, 'b.db');
    try {
      progress.next(`${2 * rowCount} transactions written`);
      const rate = fill(path);
      const compact = (tool: readonly string[]) => {
        copyFileSync(path, copy);
        return time([...tool, 'compact', copy]);
      };
      return [
        {
          what: 'small transactions by the engine alone, written to the log',
          unit: '1/s',
          ours: rate,
          better: 'more',
        },
        measure('open', progress, (tool) => time([...tool, 'query', path, '["Open_vSwitch"]'])),
        measure('open and compact', progress, compact),
        measure('open compacted', progress, (tool) => time([...tool, 'query', copy, '["Open_vSwitch"]'])),
      ];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
