/** The database files that ovs-ctl starts ovsdb-server with. */
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { copyFileSync, existsSync } from '../../base/files.ts';
import { trimSpaces } from '../../base/text.ts';
import { Fatal } from '../../daemon/program.ts';
import type { Host } from './host.ts';
import { action, hasDone, makeFolder, type Task, warnOf } from './task.ts';

/** Creates the database, or converts one of an older schema after keeping a copy. */
export function prepareDatabase(task: Task): boolean {
  const { config, host } = task;
  const file = config.databaseFile;
  const schema = findSchema(task);
  if (!existsSync(file)) {
    warnOf(`${file} does not exist`);
    makeFolder(dirname(file));
    return create(host, file, schema);
  }
  if (trimSpaces(host.run('ovsdb-tool', ['needs-conversion', file, schema]).output) !== 'yes') return true;
  const version = trimSpaces(host.run('ovsdb-tool', ['db-version', file]).output);
  const [cksum] = trimSpaces(host.run('ovsdb-tool', ['db-cksum', file]).output).split(' ');
  const backup = `${file}.backup${version}-${cksum}`;
  const isKept = hasDone(() => copyFileSync(file, backup));
  if (!action(`Backing up database to ${backup}`, isKept)) return false;
  action('Compacting database', host.run('ovsdb-tool', ['compact', file]).isOk);
  if (action('Converting database schema', host.run('ovsdb-tool', ['convert', file, schema]).isOk))
    return true;
  warnOf('Schema conversion failed, using empty database instead');
  hasDone(() => rmSync(file, { force: true }));
  return create(host, file, schema);
}

function create(host: Host, file: string, schema: string): boolean {
  return action(`Creating empty database ${file}`, host.run('ovsdb-tool', ['create', file, schema]).isOk);
}

/** Those of `--extra-dbs` that are there and are databases. */
export function extraDatabases({ config, host }: Task): readonly string[] {
  return config.extraDatabases.filter((file) => {
    if (!existsSync(file)) warnOf(`${file} (from $EXTRA_DBS) does not exist.`);
    else if (host.run('ovsdb-tool', ['db-version', file]).isOk) return true;
    else warnOf(`${file} (from $EXTRA_DBS) cannot be read as a database (see error message above)`);
    return false;
  });
}

export function findSchema({ program, config }: Task): string {
  const packaged = `${program.directories.packageData}/vswitch.ovsschema`;
  const built = new URL('vswitch.ovsschema', import.meta.url).pathname; // beside the bundle
  const found = config.schemaFile ?? [packaged, built].find((file) => existsSync(file));
  if (found === undefined) throw new Fatal(`${packaged}: no schema there; give --db-schema=FILE`);
  return found;
}
