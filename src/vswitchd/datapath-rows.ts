/**
 * Tables Datapath, CT_Zone and CT_Timeout_Policy of ovs-vswitchd.conf.db(5): each datapath is told how long connections
 * of its zones may be silent, and its row what it can do.
 * Differs: a datapath that is made after its row has the policies and tells what it can, too; the reference looks at
 * both only while the row is new or a zone changes.
 */
import { logger } from '../base/log.ts';
import type { Uuid } from '../base/units.ts';
import { abilityNames } from '../ofproto/abilities.ts';
import type { Backer } from '../ofproto/backer.ts';
import { abilityOf } from '../ofproto/views/datapath.ts';
import type { ZoneTimeouts } from '../ofproto/zone-policies.ts';
import type { ChangeSet, View } from '../ovsdb/client/index.ts';
import type { StatusWriter } from './report/status-writer.ts';
import type { OvsRow, OvsTables } from './schema/index.ts';

interface DatapathRowsDeps {
  readonly view: View<OvsTables>;
  readonly knownTypes: readonly string[];
  readonly writer: Pick<StatusWriter, 'put'>;
  /** By their types. */
  readonly backers: () => ReadonlyMap<string, Backer>;
}

type NamedDatapaths = OvsRow<'Open_vSwitch'>['datapaths'];

const log = logger('ofproto');
const noTimeouts: ZoneTimeouts = new Map();

export class DatapathRows {
  readonly #deps: DatapathRowsDeps;
  /** What was written there is the operator's to change. */
  readonly #described = new Set<Uuid>();

  constructor(deps: DatapathRowsDeps) {
    this.#deps = deps;
  }

  take(changes: ChangeSet<OvsTables>): void {
    for (const { id, new: row } of changes.of('Datapath')) if (row === undefined) this.#described.delete(id);
    const isConcerned =
      changes.of('Open_vSwitch').some(({ old, new: row }) => old?.datapaths !== row?.datapaths) ||
      changes.of('Datapath').some(({ old, new: row }) => old?.ct_zones !== row?.ct_zones) ||
      changes.of('CT_Zone').some(({ old, new: row }) => old?.timeout_policy !== row?.timeout_policy) ||
      changes.of('CT_Timeout_Policy').some(({ old, new: row }) => old?.timeouts !== row?.timeouts);
    for (const { old, new: row } of changes.of('Open_vSwitch'))
      if (old?.datapaths !== row?.datapaths) this.#judge(row?.datapaths, old?.datapaths);
    if (isConcerned) for (const [type, backer] of this.#deps.backers()) this.applyTo(type, backer);
  }

  #judge(datapaths: NamedDatapaths = new Map(), before: NamedDatapaths = new Map()): void {
    for (const name of datapaths.keys())
      if (!before.has(name) && !this.#deps.knownTypes.includes(typeNamed(name)))
        log.warn(`unknown datapath type ${name}`);
  }

  applyTo(type: string, backer: Backer): void {
    const rows = this.#rowsOf(type);
    backer.zonePolicies.set(this.#zonesOf(rows));
    for (const row of rows) this.#describe(row, backer);
  }

  /** One, unless somebody wrote down the usual type with and without its name. */
  #rowsOf(type: string): OvsRow<'Datapath'>[] {
    const [root] = this.#deps.view.rows('Open_vSwitch').values();
    return [...(root?.datapaths ?? [])].flatMap(([name, id]) =>
      typeNamed(name) === type ? (this.#deps.view.row('Datapath', id) ?? []) : [],
    );
  }

  /** In the order of their numbers. */
  #zonesOf(rows: readonly OvsRow<'Datapath'>[]): Map<number, ZoneTimeouts> {
    const zones = rows.flatMap(({ ct_zones: ids }) =>
      [...ids].map(([zone, id]): [number, ZoneTimeouts] => [Number(zone), this.#timeoutsOf(id)]),
    );
    return new Map(zones.sort(([a], [b]) => a - b));
  }

  #timeoutsOf(zone: Uuid): ZoneTimeouts {
    const { view } = this.#deps;
    const policy = view.row('CT_Zone', zone)?.timeout_policy;
    const row = policy === undefined ? undefined : view.row('CT_Timeout_Policy', policy);
    // Their 32 bits are never a bigint.
    return (row?.timeouts as ZoneTimeouts | undefined) ?? noTimeouts;
  }

  #describe({ _uuid: id, capabilities }: OvsRow<'Datapath'>, backer: Backer): void {
    if (this.#described.has(id)) return;
    this.#described.add(id);
    const ours = reportAbilities(backer);
    this.#deps.writer.put('Datapath', id, { capabilities: new Map([...capabilities, ...ours]) });
  }
}

function typeNamed(name: string): string {
  return name === '' ? 'system' : name;
}

/** How deep samples may be nested is told as whether they may. */
function reportAbilities(backer: Backer): [string, string][] {
  const known = abilityNames.map((name): [string, string] => {
    const ability = abilityOf(backer, name);
    return [name, String(name === 'sample_nesting' ? Number(ability) > 0 : ability)];
  });
  return [...known, ['ct_flush', String(backer.abilities.has('ct_state'))]];
}
