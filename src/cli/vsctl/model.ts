/**
 * Bridges, ports and interfaces as ovs-vsctl speaks of them, looked up one by one in the database: a bridge may be a
 * "fake" one, that is a VLAN of a real bridge, made by a port with `fake_bridge` and `tag`. ovs-vsctl(8) "Linux VLAN
 * Bridging Compatibility".
 */
import { compareBytes } from '../../base/text.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import type { Work, WorkRow } from '../db-ctl/work.ts';

export interface VsBridge {
  readonly name: string;
  /** The real bridge's row: of the bridge itself, or of the parent of a fake one. */
  readonly row: WorkRow;
  /** Of a fake bridge: its VLAN, its parent's name and the port that makes it. */
  readonly fake: { readonly vlan: number; readonly parent: string; readonly port: WorkRow } | undefined;
}

export interface VsPort {
  readonly row: WorkRow;
  readonly bridge: VsBridge;
}

export interface VsInterface {
  readonly row: WorkRow;
  readonly port: VsPort;
}

/** What a lookup of ports wants to know of them at once. */
export const portColumns = ['name', 'fake_bridge', 'tag'];

/** The row of the Open_vSwitch table. */
export function rootOf(work: Work): WorkRow {
  const [root] = work.rows('Open_vSwitch');
  if (root === undefined) throw new Error('the Open_vSwitch table has no row');
  return root;
}

export function findBridge(work: Work, name: string): VsBridge | undefined {
  const [row] = work.where('Bridge', [{ column: 'name', test: '==', value: name }], ['name']);
  const real = row === undefined ? undefined : { name, row, fake: undefined };
  const [port] = work.where('Port', [{ column: 'name', test: '==', value: name }], portColumns);
  const vlan = port === undefined ? undefined : vlanOf(port);
  if (port === undefined || vlan === undefined || !isFakeBridge(port)) return real;
  const parent = bridgeRowOf(work, port);
  if (parent === undefined || (row !== undefined && row.id <= parent.id)) return real;
  return { name, row: parent, fake: { vlan, parent: parent.text('name') ?? '', port } };
}

/** Throws CommandFailed. */
export function needBridge(work: Work, name: string): VsBridge {
  const bridge = findBridge(work, name);
  if (bridge === undefined) throw new CommandFailed(`no bridge named ${name}`);
  return bridge;
}

/** Throws CommandFailed also for a fake bridge. */
export function needRealBridge(work: Work, name: string): VsBridge {
  const bridge = needBridge(work, name);
  if (bridge.fake !== undefined) throw new CommandFailed(`${name} is a fake bridge`);
  return bridge;
}

/** Any port of that name, a bridge's local port included. */
export function findAnyPort(work: Work, name: string): VsPort | undefined {
  const [row] = work.where('Port', [{ column: 'name', test: '==', value: name }], portColumns);
  return row === undefined ? undefined : placePort(work, row);
}

/** Local ports do not count: they go with their bridge. */
export function findPort(work: Work, name: string): VsPort | undefined {
  const port = findAnyPort(work, name);
  return port?.bridge.name === name ? undefined : port;
}

/** Throws CommandFailed. */
export function needPort(work: Work, name: string): VsPort {
  const port = findPort(work, name);
  if (port === undefined) throw new CommandFailed(`no port named ${name}`);
  return port;
}

export function findAnyInterface(work: Work, name: string): VsInterface | undefined {
  const [row] = work.where('Interface', [{ column: 'name', test: '==', value: name }], ['name']);
  return row === undefined ? undefined : placeInterface(work, row);
}

/** In its port, the first one where it is in several. */
export function placeInterface(work: Work, row: WorkRow): VsInterface | undefined {
  const owners = work.where('Port', [{ column: 'interfaces', test: 'includes', value: row.id }], portColumns);
  const ports = owners.flatMap((owner) => placePort(work, owner) ?? []);
  ports.sort((a, b) => byId(a.bridge.row, b.bridge.row) || byId(a.row, b.row));
  const [first] = ports;
  return first && { row, port: first };
}

function byId(a: WorkRow, b: WorkRow): number {
  return compareBytes(a.id, b.id);
}

export function findInterface(work: Work, name: string): VsInterface | undefined {
  const found = findAnyInterface(work, name);
  return found?.port.bridge.name === name ? undefined : found;
}

/** Throws CommandFailed. */
export function needInterface(work: Work, name: string): VsInterface {
  const found = findInterface(work, name);
  if (found === undefined) throw new CommandFailed(`no interface named ${name}`);
  return found;
}

/** The fake bridge of a real bridge for that VLAN. */
export function findFakeBridge(work: Work, parent: WorkRow, vlan: number): VsBridge | undefined {
  const makers = work.where(
    'Port',
    [
      { column: 'fake_bridge', test: '==', value: true },
      { column: 'tag', test: '==', value: vlan },
    ],
    portColumns,
  );
  const port = makers.find((maker) => bridgeRowOf(work, maker) === parent);
  const name = port?.text('name');
  if (port === undefined || name === undefined) return undefined;
  return { name, row: parent, fake: { vlan, parent: parent.text('name') ?? '', port } };
}

/** The ports of a bridge, as far as they are not those of its fake bridges. */
export function portsOf(work: Work, bridge: VsBridge): WorkRow[] {
  const ports = allPortsOf(work, bridge.row, portColumns);
  if (bridge.fake !== undefined) {
    const { vlan } = bridge.fake;
    return ports.filter((port) => vlanOf(port) === vlan);
  }
  const fakeVlans = new Set(ports.filter(isFakeBridge).map(vlanOf));
  return ports.filter((port) => {
    const vlan = vlanOf(port);
    return vlan === undefined || !fakeVlans.has(vlan);
  });
}

/** In the order of their uuids. Few are looked up one by one, many by reading the whole table. */
export function allPortsOf(work: Work, bridge: WorkRow, columns: readonly string[]): WorkRow[] {
  return referredRows(work, 'Port', bridge.texts('ports'), columns);
}

const fewRows = 30;

export function referredRows(
  work: Work,
  table: string,
  ids: readonly string[],
  columns: readonly string[],
): WorkRow[] {
  if (ids.length <= fewRows) {
    return ids.flatMap((id) => work.row(table, id, columns) ?? []);
  }
  const byId = new Map(work.rows(table, columns).map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

export function isFakeBridge(port: WorkRow): boolean {
  return port.get('fake_bridge') === true && vlanOf(port) !== undefined;
}

/** The port's VLAN; undefined without one. */
function vlanOf(port: WorkRow): number | undefined {
  const [tag] = port.keys('tag');
  return isVlan(tag) ? tag : undefined;
}

export function isVlan(tag: unknown): tag is number {
  return typeof tag === 'number' && tag >= 0 && tag <= 4095;
}

/** The real bridge that a port is in, the first one where it is in several. */
export function bridgeRowOf(work: Work, port: WorkRow): WorkRow | undefined {
  const owners = work.where('Bridge', [{ column: 'ports', test: 'includes', value: port.id }], ['name']);
  return owners.sort(byId)[0];
}

function placePort(work: Work, row: WorkRow): VsPort | undefined {
  const real = bridgeRowOf(work, row);
  if (real === undefined) return undefined;
  const vlan = vlanOf(row);
  const fake = vlan === undefined ? undefined : findFakeBridge(work, real, vlan);
  return { row, bridge: fake ?? { name: real.text('name') ?? '', row: real, fake: undefined } };
}
