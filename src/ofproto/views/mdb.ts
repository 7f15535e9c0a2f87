/** What multicast snooping has learned, as `mdb/*` shows it. */
import { Refused } from '../../base/errors.ts';
import { portText } from '../../openflow/ports.ts';
import type { MulticastTable } from '../multicast/multicast-table.ts';
import type { Ofproto } from '../ofproto.ts';
import type { Bundle } from '../port.ts';

/** One line of `mdb/show`. */
export interface MdbRow {
  /** A number, or LOCAL. */
  readonly port: string;
  readonly vlan: number;
  /** undefined where a router is. */
  readonly group: string | undefined;
  /** Seconds. */
  readonly age: number;
}

/** Groups, least recently asked for first, and then routers. Throws Refused where the switch does not snoop. */
export function listMdb(ofproto: Ofproto): MdbRow[] {
  const table = tableOf(ofproto);
  const rows: MdbRow[] = [];
  for (const { group, vlan, members } of table.groups())
    for (const [bundle, heardAt] of members)
      rows.push({ port: portOf(bundle), vlan, group, age: table.ageOf(heardAt) });
  for (const { port, vlan, heardAt } of table.routers())
    rows.push({ port: portOf(port), vlan, group: undefined, age: table.ageOf(heardAt) });
  return rows;
}

export function formatMdb(rows: readonly MdbRow[]): string {
  const lines = rows.map(({ port, vlan, group, age }) => {
    const gap = group === undefined ? 13 : 9;
    const shownAge = String(age).padStart(3);
    return `${port.padStart(5)}  ${String(vlan).padStart(4)}  ${group ?? 'querier'}${' '.repeat(gap)}${shownAge}\n`;
  });
  return ` port  VLAN  GROUP                Age\n${lines.join('')}`;
}

/** Throws Refused where the switch does not snoop. */
export function flushMdb(ofproto: Ofproto): void {
  tableOf(ofproto);
  ofproto.protocols.multicast.flush();
}

function tableOf({ protocols }: Ofproto): MulticastTable<Bundle> {
  const { state } = protocols.multicast;
  if (state === undefined) throw new Refused('mdb', 'multicast snooping is disabled');
  return state.table;
}

function portOf({ members: [port] }: Bundle): string {
  return port === undefined ? '-1' : portText.format(port.ofPort);
}
