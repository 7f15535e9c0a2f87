import { describe, expect, test } from 'vitest';
import { type Uuid, uuid } from '../../base/units.ts';
import type { ChangeSet, RowDelta, View } from '../../ovsdb/client/index.ts';
import { emptyRow } from '../schema/empty-row.ts';
import type { OvsRow, OvsTables } from '../schema/index.ts';
import { type Dirty, WantedModel } from './model.ts';

type AnyRow = Readonly<Record<string, unknown>>;
type Name = 'Bridge' | 'Port' | 'Interface' | 'QoS' | 'Queue';

/** A database that a test changes by hand; each `commit` is one change set. */
class FakeDatabase {
  readonly #rows = new Map<string, Map<Uuid, AnyRow>>();
  #deltas = new Map<string, RowDelta<AnyRow>[]>();
  #bridges: Uuid[] = [];
  readonly view = {
    rows: (table: string) => this.#table(table),
    row: (table: string, id: Uuid) => this.#table(table).get(id),
  } as unknown as View<OvsTables>; // rows are made from the same schema

  /** A bridge is listed by the switch from then on. */
  put<T extends Name>(table: T, id: string, values: Partial<OvsRow<T>>): void {
    if (table === 'Bridge') this.list((bridges) => bridges.add(uuid(id)));
    const old = this.#table(table).get(uuid(id));
    const row: AnyRow = { ...(old ?? { ...emptyRow(table), _uuid: id }), ...values };
    this.#change(table, { id: uuid(id), old, new: row });
  }

