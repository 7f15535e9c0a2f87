/**
 * The wanted state, kept up with the database at the cost of what changed: `update` takes a change set in and says
 * which bridges and ports must be looked at. Used by `Reconciler`; knows the database only by its client's view.
 */
import { LimitedSite, logger } from '../../base/log.ts';
import { compareBytes } from '../../base/text.ts';
import type { OfPort, Uuid } from '../../base/units.ts';
import type { ChangeSet, RowDelta, View } from '../../ovsdb/client/index.ts';
import { kernelName } from '../../sys/calls/device.ts';
import type { OvsRow, OvsTables } from '../schema/index.ts';
import { configColumns } from './config-columns.ts';
import { readFlowTable } from './flow-table-rows.ts';
import { assignedNumber, readInterface, type WantedInterface } from './interface-rows.ts';
import { readMirror, type WantedMirror } from './mirror-rows.ts';
import { readLinkPolling, readPort, type WantedPort } from './port-rows.ts';
import { QosRows } from './qos-rows.ts';
import { isConfigChanged, type Links, link, unlink } from './row-links.ts';
import { type BridgeSettings, readBridgeSettings, type WantedBridge } from './wanted.ts';

const log = logger('bridge');
const invalidName = new LimitedSite({ perMinute: 1, burst: 5 });

/** What to plan anew: names of ports by the name of their bridge. A bridge without ports is there for itself. */
export type Dirty = Map<string, Set<string>>;

/** A port of a bridge, by their names. */
export interface PortPlace {
  readonly bridge: string;
  readonly port: string;
}

interface ModelBridge extends WantedBridge {
  settings: BridgeSettings;
  readonly ports: Map<string, WantedPort>;
}

type Deltas<T extends keyof OvsTables> = readonly RowDelta<OvsRow<T>>[];

export class WantedModel {
  readonly #view: View<OvsTables>;
  readonly #bridges = new Map<string, ModelBridge>();
  /** Rows of bridges that the switch has: others may refer to one that it has no longer. */
  #listed: ReadonlySet<Uuid> = new Set();
  /** Who refers to a port or an interface row; more than one when the operator says so twice. */
  readonly #bridgesOfPort: Links = new Map();
  readonly #portsOfInterface: Links = new Map();
  /** Which bridges a controller row is of. */
  readonly #bridgesOfController: Links = new Map();
  /** Which bridges a row of Flow_Table is of. */
  readonly #bridgesOfTable: Links = new Map();
  /** Which bridges a row of Mirror is of. */
  readonly #bridgesOfMirror: Links = new Map();
  /** Which bridges the row of an exporter is of. */
  readonly #bridgesOfExporter: Links = new Map();
  readonly #qos: QosRows;
  /** Which bridges a row of AutoAttach is of. */
  readonly #bridgesOfAutoAttach: Links = new Map();
  /** Names stay known after a row is gone from the view. */
  readonly #portNames = new Map<Uuid, string>();
  /** The row of each interface that there is, by its name. */
  readonly #interfaceRows = new Map<string, Uuid>();
  /** Names of interfaces that no device can have, by what their devices are called. */
  readonly #longNames = new Map<string, ReadonlySet<string>>();

  constructor(view: View<OvsTables>) {
    this.#view = view;
    this.#qos = new QosRows(view);
  }

  get bridges(): ReadonlyMap<string, WantedBridge> {
    return this.#bridges;
  }

