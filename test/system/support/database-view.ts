/** What a configuration left in the database, with everything taken out that no two runs have in common. */
import type { SwitchHost } from './daemon-pair.ts';

type Cell = string | number | boolean | readonly [string, readonly unknown[]] | readonly [string, string];
export type Row = Readonly<Record<string, unknown>>;

/** Columns whose values depend on the machine, the time or chance. */
const ignored: Readonly<Record<string, readonly string[]>> = {
  Open_vSwitch: [
    '_uuid',
    'statistics',
    'next_cfg',
    'iface_types',
    'ovs_version',
    'db_version',
    'system_type',
    'system_version',
  ],
  Bridge: ['_uuid'],
  Port: ['_uuid', 'statistics', 'status'],
  Interface: ['_uuid', 'ifindex', 'link_resets'],
};

/** Rows of a table by name, references as names. */
export function readTables(host: SwitchHost): Record<string, Row[]> {
  const names = namesById(host);
  const tables: Record<string, Row[]> = {};
  for (const [table, without] of Object.entries(ignored)) {
    const rows = listRows(host, table).map((row) => {
      const isDone = table !== 'Open_vSwitch' || row.cur_cfg === row.next_cfg;
      const kept = Object.entries(row).filter(([column]) => !without.includes(column));
      const shown = kept.map(([column, cell]) => [column, readable(column, cell, names)]);
      return { ...Object.fromEntries(shown), cur_cfg: isDone ? 'done' : 'behind' };
    });
    tables[table] = rows.sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1));
  }
  return tables;
}

function namesById(host: SwitchHost): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const table of ['Bridge', 'Port', 'Interface']) {
    for (const { _uuid: id, name } of listRows(host, table)) {
      if (Array.isArray(id)) names.set(String(id[1]), `${table} ${String(name)}`);
    }
  }
  return names;
}

function listRows(host: SwitchHost, table: string): Record<string, Cell>[] {
  const done = host.vsctl('--no-wait', '--format=json', 'list', table);
  if (done.status !== 0) throw new Error(`list ${table}: ${done.stderr}`);
  const { headings, data }: { headings: string[]; data: Cell[][] } = JSON.parse(done.stdout);
  return data.map((cells) => Object.fromEntries(headings.map((heading, n) => [heading, cells[n] ?? ''])));
}

function readable(column: string, cell: Cell, names: ReadonlyMap<string, string>): unknown {
  if (column === 'statistics') return statisticNames(cell);
  if (column === 'datapath_id') return isOfUuid(String(cell)) ? 'of the uuid' : cell;
  if (column === 'mac_in_use') return isLocalMac(cell) ? 'a local address' : cell;
  return withNames(cell, names);
}

/** The counters' names: their values are a matter of traffic. */
function statisticNames(cell: Cell): unknown {
  return Array.isArray(cell) && Array.isArray(cell[1])
    ? cell[1].map((pair) => (Array.isArray(pair) ? pair[0] : pair))
    : cell;
}

function withNames(cell: unknown, names: ReadonlyMap<string, string>): unknown {
  if (!Array.isArray(cell)) return cell;
  const [kind, value] = cell;
  if (kind === 'uuid') return names.get(String(value)) ?? 'a row';
  if (kind === 'set') return value.map((atom: unknown) => withNames(atom, names)).sort();
  if (kind === 'map')
    return Object.fromEntries(value.map(([k, v]: [unknown, unknown]) => [k, withNames(v, names)]));
  return cell;
}

function isLocalMac(cell: Cell): boolean {
  return typeof cell === 'string' && (Number.parseInt(cell.slice(0, 2), 16) & 2) !== 0;
}

function isOfUuid(datapathId: string): boolean {
  return (Number.parseInt(datapathId.slice(4, 6), 16) & 2) !== 0;
}