  /** Changes which bridges the switch has. */
  list(change: (bridges: Set<Uuid>) => void): void {
    const bridges = new Set(this.#bridges);
    change(bridges);
    if (bridges.size === this.#bridges.length) return;
    this.#bridges = [...bridges];
    const old = this.#table('Open_vSwitch').get(uuid('root'));
    const row = { ...emptyRow('Open_vSwitch'), _uuid: uuid('root'), bridges: this.#bridges };
    this.#change('Open_vSwitch', { id: uuid('root'), old, new: row });
  }

  remove(table: Name, id: string): void {
    if (table === 'Bridge') this.list((bridges) => bridges.delete(uuid(id)));
    const old = this.#table(table).get(uuid(id));
    if (old === undefined) throw new Error(`no row ${id} in ${table}`);
    this.#change(table, { id: uuid(id), old, new: undefined });
  }

  commit(): ChangeSet<OvsTables> {
    const deltas = this.#deltas;
    this.#deltas = new Map();
    const of = (table: string) => deltas.get(table) ?? [];
    return { tables: [...deltas.keys()], of } as unknown as ChangeSet<OvsTables>; // as for `view`
  }

  #change(table: string, delta: RowDelta<AnyRow>): void {
    if (delta.new === undefined) this.#table(table).delete(delta.id);
    else this.#table(table).set(delta.id, delta.new);
    this.#deltas.set(table, [...(this.#deltas.get(table) ?? []), delta]);
  }

  #table(name: string): Map<Uuid, AnyRow> {
    const found = this.#rows.get(name) ?? new Map<Uuid, AnyRow>();
    this.#rows.set(name, found);
    return found;
  }
}

/** br0 with its local port and p1. */
function database(): { db: FakeDatabase; model: WantedModel } {
  const db = new FakeDatabase();
  const model = new WantedModel(db.view);
  db.put('Interface', 'i0', { name: 'br0', type: 'internal' });
  db.put('Interface', 'i1', { name: 'p1' });
  db.put('Port', 'q0', { name: 'br0', interfaces: [uuid('i0')] });
  db.put('Port', 'q1', { name: 'p1', interfaces: [uuid('i1')] });
  db.put('Bridge', 'b0', { name: 'br0', ports: [uuid('q0'), uuid('q1')] });
  return { db, model };
}

function shown(dirty: Dirty): Record<string, string[]> {
  return Object.fromEntries([...dirty].map(([bridge, ports]) => [bridge, [...ports].sort()]));
}

describe('the wanted state', () => {
  test('starts with everything', () => {
    const { db, model } = database();
    expect(shown(model.update(db.commit()))).toEqual({ br0: ['br0', 'p1'] });
    const br0 = model.bridges.get('br0');
    expect(br0?.settings).toMatchObject({
      datapathType: 'system',
      failMode: 'standalone',
      macAgingTime: 300,
    });
    expect(br0?.ports.get('br0')?.interfaces[0]?.type).toBe('internal');
    expect(br0?.ports.get('p1')?.interfaces[0]?.type).toBe('system');
  });

  test('a change of an interface touches its port alone', () => {
    const { db, model } = database();
    model.update(db.commit());
    db.put('Interface', 'i1', { ofport_request: 7 });
    expect(shown(model.update(db.commit()))).toEqual({ br0: ['p1'] });
    expect(model.bridges.get('br0')?.ports.get('p1')?.interfaces[0]?.ofportRequest).toBe(7);
  });

  test('status that comes back from the database touches nothing', () => {
    const { db, model } = database();
    model.update(db.commit());
    db.put('Interface', 'i1', { ofport: 1, link_state: 'up', statistics: new Map([['rx_packets', 3]]) });
    db.put('Bridge', 'b0', { datapath_id: '0000000000000001' });
    expect(shown(model.update(db.commit()))).toEqual({});
  });

  test('a bridge of which sockets would be in another folder is not there', () => {
    const { db, model } = database();
    model.update(db.commit());
    db.put('Interface', 'i2', { name: '../x', type: 'internal' });
    db.put('Port', 'q2', { name: '../x', interfaces: [uuid('i2')] });
    db.put('Bridge', 'b1', { name: '../x', ports: [uuid('q2')] });
    expect(shown(model.update(db.commit()))).toEqual({});
    expect([...model.bridges.keys()]).toEqual(['br0']);
    db.put('Bridge', 'b2', { name: 'a\\b' });
    db.remove('Bridge', 'b1');
    model.update(db.commit());
    expect([...model.bridges.keys()]).toEqual(['br0']);
  });

  test('a bridge that the switch does not list is not there, whoever else refers to it', () => {
    const { db, model } = database();
    model.update(db.commit());
    db.list((bridges) => bridges.delete(uuid('b0')));
    expect(shown(model.update(db.commit()))).toEqual({ br0: ['br0', 'p1'] });
    expect([...model.bridges.keys()]).toEqual([]);
    db.put('Interface', 'i1', { ofport_request: 7 });
    expect(shown(model.update(db.commit()))).toEqual({});
    db.list((bridges) => bridges.add(uuid('b0')));
    expect(shown(model.update(db.commit()))).toEqual({ br0: ['br0', 'p1'] });
    expect(model.bridges.get('br0')?.ports.get('p1')?.interfaces[0]?.ofportRequest).toBe(7);
  });

  test('a device has the first 15 bytes of the name of its interface', () => {
    const { db, model } = database();
    for (const id of ['i2', 'i3']) db.put('Interface', id, { name: `abcdefghijklmno${id}` });
    model.update(db.commit());
    expect(model.interfacesOn('abcdefghijklmno').slice(1)).toEqual([
      'abcdefghijklmnoi2',
      'abcdefghijklmnoi3',
    ]);
    db.remove('Interface', 'i2');
    model.update(db.commit());
    expect(model.interfacesOn('abcdefghijklmno').slice(1)).toEqual(['abcdefghijklmnoi3']);
    expect(model.interfacesOn('p1')).toEqual(['p1']);
  });

  test('a port that leaves with its rows is still known by name', () => {
    const { db, model } = database();
    model.update(db.commit());
    db.put('Bridge', 'b0', { ports: [uuid('q0')] });
    db.remove('Port', 'q1');
    db.remove('Interface', 'i1');
    expect(shown(model.update(db.commit()))).toEqual({ br0: ['p1'] });
    expect([...(model.bridges.get('br0')?.ports.keys() ?? [])]).toEqual(['br0']);
  });

  test('a bridge that is deleted takes its ports along', () => {
    const { db, model } = database();
    model.update(db.commit());
    for (const id of ['q0', 'q1']) db.remove('Port', id);
    db.remove('Bridge', 'b0');
    expect(shown(model.update(db.commit()))).toEqual({ br0: ['br0', 'p1'] });
    expect(model.bridges.size).toBe(0);
  });

  test('a bridge deleted and made again in one transaction is the new one', () => {
    const { db, model } = database();
    model.update(db.commit());
    db.remove('Bridge', 'b0');
    db.put('Bridge', 'b9', { name: 'br0', ports: [uuid('q0')] });
    expect(shown(model.update(db.commit()))).toEqual({ br0: ['br0', 'p1'] });
    expect(model.bridges.get('br0')?.id).toBe('b9');
    expect([...(model.bridges.get('br0')?.ports.keys() ?? [])]).toEqual(['br0']);
  });

  test('a port that moves touches both bridges', () => {
    const { db, model } = database();
    db.put('Bridge', 'b1', { name: 'br1' });
    model.update(db.commit());
    db.put('Bridge', 'b0', { ports: [uuid('q0')] });
    db.put('Bridge', 'b1', { ports: [uuid('q1')] });
    expect(shown(model.update(db.commit()))).toEqual({ br0: ['p1'], br1: ['p1'] });
    expect(model.bridges.get('br1')?.ports.has('p1')).toBe(true);
    expect(model.bridges.get('br0')?.ports.has('p1')).toBe(false);
  });

  test('a tag without a mode makes an access port', () => {
    const { db, model } = database();
    db.put('Port', 'q1', { tag: 5 });
    model.update(db.commit());
    expect(model.bridges.get('br0')?.ports.get('p1')?.bundle).toMatchObject({ vlanMode: 'access', tag: 5 });
  });

  test('A row of QoS or Queue concerns the ports that refer to it, as long as they do', () => {
    const { db, model } = database();
    db.put('Queue', 'u1', { other_config: new Map([['max-rate', '1']]), dscp: 3 });
    db.put('QoS', 's1', { type: 'linux-htb', queues: new Map([[7, uuid('u1')]]) });
    db.put('Port', 'q1', { qos: uuid('s1') });
    model.update(db.commit());
    const qos = () => model.bridges.get('br0')?.ports.get('p1')?.interfaces[0]?.qos;
    const details = new Map([['max-rate', '1']]);
    expect(qos()).toEqual({
      type: 'linux-htb',
      details: new Map(),
      queues: [{ number: 7, dscp: 3, details }],
    });
    db.put('Queue', 'u1', { dscp: 4 });
    expect(shown(model.update(db.commit()))).toEqual({ br0: ['p1'] });
    expect(qos()?.queues[0]?.dscp).toBe(4);
    db.put('QoS', 's1', { queues: new Map() });
    expect(shown(model.update(db.commit()))).toEqual({ br0: ['p1'] });
    expect(qos()?.queues).toEqual([]);
    db.put('Queue', 'u1', { dscp: 5 });
    expect(shown(model.update(db.commit()))).toEqual({});
    db.put('QoS', 's1', { type: '' });
    model.update(db.commit());
    expect(qos()).toBeUndefined();
    db.put('Port', 'q1', { qos: undefined });
    model.update(db.commit());
    db.put('QoS', 's1', { type: 'linux-htb' });
    expect(shown(model.update(db.commit()))).toEqual({});
  });
});
