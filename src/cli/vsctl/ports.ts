/** Port, bond and interface commands. */
import { compareBytes } from '../../base/text.ts';
import type { CommandDef, Context } from '../db-ctl/command.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import type { Work, WorkRow } from '../db-ctl/work.ts';
import { setColumn } from '../db-ctl/writing-commands.ts';
import { deletePort, printSorted } from './bridges.ts';
import {
  bridgeRowOf,
  findBridge,
  findInterface,
  findPort,
  needBridge,
  needInterface,
  needPort,
  placeInterface,
  portColumns,
  portsOf,
  referredRows,
  type VsBridge,
  type VsPort,
} from './model.ts';
import { checkNameIsFree, prepareAllNames, prepareNames } from './names.ts';
import { commandText } from './words.ts';

const many = Number.POSITIVE_INFINITY;

export const vsctlPortCommands: readonly CommandDef[] = [
  {
    name: 'list-ports',
    minArgs: 1,
    maxArgs: 1,
    arguments: 'BRIDGE',
    options: [],
    mayWrite: false,
    prepare: (command, prep) => prepareNames(prep, command.args, []),
    run(context) {
      const bridge = needBridge(context.work, context.arg(0));
      const names = ownPortsOf(context.work, bridge).map((port) => port.text('name') ?? '');
      printSorted(
        context,
        names.filter((name) => name !== bridge.name),
      );
    },
  },
  {
    name: 'add-port',
    minArgs: 2,
    maxArgs: many,
    arguments: 'BRIDGE NEW-PORT [COLUMN[:KEY]=VALUE]...',
    options: ['--may-exist'],
    mayWrite: true,
    prepare(command, prep) {
      prepareNames(prep, command.args.slice(0, 1));
      prepareAllNames(prep, command.args.slice(1, 2));
    },
    run(context) {
      const [bridge = '', port = '', ...settings] = context.command.args;
      addPort(context, { bridge, port, interfaces: [port], settings, hasFakeInterface: false });
    },
  },
  {
    name: 'del-port',
    minArgs: 1,
    maxArgs: 2,
    arguments: '[BRIDGE] PORT|IFACE',
    options: ['--if-exists', '--with-iface'],
    mayWrite: true,
    prepare: (command, prep) => prepareNames(prep, command.args),
    run: removePort,
  },
  {
    name: 'port-to-br',
    minArgs: 1,
    maxArgs: 1,
    arguments: 'PORT',
    options: [],
    mayWrite: false,
    prepare: (command, prep) => prepareNames(prep, command.args),
    run: (context) => context.print(needPort(context.work, context.arg(0)).bridge.name),
  },
  {
    name: 'add-bond',
    minArgs: 4,
    maxArgs: many,
    arguments: 'BRIDGE BOND IFACE... [COLUMN[:KEY]=VALUE]...',
    options: ['--may-exist', '--fake-iface'],
    mayWrite: true,
    prepare(command, prep) {
      prepareNames(prep, command.args.slice(0, 1));
      prepareAllNames(
        prep,
        command.args.slice(1).filter((arg) => !arg.includes('=')),
      );
    },
    run: addBond,
  },
  {
    name: 'add-bond-iface',
    minArgs: 2,
    maxArgs: 2,
    arguments: 'BOND IFACE',
    options: ['--may-exist'],
    mayWrite: true,
    prepare: (command, prep) => prepareAllNames(prep, command.args),
    run: addBondInterface,
  },
  {
    name: 'del-bond-iface',
    minArgs: 1,
    maxArgs: 2,
    arguments: '[BOND] IFACE',
    options: ['--if-exists'],
    mayWrite: true,
    prepare: (command, prep) => prepareAllNames(prep, command.args),
    run: removeBondInterface,
  },
  {
    name: 'list-ifaces',
    minArgs: 1,
    maxArgs: 1,
    arguments: 'BRIDGE',
    options: [],
    mayWrite: false,
    prepare: (command, prep) => prepareNames(prep, command.args),
    run: listInterfaces,
  },
  {
    name: 'iface-to-br',
    minArgs: 1,
    maxArgs: 1,
    arguments: 'IFACE',
    options: [],
    mayWrite: false,
    prepare: (command, prep) => prepareAllNames(prep, command.args),
    run: (context) => context.print(needInterface(context.work, context.arg(0)).port.bridge.name),
  },
];

interface NewPort {
  readonly bridge: string;
  readonly port: string;
  readonly interfaces: readonly string[];
  /** COLUMN[:KEY]=VALUE, of the Port table. */
  readonly settings: readonly string[];
  readonly hasFakeInterface: boolean;
}

function addPort(context: Context, wanted: NewPort): void {
  const { work } = context;
  const { port: name, interfaces } = wanted;
  if (name === '') throw new CommandFailed('port name must not be empty string');
  if (interfaces.includes('')) throw new CommandFailed('interface name must not be empty string');
  if (context.has('--may-exist')) {
    const port = findPort(work, name);
    if (port !== undefined) {
      checkSamePort(context, port, wanted);
      return;
    }
  }
  checkNameIsFree(work, name, `cannot create a port named ${name}`);
  for (const iface of interfaces) checkNameIsFree(work, iface, `cannot create an interface named ${iface}`);
  const bridge = needBridge(work, wanted.bridge);
  const rows = interfaces.map((iface) => work.insert('Interface', { name: iface }));
  work.expected.push(...rows);
  const port = work.insert('Port', {
    name,
    interfaces: rows.map((row) => row.id),
    bond_fake_iface: wanted.hasFakeInterface,
  });
  if (bridge.fake !== undefined) port.set('tag', bridge.fake.vlan);
  for (const setting of wanted.settings) setColumn(context, work.table('Port'), port, setting);
  bridge.row.add('ports', port.id);
}