  /** The interfaces of which the device is called so: nearly always one of that name. */
  interfacesOn(device: string): string[] {
    return [device, ...(this.#longNames.get(device) ?? [])];
  }

  /** The bridges and ports that want the interface of that name: nearly always one. */
  claimsOn(name: string): PortPlace[] {
    const id = this.#interfaceRows.get(name);
    return id === undefined ? [] : this.#portsOf(id).flatMap((port) => this.#placesOf(port));
  }

  /** Rows of table Controller. */
  controllersOf(bridge: string): readonly Uuid[] {
    const id = this.#bridges.get(bridge)?.id;
    return (id !== undefined && this.#view.row('Bridge', id)?.controller) || [];
  }

  update(changes: ChangeSet<OvsTables>): Dirty {
    const dirty: Dirty = new Map();
    const ports = new Set<Uuid>();
    this.#takePortNames(changes.of('Port'));
    this.#takeBridges(this.#listBridges(changes), dirty, ports);
    this.#takeControllers(changes.of('Controller'), dirty);
    this.#takeTables(changes.of('Flow_Table'), dirty);
    this.#takeMirrors(changes.of('Mirror'), dirty);
    this.#takeExporters(changes.of('NetFlow'), configColumns.NetFlow, dirty);
    this.#takeExporters(changes.of('sFlow'), configColumns.sFlow, dirty);
    for (const delta of changes.of('AutoAttach'))
      if (isConfigChanged(delta, configColumns.AutoAttach))
        this.#readAgain(this.#bridgesOfAutoAttach.get(delta.id), dirty);
    this.#takeExporters(changes.of('IPFIX'), configColumns.IPFIX, dirty);
    this.#takeCollectorSets(changes.of('Flow_Sample_Collector_Set'), dirty);
    this.#takePorts(changes.of('Port'), ports);
    this.#takeInterfaces(changes.of('Interface'), ports);
    this.#qos.take(changes, ports);
    for (const port of ports) {
      this.#refreshPort(port);
      for (const { bridge, port: name } of this.#placesOf(port)) markPort(dirty, bridge, name);
    }
    return dirty;
  }

  #takePortNames(deltas: Deltas<'Port'>): void {
    for (const { id, new: row } of deltas) if (row !== undefined) this.#portNames.set(id, row.name);
  }

  /** Changes of bridges, of which one that the switch does not list is not there. */
  #listBridges(changes: ChangeSet<OvsTables>): RowDelta<OvsRow<'Bridge'>>[] {
    const before = this.#listed;
    if (changes.of('Open_vSwitch').some(({ old, new: row }) => old?.bridges !== row?.bridges))
      this.#listed = new Set([...this.#view.rows('Open_vSwitch').values()].flatMap((root) => root.bridges));
    const now = this.#listed;
    const changed = new Map(changes.of('Bridge').map((delta) => [delta.id, delta]));
    const isMoved = (id: Uuid): boolean => before.has(id) !== now.has(id) && !changed.has(id);
    const moved = now === before ? [] : [...new Set([...before, ...now])].filter(isMoved);
    const unchanged = moved.map((id) => ({ id, row: this.#view.row('Bridge', id) }));
    return [...changed.values(), ...unchanged.map(({ id, row }) => ({ id, old: row, new: row }))].flatMap(
      ({ id, old, new: row }) => deltaOf(id, before.has(id) ? old : undefined, now.has(id) ? row : undefined),
    );
  }

  #takeBridges(deltas: Deltas<'Bridge'>, dirty: Dirty, ports: Set<Uuid>): void {
    for (const delta of deltas) {
      if (!isConfigChanged(delta, configColumns.Bridge)) continue;
      if (delta.old !== undefined) this.#dropFromBridge(delta.old, delta.new, dirty);
    }
    for (const { id, old, new: row } of deltas) {
      if (row === undefined || !isConfigChanged({ old, new: row }, configColumns.Bridge)) continue;
      if (/[/\\]/.test(row.name)) {
        // Its sockets would be anywhere.
        log.limited('warn', invalidName, `ignoring bridge with invalid name "${row.name}"`);
        continue;
      }
      this.#keepBridge(row);
      markBridge(dirty, row.name);
      for (const port of missingFrom(row.ports, old?.ports)) {
        link(this.#bridgesOfPort, port, id);
        ports.add(port);
      }
    }
  }

  #takeControllers(deltas: Deltas<'Controller'>, dirty: Dirty): void {
    for (const delta of deltas)
      if (isConfigChanged(delta, configColumns.Controller))
        this.#readAgain(this.#bridgesOfController.get(delta.id), dirty);
  }

  #takeTables(deltas: Deltas<'Flow_Table'>, dirty: Dirty): void {
    for (const delta of deltas)
      if (isConfigChanged(delta, configColumns.Flow_Table))
        this.#readAgain(this.#bridgesOfTable.get(delta.id), dirty);
  }

  #takeMirrors(deltas: Deltas<'Mirror'>, dirty: Dirty): void {
    for (const delta of deltas)
      if (isConfigChanged(delta, configColumns.Mirror))
        this.#readAgain(this.#bridgesOfMirror.get(delta.id), dirty);
  }

  #takeExporters<R>(deltas: readonly RowDelta<R>[], columns: readonly (keyof R)[], dirty: Dirty): void {
    for (const delta of deltas)
      if (isConfigChanged(delta, columns)) this.#readAgain(this.#bridgesOfExporter.get(delta.id), dirty);
  }

  /** Such a row refers to its bridge. */
  #takeCollectorSets(deltas: Deltas<'Flow_Sample_Collector_Set'>, dirty: Dirty): void {
    for (const delta of deltas) {
      if (!isConfigChanged(delta, configColumns.Flow_Sample_Collector_Set)) continue;
      const { old, new: row } = delta;
      for (const bridge of new Set([old?.bridge, row?.bridge]))
        if (bridge !== undefined) this.#readAgain([bridge], dirty);
    }
  }

