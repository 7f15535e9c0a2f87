/** The database of a switch as a test changes it: rows of bridges and ports, and that the switch has followed. */
import { Refused } from '../base/errors.ts';
import type { Uuid } from '../base/units.ts';
import type { Client } from '../ovsdb/client/api.ts';
import type { Transaction } from '../ovsdb/client/types.ts';
import type { OvsChange, OvsRow, OvsTables } from '../vswitchd/schema/index.ts';
import type { VirtualTime } from './virtual-time.ts';

/** An interface: its name, or with columns of its row: `{ name: 'p1', ofport_request: 7 }`. */
export type InterfaceOptions = string | (OvsChange<'Interface'> & { readonly name: string });

/**
 * A port of one interface of the same name, or with columns of its row: `{ name: 'p1', tag: 10 }`. `interface` has
 * columns of that interface; `interfaces` are those of a bond, in its place.
 */
export type PortOptions =
  | string
  | (Omit<OvsChange<'Port'>, 'interfaces'> & {
      readonly name: string;
      readonly interface?: OvsChange<'Interface'>;
      readonly interfaces?: readonly InterfaceOptions[];
    });

/**
 * Columns of the bridge's row, and what is in it from the start. Interfaces of `ports` have the numbers 1, 2, ... in
 * their order, but for those with an `ofport_request`.
 */
export type BridgeOptions = Omit<OvsChange<'Bridge'>, 'name' | 'ports'> & {
  readonly ports?: readonly PortOptions[];
  /** As `TestBridge` takes them; added last. */
  readonly flows?: readonly string[];
  readonly groups?: readonly string[];
  readonly meters?: readonly string[];
};

type Build<R> = (tx: Transaction<OvsTables>) => R;

export class Configuration {
  readonly db: Client<OvsTables>;
  readonly #time: VirtualTime;

  constructor(db: Client<OvsTables>, time: VirtualTime) {
    this.db = db;
    this.#time = time;
  }

  get root(): OvsRow<'Open_vSwitch'> {
    const [root] = this.db.rows('Open_vSwitch').values();
    if (root === undefined) throw new Refused('testing', 'the database has no row in table Open_vSwitch');
    return root;
  }

  /** Throws Refused for a name that none has. */
  bridge(name: string): OvsRow<'Bridge'> {
    const [row] = this.db.find('Bridge', { name });
    if (row === undefined) throw unknown('bridge', name, this.db.rows('Bridge').values());
    return row;
  }

  portsOf(bridge: OvsRow<'Bridge'>): OvsRow<'Port'>[] {
    return bridge.ports.map((id) => this.db.row('Port', id)).filter((row) => row !== undefined);
  }

  interfacesOf(bridge: OvsRow<'Bridge'>): OvsRow<'Interface'>[] {
    return this.portsOf(bridge)
      .flatMap(({ interfaces }) => interfaces.map((id) => this.db.row('Interface', id)))
      .filter((row) => row !== undefined);
  }

  /** One transaction, counted in `next_cfg` as ovs-vsctl does; resolves when the switch has followed. */
  async transact<R>(build: Build<R>): Promise<R> {
    const { _uuid } = this.root;
    const result = await this.db.transact((tx) => {
      const built = build(tx);
      tx.increment('Open_vSwitch', _uuid, 'next_cfg');
      return built;
    });
    await this.#time.settle();
    return result;
  }

  /** With its own port. Rejects with Refused, and leaves no bridge, where one of the interfaces cannot be had. */
  async addBridge(name: string, options: BridgeOptions): Promise<void> {
    const { ports = [], flows: _f, groups: _g, meters: _m, ...columns } = options;
    const all = [{ name, interface: { type: 'internal' } }, ...ports];
    await this.transact((tx) => {
      const number = numbersFor(ports);
      const rows = all.map((port, n) => insertPort(tx, port, n === 0 ? undefined : number));
      const bridge = tx.insert('Bridge', { datapath_type: 'dummy', ...columns, name, ports: rows });
      tx.mutate('Open_vSwitch', this.root._uuid, { bridges: { insert: [bridge] } });
    });
    await this.#orUndo(all, () => this.removeBridge(name));
  }

