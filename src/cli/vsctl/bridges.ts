/** Bridge commands: add-br, del-br, list-br, br-exists, br-to-vlan, br-to-parent and their external ids. */
import { compareBytes } from '../../base/text.ts';
import { type CommandDef, type Context, ExitEarly, type Preparation } from '../db-ctl/command.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import type { Work, WorkRow } from '../db-ctl/work.ts';
import {
  allPortsOf,
  findBridge,
  findFakeBridge,
  isFakeBridge,
  needBridge,
  portColumns,
  portsOf,
  rootOf,
  type VsBridge,
} from './model.ts';
import { checkNameIsFree, prepareNames } from './names.ts';
import { type BridgeCommandDef, lookAgain } from './oddities.ts';

export const vsctlBridgeCommands: readonly BridgeCommandDef[] = [
  {
    name: 'add-br',
    minArgs: 1,
    maxArgs: 3,
    arguments: 'NEW-BRIDGE [PARENT] [NEW-VLAN]',
    options: ['--may-exist'],
    mayWrite: true,
    prepare: (command, prep) => prepareNames(prep, command.args.slice(0, 2)),
    check: checkNewBridge,
    run: addBridge,
  },
  {
    name: 'del-br',
    minArgs: 1,
    maxArgs: 1,
    arguments: 'BRIDGE',
    options: ['--if-exists'],
    mayWrite: true,
    prepare: (command, prep) => prepareNames(prep, command.args),
    run(context) {
      const name = context.arg(0);
      const bridge = context.has('--if-exists')
        ? findBridge(context.work, name)
        : needBridge(context.work, name);
      if (bridge !== undefined) deleteBridge(context.work, bridge);
    },
  },
  {
    name: 'list-br',
    minArgs: 0,
    maxArgs: 0,
    arguments: '',
    options: ['--real', '--fake'],
    mayWrite: false,
    run: listBridges,
  },
  question('br-exists', (context) => {
    if (findBridge(context.work, context.arg(0)) === undefined) throw new ExitEarly(2);
  }),
  question('br-to-vlan', (context) => {
    const vlan = needBridge(context.work, context.arg(0)).fake?.vlan ?? 0;
    context.print(String(vlan), vlan);
  }),
  question('br-to-parent', (context) => {
    const bridge = needBridge(context.work, context.arg(0));
    context.print(bridge.fake?.parent ?? bridge.name);
  }),
  {
    name: 'br-set-external-id',
    minArgs: 2,
    maxArgs: 3,
    arguments: 'BRIDGE KEY [VALUE]',
    options: [],
    mayWrite: true,
    prepare: (command, prep) => prepareNames(prep, command.args.slice(0, 1), ['external_ids']),
    run: setExternalId,
  },
  {
    name: 'br-get-external-id',
    minArgs: 1,
    maxArgs: 2,
    arguments: 'BRIDGE [KEY]',
    options: [],
    mayWrite: false,
    prepare: (command, prep) => prepareNames(prep, command.args.slice(0, 1), ['external_ids']),
    run: getExternalId,
  },
];

/** A command that takes a bridge, reads it, and takes nothing else. */
export function bridgeCommand(
  name: string,
  prepare: (prep: Preparation, bridge: string) => void,
  run: (context: Context) => void,
): CommandDef {
  return {
    name,
    minArgs: 1,
    maxArgs: 1,
    arguments: 'BRIDGE',
    options: [],
    mayWrite: false,
    prepare: (command, prep) => prepare(prep, command.args[0] ?? ''),
    run,
  };
}

function question(name: string, run: (context: Context) => void): CommandDef {
  return bridgeCommand(name, (prep, bridge) => prepareNames(prep, [bridge]), run);
}

function checkNewBridge({ command: { args } }: Context): void {
  if (args[0] === '') throw new CommandFailed('bridge name must not be empty string');
  if (args.length === 2) throw new CommandFailed("'add-br' command takes exactly 1 or 3 arguments");
  const vlan = vlanOfNewBridge(args);
  if (vlan < 0 || vlan > 4095) throw new CommandFailed('add-br: vlan must be between 0 and 4095');
}

function vlanOfNewBridge([, , vlan = '0']: readonly string[]): number {
  return Number.parseInt(vlan, 10) || 0;
}

function addBridge(context: Context): void {
  const { work, command } = context;
  const [name = '', parentName] = command.args;
  const vlan = vlanOfNewBridge(command.args);
  if (context.has('--may-exist')) {
    const bridge = findBridge(work, name);
    if (bridge !== undefined) {
      checkSameBridge(bridge, parentName, vlan);
      return;
    }
  }
  checkNameIsFree(work, name, `cannot create a bridge named ${name}`);
  if (parentName === undefined) insertBridge(work, name);
  else insertFakeBridge(work, name, parentName, vlan);
}

