/** Commands for what the switch connects to: controllers and fail mode of a bridge, managers, SSL. */
import { isActiveName, isPassiveName } from '../../net/remote.ts';
import { datumToJson } from '../../ovsdb/engine/datum.ts';
import type { CommandDef, Context, Preparation } from '../db-ctl/command.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import { columnNamed, tableNamed } from '../db-ctl/schema.ts';
import type { WorkRow } from '../db-ctl/work.ts';
import { bridgeCommand, printSorted } from './bridges.ts';
import { needBridge, needRealBridge, referredRows, rootOf } from './model.ts';
import { prepareBridge } from './names.ts';

const many = Number.POSITIVE_INFINITY;

export const controllerCommands: readonly CommandDef[] = [
  peerCommand('get-controller', ['controller'], (context) => {
    const { row } = needBridge(context.work, context.arg(0));
    printTargets(context, row, 'controller', 'Controller');
  }),
  {
    ...peerCommand('del-controller', ['controller'], (context) => {
      const { row } = needRealBridge(context.work, context.arg(0));
      verifyTargets(context, row, 'controller', 'Controller');
      row.set('controller', []);
    }),
    mayWrite: true,
  },
  {
    ...peerCommand('set-controller', ['controller'], setController),
    maxArgs: many,
    arguments: 'BRIDGE TARGET...',
    options: ['--inactivity-probe='],
    mayWrite: true,
  },
  peerCommand('get-fail-mode', ['fail_mode'], (context) => {
    const { row } = needBridge(context.work, context.arg(0));
    row.verify('fail_mode');
    const mode = row.text('fail_mode');
    if (mode !== undefined && mode !== '') context.print(mode);
  }),
  {
    ...peerCommand('del-fail-mode', ['fail_mode'], (context) => {
      needRealBridge(context.work, context.arg(0)).row.set('fail_mode', []);
    }),
    mayWrite: true,
  },
  {
    ...peerCommand('set-fail-mode', ['fail_mode'], (context) => {
      const { row } = needRealBridge(context.work, context.arg(0));
      const mode = context.arg(1);
      if (mode !== 'standalone' && mode !== 'secure') {
        throw new CommandFailed('fail-mode must be "standalone" or "secure"');
      }
      row.set('fail_mode', mode);
    }),
    minArgs: 2,
    maxArgs: 2,
    arguments: 'BRIDGE MODE',
    mayWrite: true,
  },
];

export const managerCommands: readonly CommandDef[] = [
  rootCommand('get-manager', ['manager_options'], false, (context) => {
    printTargets(context, rootOf(context.work), 'manager_options', 'Manager');
  }),
  rootCommand('del-manager', ['manager_options'], true, deleteManagers),
  {
    ...rootCommand('set-manager', ['manager_options'], true, setManagers),
    minArgs: 1,
    maxArgs: many,
    arguments: 'TARGET...',
    options: ['--inactivity-probe='],
  },
];

export const sslCommands: readonly CommandDef[] = [
  rootCommand('get-ssl', ['ssl'], false, getSsl),
  rootCommand('del-ssl', ['ssl'], true, (context) => {
    const root = rootOf(context.work);
    deleteSsl(context, root);
    root.set('ssl', []);
  }),
  {
    ...rootCommand('set-ssl', ['ssl'], true, setSsl),
    minArgs: 3,
    maxArgs: 3,
    arguments: 'PRIVATE-KEY CERTIFICATE CA-CERT',
    options: ['--bootstrap'],
  },
];

function peerCommand(name: string, columns: readonly string[], run: (context: Context) => void): CommandDef {
  return bridgeCommand(name, (prep, bridge) => prepareBridge(prep, bridge, columns), run);
}

function rootCommand(
  name: string,
  columns: readonly string[],
  mayWrite: boolean,
  run: (context: Context) => void,
): CommandDef {
  return {
    name,
    minArgs: 0,
    maxArgs: 0,
    arguments: '',
    options: [],
    mayWrite,
    prepare: (_command, prep) => prepareRoot(prep, columns),
    run,
  };
}

export function prepareRoot({ schema, snapshot }: Preparation, columns: readonly string[]): void {
  snapshot.prepare(tableNamed(schema, 'Open_vSwitch'), [], columns);
}

/** The rows that a column of `owner` refers to; the transaction fails if they or their targets change meanwhile. */
function verifyTargets(context: Context, owner: WorkRow, column: string, table: string): WorkRow[] {
  owner.verify(column);
  const rows = referredRows(context.work, table, owner.texts(column), ['target']);
  for (const row of rows) row.verify('target');
  return rows;
}

function printTargets(context: Context, owner: WorkRow, column: string, table: string): void {
  const rows = verifyTargets(context, owner, column, table);
  printSorted(
    context,
    rows.map((row) => row.text('target') ?? ''),
  );
}

function setController(context: Context): void {
  const { row } = needRealBridge(context.work, context.arg(0));
  verifyTargets(context, row, 'controller', 'Controller');
  row.set('controller', insertTargets(context, 'Controller', context.command.args.slice(1)));
}

function deleteManagers(context: Context): void {
  const root = rootOf(context.work);
  for (const row of verifyTargets(context, root, 'manager_options', 'Manager')) context.work.delete(row);
  root.set('manager_options', []);
}

function setManagers(context: Context): void {
  deleteManagers(context);
  rootOf(context.work).set('manager_options', insertTargets(context, 'Manager', context.command.args));
}

function insertTargets(context: Context, table: string, targets: readonly string[]): string[] {
  const probe = context.command.options.get('--inactivity-probe');
  const rows = targets.map((target) => {
    if (!isActiveName(target) && !isPassiveName(target)) {
      context.warn('vsctl', `target type "${target}" is possibly erroneous`);
    }
    const row = context.work.insert(table, { target });
    if (probe !== undefined) row.set('inactivity_probe', Number.parseInt(probe, 10) || 0);
    return row;
  });
  return rows.map((row) => row.id);
}

const sslColumns = ['private_key', 'certificate', 'ca_cert', 'bootstrap_ca_cert'];

function sslRow(context: Context, root: WorkRow): WorkRow | undefined {
  root.verify('ssl');
  const id = root.text('ssl');
  return id === undefined ? undefined : context.work.row('SSL', id, sslColumns);
}

function getSsl(context: Context): void {
  const row = sslRow(context, rootOf(context.work));
  if (row === undefined) return;
  for (const column of sslColumns) row.verify(column);
  context.printList([
    `Private key: ${row.text('private_key')}`,
    `Certificate: ${row.text('certificate')}`,
    `CA Certificate: ${row.text('ca_cert')}`,
    `Bootstrap: ${row.text('bootstrap_ca_cert')}`,
  ]);
  context.value = Object.fromEntries(
    sslColumns.map((column) => [column, datumToJson(columnNamed(row.table, column).type, row.get(column))]),
  );
}

function deleteSsl(context: Context, root: WorkRow): void {
  const row = sslRow(context, root);
  if (row !== undefined) context.work.delete(row);
}

function setSsl(context: Context): void {
  const [key = '', certificate = '', ca = ''] = context.command.args;
  const root = rootOf(context.work);
  deleteSsl(context, root);
  const row = context.work.insert('SSL', {
    private_key: key,
    certificate,
    ca_cert: ca,
    bootstrap_ca_cert: context.has('--bootstrap'),
  });
  root.set('ssl', row.id);
}