/** Throws CommandFailed when the port that exists is not the one that was to be made. */
function checkSamePort(context: Context, { row, bridge }: VsPort, wanted: NewPort): void {
  const have = interfaceNames(context, row.texts('interfaces'));
  if (bridge.name !== wanted.bridge) {
    throw new CommandFailed(
      `"${commandText(context.command)}" but ${wanted.port} is actually attached to bridge ${bridge.name}`,
    );
  }
  if (have.join() !== sortedNames(wanted.interfaces).join()) {
    throw new CommandFailed(
      `"${commandText(context.command)}" but ${wanted.port} actually has interface(s) ${have.join(', ')}`,
    );
  }
}

function interfaceNames(context: Context, ids: readonly string[]): string[] {
  return sortedNames(
    referredRows(context.work, 'Interface', ids, ['name']).map((row) => row.text('name') ?? ''),
  );
}

function sortedNames(names: readonly string[]): string[] {
  return [...names].sort(compareBytes);
}

function addBond(context: Context): void {
  const [bridge = '', port = '', ...rest] = context.command.args;
  const firstSetting = rest.findIndex((arg) => arg.includes('='));
  const interfaces = firstSetting < 0 ? rest : rest.slice(0, firstSetting);
  if (interfaces.length < 2) {
    throw new CommandFailed(
      `add-bond requires at least 2 interfaces, but only ${interfaces.length} were specified`,
    );
  }
  const settings = rest.slice(interfaces.length);
  addPort(context, { bridge, port, interfaces, settings, hasFakeInterface: context.has('--fake-iface') });
}

function addBondInterface(context: Context): void {
  const { work } = context;
  const [bondName = '', name = ''] = context.command.args;
  const bond = needPort(work, bondName);
  if (context.has('--may-exist')) {
    const found = findInterface(work, name);
    if (found?.port.row === bond.row) return;
    if (found !== undefined) {
      const other = found.port.row.text('name');
      throw new CommandFailed(
        `"${commandText(context.command)}" but ${name} is actually attached to port ${other}`,
      );
    }
  }
  checkNameIsFree(work, name, `cannot create an interface named ${name}`);
  const iface = work.insert('Interface', { name });
  bond.row.add('interfaces', iface.id);
  work.expected.push(iface);
}

function removeBondInterface(context: Context): void {
  const { work, command } = context;
  const name = command.args.at(-1) ?? '';
  const iface = context.has('--if-exists') ? findInterface(work, name) : needInterface(work, name);
  if (iface === undefined) return;
  const { row: port } = iface.port;
  const bondName = command.args.length > 1 ? command.args[0] : undefined;
  if (bondName !== undefined && needPort(work, bondName).row !== port) {
    throw new CommandFailed(`port ${bondName} does not have an interface ${name}`);
  }
  if (port.keys('interfaces').length < 2) {
    throw new CommandFailed(`cannot delete last interface from port ${port.text('name')}`);
  }
  port.remove('interfaces', iface.row.id);
  work.delete(iface.row);
}

function removePort(context: Context): void {
  const { work, command } = context;
  const target = command.args.at(-1) ?? '';
  const port = portToRemove(context, target);
  if (port === undefined) return;
  const bridgeName = command.args.length > 1 ? command.args[0] : undefined;
  if (bridgeName !== undefined) checkIsOn(context, port, bridgeName, target);
  if (!context.isLast) {
    const ids = port.row.texts('interfaces');
    for (const iface of referredRows(work, 'Interface', ids, [])) work.delete(iface);
  }
  deletePort(work, port.bridge.row, port.row);
}

function portToRemove(context: Context, target: string): VsPort | undefined {
  const { work } = context;
  const mustExist = !context.has('--if-exists');
  if (findBridge(work, target) !== undefined) {
    if (!mustExist) return undefined;
    throw new CommandFailed(
      `cannot delete port ${target} because it is the local port for bridge ${target} (deleting this port requires deleting the entire bridge)`,
    );
  }
  if (!context.has('--with-iface')) return mustExist ? needPort(work, target) : findPort(work, target);
  const port = findPort(work, target) ?? findInterface(work, target)?.port;
  if (port === undefined && mustExist) throw new CommandFailed(`no port or interface named ${target}`);
  return port;
}

function checkIsOn(context: Context, port: VsPort, bridgeName: string, target: string): void {
  const bridge = needBridge(context.work, bridgeName);
  if (port.bridge.name === bridge.name) return;
  const missing = `bridge ${bridgeName} does not have a port ${target}`;
  if (port.bridge.fake?.parent === bridge.name) {
    throw new CommandFailed(`${missing} (although its child bridge ${port.bridge.name} does)`);
  }
  throw new CommandFailed(missing);
}

function listInterfaces(context: Context): void {
  const { work } = context;
  const bridge = needBridge(work, context.arg(0));
  work.rows('Port', [...portColumns, 'interfaces']); // one question for what is asked of each interface
  const names = ownPortsOf(work, bridge).flatMap((port) => {
    const rows = referredRows(work, 'Interface', port.texts('interfaces'), ['name']);
    return rows
      .filter((row) => placeInterface(work, row)?.port.row === port)
      .map((row) => row.text('name') ?? '');
  });
  printSorted(
    context,
    names.filter((name) => name !== bridge.name),
  );
}

/** Those that are in no other bridge before this one. */
function ownPortsOf(work: Work, bridge: VsBridge): WorkRow[] {
  work.rows('Bridge', ['name', 'ports']); // one question for what is asked of each port
  return portsOf(work, bridge).filter((port) => bridgeRowOf(work, port) === bridge.row);
}