/** Throws CommandFailed when the bridge that exists is not the one that was to be made. */
function checkSameBridge({ name, fake }: VsBridge, parent: string | undefined, vlan: number): void {
  if (parent === undefined) {
    if (fake === undefined) return;
    throw new CommandFailed(
      `"--may-exist add-br ${name}" but ${name} is a VLAN bridge for VLAN ${fake.vlan}`,
    );
  }
  const asked = `"--may-exist add-br ${name} ${parent} ${vlan}" but ${name}`;
  if (fake === undefined) throw new CommandFailed(`${asked} is not a VLAN bridge`);
  if (fake.parent !== parent) throw new CommandFailed(`${asked} has the wrong parent ${fake.parent}`);
  if (fake.vlan !== vlan)
    throw new CommandFailed(`${asked} is a VLAN bridge for the wrong VLAN ${fake.vlan}`);
}

function insertBridge(work: Work, name: string): void {
  const port = insertLocalPort(work, name);
  const bridge = work.insert('Bridge', { name, ports: port.id });
  rootOf(work).add('bridges', bridge.id);
}

function insertFakeBridge(work: Work, name: string, parentName: string, vlan: number): void {
  const parent = findBridge(work, parentName);
  if (parent?.fake !== undefined) throw new CommandFailed('cannot create bridge with fake bridge as parent');
  if (parent === undefined) throw new CommandFailed(`parent bridge ${parentName} does not exist`);
  const conflict = findFakeBridge(work, parent.row, vlan);
  if (conflict !== undefined) {
    throw new CommandFailed(
      `bridge ${parentName} already has a child VLAN bridge ${conflict.name} on VLAN ${vlan}`,
    );
  }
  const port = insertLocalPort(work, name);
  port.set('fake_bridge', true);
  port.set('tag', vlan);
  parent.row.add('ports', port.id);
}

/** The port and the internal interface that every bridge has, under its own name. */
function insertLocalPort(work: Work, name: string): WorkRow {
  const iface = work.insert('Interface', { name, type: 'internal' });
  work.expected.push(iface);
  lookAgain(work);
  return work.insert('Port', { name, interfaces: iface.id });
}

function deleteBridge(work: Work, bridge: VsBridge): void {
  if (bridge.fake !== undefined) {
    for (const port of portsOf(work, bridge)) deletePort(work, bridge.row, port);
    return;
  }
  if (bridge.row.isNew)
    for (const port of allPortsOf(work, bridge.row, portColumns)) deletePort(work, bridge.row, port);
  for (const set of work.where('Flow_Sample_Collector_Set', [
    { column: 'bridge', test: '==', value: bridge.row.id },
  ])) {
    work.delete(set);
  }
  work.delete(bridge.row);
  rootOf(work).remove('bridges', bridge.row.id);
}

/** Takes a port off its bridge; the server removes what nothing refers to any more. */
export function deletePort(work: Work, bridge: WorkRow, port: WorkRow): void {
  bridge.remove('ports', port.id);
  work.delete(port);
  if (!port.isNew) return;
  for (const id of port.texts('interfaces')) {
    const iface = work.row('Interface', id);
    if (iface !== undefined) work.delete(iface);
  }
}

function listBridges(context: Context): void {
  const { work } = context;
  const isAll = !context.has('--real') && !context.has('--fake');
  const real = work.rows('Bridge', ['name']).map((row) => row.text('name') ?? '');
  const fakePorts = work.where('Port', [{ column: 'fake_bridge', test: '==', value: true }], portColumns);
  const fake = fakePorts.filter(isFakeBridge).map((row) => row.text('name') ?? '');
  // Of a real and a fake one of the same name, one hides the other
  const isHidden = (name: string, isFake: boolean) =>
    real.includes(name) && fake.includes(name) && (findBridge(work, name)?.fake !== undefined) !== isFake;
  printSorted(context, [
    ...(isAll || context.has('--real') ? real.filter((name) => !isHidden(name, false)) : []),
    ...(isAll || context.has('--fake') ? fake.filter((name) => !isHidden(name, true)) : []),
  ]);
}

export function printSorted(context: Context, names: readonly string[]): void {
  context.printList([...names].sort(compareBytes));
}

/** A fake bridge keeps its external ids at its port, under keys of their own. */
function externalIdsOf(context: Context): { row: WorkRow; prefix: string } {
  const { row, fake } = needBridge(context.work, context.arg(0));
  return fake === undefined ? { row, prefix: '' } : { row: fake.port, prefix: 'fake-bridge-' };
}

function setExternalId(context: Context): void {
  const { row, prefix } = externalIdsOf(context);
  const key = prefix + context.arg(1);
  const value = context.command.args[2];
  const others = row.pairs('external_ids').filter(([name]) => name !== key);
  row.verify('external_ids');
  row.set('external_ids', value === undefined ? others.flat() : [...others.flat(), key, value]);
}

function getExternalId(context: Context): void {
  const { row, prefix } = externalIdsOf(context);
  const key = context.command.args[1];
  if (key !== undefined) {
    const value = row.valueUnder('external_ids', prefix + key);
    if (value !== undefined) context.print(String(value));
    return;
  }
  const own = row
    .pairs('external_ids')
    .filter(([name]) => String(name).startsWith(prefix))
    .map(([name, value]) => [String(name).slice(prefix.length), String(value)] as const);
  context.printList(own.map(([name, value]) => `${name}=${value}`));
  context.value = Object.fromEntries(own);
}