  /** By the number of the collectors. */
  #collectorSetsOf(bridge: Uuid): Map<number, OvsRow<'IPFIX'>> {
    const sets = new Map<number, OvsRow<'IPFIX'>>();
    for (const set of this.#view.rows('Flow_Sample_Collector_Set').values()) {
      if (set.bridge !== bridge || set.ipfix === undefined) continue;
      link(this.#bridgesOfExporter, set.ipfix, bridge);
      const row = this.#view.row('IPFIX', set.ipfix);
      if (row !== undefined) sets.set(Number(set.id), row);
    }
    return sets;
  }

  /** A row that these bridges refer to has changed. */
  #readAgain(bridges: readonly Uuid[] = [], dirty: Dirty): void {
    for (const id of bridges) {
      const row = this.#listed.has(id) ? this.#view.row('Bridge', id) : undefined;
      if (row === undefined) continue;
      this.#keepBridge(row);
      markBridge(dirty, row.name);
    }
  }

  #dropFromBridge(old: OvsRow<'Bridge'>, row: OvsRow<'Bridge'> | undefined, dirty: Dirty): void {
    const isGone = row === undefined;
    for (const controller of missingFrom(old.controller, row?.controller))
      unlink(this.#bridgesOfController, controller, old._uuid);
    for (const mirror of missingFrom(old.mirrors, row?.mirrors))
      unlink(this.#bridgesOfMirror, mirror, old._uuid);
    for (const exporter of missingFrom(exportersOf(old), row && exportersOf(row)))
      unlink(this.#bridgesOfExporter, exporter, old._uuid);
    if (old.auto_attach !== undefined && old.auto_attach !== row?.auto_attach)
      unlink(this.#bridgesOfAutoAttach, old.auto_attach, old._uuid);
    for (const table of old.flow_tables.values()) unlink(this.#bridgesOfTable, table, old._uuid);
    for (const port of isGone ? old.ports : missingFrom(old.ports, row.ports)) {
      unlink(this.#bridgesOfPort, port, old._uuid);
      const name = this.#portNames.get(port);
      if (name === undefined) continue;
      this.#bridges.get(old.name)?.ports.delete(name);
      markPort(dirty, old.name, name);
    }
    if (!isGone) return;
    // Another row may carry that name already, from the same transaction.
    if (this.#bridges.get(old.name)?.id === old._uuid) this.#bridges.delete(old.name);
    markBridge(dirty, old.name);
  }

  #keepBridge(row: OvsRow<'Bridge'>): void {
    for (const table of row.flow_tables.values()) link(this.#bridgesOfTable, table, row._uuid);
    for (const mirror of row.mirrors) link(this.#bridgesOfMirror, mirror, row._uuid);
    for (const exporter of exportersOf(row)) link(this.#bridgesOfExporter, exporter, row._uuid);
    if (row.auto_attach !== undefined) link(this.#bridgesOfAutoAttach, row.auto_attach, row._uuid);
    for (const controller of row.controller) link(this.#bridgesOfController, controller, row._uuid);
    const controllers = row.controller.flatMap((id) => this.#view.row('Controller', id) ?? []);
    const tables = [...row.flow_tables].flatMap(([number, id]) => {
      const table = this.#view.row('Flow_Table', id);
      return table === undefined ? [] : [readFlowTable(Number(number), table)];
    });
    const settings = readBridgeSettings(row, controllers, tables, this.#mirrorsOf(row), {
      netFlow: row.netflow && this.#view.row('NetFlow', row.netflow),
      sFlow: row.sflow && this.#view.row('sFlow', row.sflow),
      autoAttach: row.auto_attach && this.#view.row('AutoAttach', row.auto_attach),
      ipfix: row.ipfix && this.#view.row('IPFIX', row.ipfix),
      sets: this.#collectorSetsOf(row._uuid),
    });
    const known = this.#bridges.get(row.name);
    if (known?.id === row._uuid) known.settings = settings;
    else this.#bridges.set(row.name, { id: row._uuid, name: row.name, settings, ports: new Map() });
  }

  #mirrorsOf(row: OvsRow<'Bridge'>): WantedMirror[] {
    if (row.mirrors.length === 0) return [];
    const nameOf = (id: Uuid): string => this.#view.row('Port', id)?.name ?? id;
    const ports = new Map(row.ports.map((id) => [id, nameOf(id)]));
    return row.mirrors.flatMap((id) => {
      const mirror = this.#view.row('Mirror', id);
      return mirror === undefined ? [] : [readMirror(mirror, ports, nameOf)];
    });
  }

  #takePorts(deltas: Deltas<'Port'>, ports: Set<Uuid>): void {
    for (const delta of deltas) {
      const { id, old, new: row } = delta;
      if (!isConfigChanged(delta, configColumns.Port)) continue;
      for (const gone of missingFrom(old?.interfaces, row?.interfaces))
        unlink(this.#portsOfInterface, gone, id);
      for (const added of missingFrom(row?.interfaces, old?.interfaces))
        link(this.#portsOfInterface, added, id);
      if (row === undefined) this.#portNames.delete(id);
      else ports.add(id);
    }
  }

  /** Numbers come back from us, so they change nothing; but whoever is made anew is to have the newest again. */
  #takeInterfaces(deltas: Deltas<'Interface'>, ports: Set<Uuid>): void {
    for (const delta of deltas) {
      const { id, old, new: row } = delta;
      if (row !== undefined) this.#nameInterface(row.name, id);
      else if (old !== undefined) this.#forgetInterface(old.name, id);
      if (isConfigChanged(delta, configColumns.Interface))
        for (const port of this.#portsOf(id)) ports.add(port);
      else if (old?.ofport !== row?.ofport) this.#noteNumber(id, assignedNumber(row?.ofport));
    }
  }

  #noteNumber(id: Uuid, number: OfPort | undefined): void {
    for (const port of this.#portsOf(id))
      for (const { bridge, port: name } of this.#placesOf(port))
        for (const i of this.#bridges.get(bridge)?.ports.get(name)?.interfaces ?? [])
          if (i.id === id) i.ofport = number;
  }

  #nameInterface(name: string, id: Uuid): void {
    if (!this.#interfaceRows.has(name)) {
      const device = kernelName(name);
      if (device !== name) this.#longNames.set(device, new Set(this.#longNames.get(device)).add(name));
    }
    this.#interfaceRows.set(name, id);
  }

  /** Another row may carry that name already, from the same transaction. */
  #forgetInterface(name: string, id: Uuid): void {
    if (this.#interfaceRows.get(name) !== id) return;
    this.#interfaceRows.delete(name);
    const device = kernelName(name);
    const left = [...(this.#longNames.get(device) ?? [])].filter((other) => other !== name);
    if (left.length > 0) this.#longNames.set(device, new Set(left));
    else this.#longNames.delete(device);
  }

  #refreshPort(id: Uuid): void {
    const row = this.#view.row('Port', id);
    if (row === undefined) return;
    for (const { bridge, port } of this.#placesOf(id))
      this.#bridges.get(bridge)?.ports.set(port, readPort(row, this.#interfacesOf(row, bridge)));
  }

  #interfacesOf(row: OvsRow<'Port'>, bridge: string): WantedInterface[] {
    const rows = row.interfaces.flatMap((id) => this.#view.row('Interface', id) ?? []);
    const portSays = { qos: this.#qos.of(row), linkPolling: readLinkPolling(row) };
    return rows.map((r) => readInterface(r, bridge, portSays)).sort((a, b) => compareBytes(a.name, b.name));
  }

  #portsOf(interfaceId: Uuid): readonly Uuid[] {
    return this.#portsOfInterface.get(interfaceId) ?? [];
  }

  #placesOf(port: Uuid): PortPlace[] {
    const name = this.#portNames.get(port);
    if (name === undefined) return [];
    return (this.#bridgesOfPort.get(port) ?? []).flatMap((id) => {
      const bridge = this.#view.row('Bridge', id);
      return bridge === undefined ? [] : [{ bridge: bridge.name, port: name }];
    });
  }
}

/** Empty where there is no row before and after. */
function deltaOf<R extends { readonly _uuid: Uuid }>(
  id: Uuid,
  old: R | undefined,
  row: R | undefined,
): RowDelta<R>[] {
  if (old !== undefined) return [row === undefined ? { id, old, new: undefined } : { id, old, new: row }];
  return row === undefined ? [] : [{ id, old: undefined, new: row }];
}

export function markBridge(dirty: Dirty, bridge: string): Set<string> {
  let ports = dirty.get(bridge);
  if (ports === undefined) {
    ports = new Set();
    dirty.set(bridge, ports);
  }
  return ports;
}

export function markPort(dirty: Dirty, bridge: string, port: string): void {
  markBridge(dirty, bridge).add(port);
}

/** Rows of the exporters of a bridge. */
function exportersOf({ netflow, sflow, ipfix }: OvsRow<'Bridge'>): Uuid[] {
  return [netflow, sflow, ipfix].filter((id) => id !== undefined);
}

function missingFrom(these: readonly Uuid[] = [], those: readonly Uuid[] = []): Uuid[] {
  if (these.length === 0 || those.length === 0) return [...these];
  let start = 0;
  let end = these.length;
  let otherEnd = those.length;
  // Sets come sorted: most often one has one member more than the other, somewhere.
  while (start < end && these[start] === those[start]) start++;
  while (end > start && otherEnd > start && these[end - 1] === those[otherEnd - 1]) {
    end--;
    otherEnd--;
  }
  const known = new Set(those.slice(start, otherEnd));
  return these.slice(start, end).filter((id) => !known.has(id));
}