  async removeBridge(name: string): Promise<void> {
    const { _uuid } = this.bridge(name);
    await this.transact((tx) => tx.mutate('Open_vSwitch', this.root._uuid, { bridges: { delete: [_uuid] } }));
  }

  /** Rejects with Refused, and leaves no port, where one of the interfaces cannot be had. */
  async addPort(bridge: string, port: PortOptions): Promise<void> {
    const { _uuid } = this.bridge(bridge);
    await this.transact((tx) => tx.mutate('Bridge', _uuid, { ports: { insert: [insertPort(tx, port)] } }));
    await this.#orUndo([port], () => this.removePort(bridge, portName(port)));
  }

  async removePort(bridge: string, name: string): Promise<void> {
    const row = this.bridge(bridge);
    const ports = this.portsOf(row);
    const port = ports.find((each) => each.name === name);
    if (port === undefined) throw unknown(`port of ${bridge}`, name, ports);
    await this.transact((tx) => tx.mutate('Bridge', row._uuid, { ports: { delete: [port._uuid] } }));
  }

  async setControllers(bridge: string, targets: readonly string[]): Promise<void> {
    const { _uuid } = this.bridge(bridge);
    await this.transact((tx) => {
      const controller = targets.map((target) => tx.insert('Controller', { target }));
      tx.update('Bridge', _uuid, { controller });
    });
  }

  async #orUndo(ports: readonly PortOptions[], undo: () => Promise<void>): Promise<void> {
    const failed = ports
      .flatMap(interfaceNames)
      .flatMap((name) => this.db.find('Interface', { name }))
      .find(({ error }) => error !== undefined);
    if (failed === undefined) return;
    await undo();
    throw new Refused('testing', `interface ${failed.name}: ${failed.error}`);
  }
}

function unknown(what: string, name: string, there: Iterable<{ readonly name: string }>): Refused {
  const names = Array.from(there, (row) => row.name).sort();
  return new Refused(
    'testing',
    `no ${what} ${name}; there ${names.length === 0 ? 'is none' : `are ${names.join(', ')}`}`,
  );
}

function portName(port: PortOptions): string {
  return typeof port === 'string' ? port : port.name;
}

type NumberOf = (row: OvsChange<'Interface'>) => number | undefined;

/** Interfaces that ask for no number get the next one that nobody asks for, from 1 on. */
function numbersFor(ports: readonly PortOptions[]): NumberOf {
  const asked = new Set(
    ports
      .flatMap(interfacesIn)
      .map(({ ofport_request: number }) => (number === undefined ? 0 : Number(number))),
  );
  let next = 1;
  return ({ ofport_request: number }) => {
    if (number !== undefined) return Number(number);
    while (asked.has(next)) next++;
    return next++;
  };
}

type InterfaceRow = OvsChange<'Interface'> & { readonly name: string };

function interfacesIn(port: PortOptions): InterfaceRow[] {
  if (typeof port === 'string') return [{ name: port }];
  const { name, interface: own, interfaces } = port;
  if (interfaces === undefined) return [{ ...own, name }];
  return interfaces.map((each) => (typeof each === 'string' ? { name: each } : each));
}

export function interfaceNames(port: PortOptions): string[] {
  return interfacesIn(port).map(({ name }) => name);
}

function insertPort(
  tx: Transaction<OvsTables>,
  port: PortOptions,
  numberOf: NumberOf = () => undefined,
): Uuid {
  const { interface: _i, interfaces: _s, ...columns } = typeof port === 'string' ? { name: port } : port;
  const interfaces = interfacesIn(port).map((row) => {
    const number = numberOf(row);
    return tx.insert('Interface', { ...row, ...(number !== undefined && { ofport_request: number }) });
  });
  return tx.insert('Port', { ...columns, interfaces });
}
