/**
 * Changes of the rules of a switch that are seen whole or not at all: OpenFlow 1.5.1 section 6.4 and 6.9. New rules are
 * put into the version after the present one and old ones end there, so packets go on as before until `commit`.
 */
import { unreachable } from '../../base/errors.ts';
import type { Match } from '../../flow/match.ts';
import { slots } from '../../flow/slots.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { OpenFlowError, refusalsOf } from '../../openflow/errors.ts';
import { flowFlags } from '../../openflow/messages/flow-flags.ts';
import { anyGroup, type FlowMod } from '../../openflow/messages/flow-mod.ts';
import type { FlowRemovedReason } from '../../openflow/messages/flow-removed.ts';
import { allTables } from '../../openflow/messages/tables.ts';
import { reservedPorts } from '../../openflow/ports.ts';
import type { Requester } from '../requester.ts';
import type { FlowEvent } from './flow-events.ts';
import { type FlowQuery, findRules, findRulesStrictly } from './flow-query.ts';
import type { FlowTable } from './flow-table.ts';
import { type FlowTables, type FlowTablesDeps, internalTable, tableCount } from './flow-tables.ts';
import { plainRule, Rule, type RuleSettings } from './rule.ts';

/** Throws OpenFlowError for a table that is none, or to which nobody adds flows but the switch. */
export function checkTable({ table, command }: Pick<FlowMod, 'table' | 'command'>): void {
  if (table >= tableCount && table !== allTables)
    throw new OpenFlowError('OFPFMFC_BAD_TABLE_ID', `table ${table} of a flow`);
  if (table === internalTable && !command.startsWith('delete')) throw ownTable();
}

/** The switch alone tells flows by what only the way of a packet through it says: its passes, and hashes. */
export function hasHiddenFields({ mask, values }: Match): boolean {
  const hash = mask.words.indexOf(slots.dp_hash.word);
  const pass = mask.words.indexOf(slots.recirc_id.word);
  return hash >= 0 || (pass >= 0 && values[pass] !== 0);
}

const refused = refusalsOf('ofproto');

/** Throws OpenFlowError. */
export function checkHiddenFields({ match }: Pick<FlowMod, 'match'>, bridge: string): void {
  if (!hasHiddenFields(match)) return;
  throw refused(
    'OFPBRC_EPERM',
    `${bridge}: (add_flow) only internal flows can set non-default values to hidden fields`,
  );
}

function ownTable(): OpenFlowError {
  return new OpenFlowError('OFPBRC_EPERM', `table ${internalTable} is the switch's own`);
}

/** Not removed in any version so far. */
const stays = 0x7fffffff;
/** What became of so many rules is told at once. */
const toldAtOnce = 32;

/** One owner, who calls either `commit` or `revert` in the end; after an error only `revert` is left. */
export class FlowTransaction {
  readonly #tables: FlowTables;
  readonly #deps: FlowTablesDeps;
  readonly #check: (actions: readonly Action[]) => void;
  readonly #version: number;
  #removesAny = false;
  readonly #events: FlowEvent[] = [];

  /** `check` throws OpenFlowError for actions that no flow may get. */
  constructor(tables: FlowTables, check: (actions: readonly Action[]) => void = () => {}) {
    this.#tables = tables;
    this.#deps = tables.deps;
    this.#check = check;
    this.#version = tables.version + 1;
  }

  /** Throws OpenFlowError. */
  apply(mod: FlowMod): void {
    for (const _ of this.steps(mod));
  }

  /** The same in short steps, of which none is done before it is asked for. */
  *steps(mod: FlowMod): IterableIterator<void> {
    switch (mod.command) {
      case 'add':
        this.#add(mod);
        return;
      case 'modify':
      case 'modify_strict':
        yield* this.#modify(mod);
        return;
      case 'delete':
      case 'delete_strict':
        for (const rule of this.#find(mod, mod)) {
          this.remove(rule, 'delete');
          yield;
        }
        return;
      default:
        unreachable(mod.command);
    }
  }

  /** Adds a rule in place of one of the same match and priority. Throws OpenFlowError for actions that cannot be done. */
  insert(rule: Rule, match: Match, { keepsCounts = false, isAdd = true } = {}): Rule {
    this.#check(rule.actions);
    rule.addedIn = this.#version;
    const table = this.#tables.table(rule.table);
    const before = table.rules.insert(rule, match);
    if (rule.isHidden) table.hiddenCount++;
    this.#tables.cookies.add(rule);
    this.#tables.groupUsers.add(rule);
    this.#tables.meterUsers.add(rule);
    table.eviction?.add(rule, match);
    if (before === undefined) {
      this.#events.push({ kind: 'added', rule, match });
      return rule;
    }
    before.removedIn = this.#version;
    table.endingCount++;
    rule.succeed(before, keepsCounts);
    this.#events.push({ kind: 'modified', rule, match, before, isAdd });
    return rule;
  }

  remove(rule: Rule, reason: FlowRemovedReason): void {
    this.#removesAny = true;
    rule.removedIn = this.#version;
    this.#tables.table(rule.table).endingCount++;
    this.#events.push({ kind: 'removed', rule, match: this.#tables.matchOf(rule), reason });
  }

  /** Those of them that are there. */
  removeAll(rules: Iterable<Rule>, reason: FlowRemovedReason): void {
    for (const rule of rules) if (rule.isVisible(this.#version)) this.remove(rule, reason);
  }

  /** Lets flows of a table make room until there are no more than its limit, as far as some may. */
  shrink(table: FlowTable): void {
    while (table.flowLimit !== undefined && table.flowCount > table.flowLimit && this.#evictOne(table));
  }

  /** Throws OpenFlowError where flows stay that are too many. */
  #makeRoom(table: FlowTable, most: number): void {
    while (table.flowCount > most) {
      if (!this.#evictOne(table))
        throw new OpenFlowError('OFPFMFC_TABLE_FULL', `table ${table.number} has as many flows as it may`);
    }
  }

  #evictOne({ eviction }: FlowTable): boolean {
    for (let rule = eviction?.take(); rule !== undefined; rule = eviction?.take()) {
      if (!rule.isVisible(this.#version)) continue; // it ends with this change anyway
      this.remove(rule, 'eviction');
      return true;
    }
    return false;
  }

  /** Runs something that sees what was changed so far. */
  preview<T>(run: () => T): T {
    const { version } = this.#tables;
    this.#tables.version = this.#version;
    try {
      return run();
    } finally {
      this.#tables.version = version;
    }
  }

  commit(by?: Requester): void {
    for (const _ of this.commitSteps(by));
  }

  /** With the first step packets see what was changed; in the others it is told, and old rules are forgotten. */
  *commitSteps(by?: Requester): IterableIterator<void> {
    if (this.#events.length === 0) return;
    this.#tables.version = this.#version;
    if (this.#removesAny) for (const table of this.#tables.tables()) table.clearIfAllEnd();
    for (let at = 0; at < this.#events.length; at += toldAtOnce) {
      const events = this.#events.slice(at, at + toldAtOnce);
      for (const event of events) {
        if (event.kind === 'modified') this.#end(event.before);
        else if (event.kind === 'removed') this.#end(event.rule);
      }
      this.#deps.onChange(events, by);
      yield;
    }
    this.#deps.onEnd();
  }

  revert(): void {
    for (const _ of this.revertSteps());
  }

  /** All is as it was before. */
  *revertSteps(): IterableIterator<void> {
    for (let event = this.#events.pop(); event !== undefined; event = this.#events.pop()) {
      if (event.kind === 'removed') this.#keep(event.rule, event.match);
      else this.#drop(event.rule);
      if (event.kind === 'modified') {
        event.before.stay();
        this.#keep(event.before, event.match);
      }
      yield;
    }
  }

  #end(rule: Rule): void {
    if (this.#drop(rule)) this.#tables.table(rule.table).endingCount--;
  }

  /** It does not end after all. */
  #keep(rule: Rule, match: Match): void {
    const table = this.#tables.table(rule.table);
    rule.removedIn = stays;
    table.endingCount--;
    table.eviction?.add(rule, match);
  }

  /** False when its table was cleared. */
  #drop(rule: Rule): boolean {
    const table = this.#tables.table(rule.table);
    const wasThere = table.rules.remove(rule);
    if (rule.isHidden) table.hiddenCount--;
    table.eviction?.remove(rule);
    this.#tables.cookies.remove(rule);
    this.#tables.groupUsers.remove(rule);
    this.#tables.meterUsers.remove(rule);
    return wasThere;
  }

  #add(mod: FlowMod): void {
    const { match, priority, flags } = mod;
    const number = mod.table === allTables ? 0 : mod.table;
    const table = this.#tables.table(number);
    const { rules } = table;
    if ((flags & flowFlags.checkOverlap) !== 0 && rules.overlaps(match, priority, this.#version))
      throw new OpenFlowError('OFPFMFC_OVERLAP', 'another flow of that priority matches packets of this one');
    if (table.flowLimit !== undefined && rules.find(match, priority, this.#version) === undefined)
      this.#makeRoom(table, table.flowLimit - 1);
    const rule = new Rule(number, priority, { ...mod, cookie: mod.newCookie ?? 0n }, this.#deps.clock.now());
    this.insert(rule, match, { keepsCounts: (flags & flowFlags.resetCounts) === 0 });
  }

  /** Gives those that there are other actions, and another cookie where there is a new one. */
  *#modify(mod: FlowMod): IterableIterator<void> {
    const found = [...this.#find(mod, { ...mod, outPort: reservedPorts.ANY, outGroup: anyGroup })];
    if (found.length === 0 && mod.newCookie !== undefined && mod.cookieMask === 0n) this.#add(mod);
    for (const before of found) {
      const { actions, newCookie, keepsCookies = false, flags } = mod;
      const cookie = keepsCookies || newCookie === undefined ? before.cookie : newCookie;
      const rule = before.with({ actions, cookie }, this.#deps.clock.now());
      const keepsCounts = (flags & flowFlags.resetCounts) === 0;
      this.insert(rule, this.#tables.matchOf(before), { keepsCounts, isAdd: false });
      yield;
    }
  }

  /** As the walk goes on: those that come may end, and no other change may be made meanwhile. */
  *#find({ command, table, priority }: FlowMod, query: FlowQuery): IterableIterator<Rule> {
    const isStrict = command === 'modify_strict' || command === 'delete_strict';
    const found = isStrict
      ? findRulesStrictly(this.#tables, { ...query, priority }, this.#version)
      : findRules(this.#tables, query, this.#version);
    for (const rule of found) {
      if (table === internalTable) throw ownTable();
      yield rule;
    }
  }
}

export interface NewRule extends Partial<Omit<RuleSettings, 'actions'>> {
  readonly table: number;
  readonly priority: number;
  readonly match: Match;
  readonly actions: readonly Action[];
}

/** Adds a rule of the switch's own in place of one of the same table, match and priority. Throws OpenFlowError. */
export function addRule(tables: FlowTables, { table, priority, match, ...settings }: NewRule): Rule {
  const transaction = new FlowTransaction(tables);
  const made = new Rule(table, priority, { ...plainRule, ...settings }, tables.deps.clock.now());
  const rule = transaction.insert(made, match);
  transaction.commit();
  return rule;
}

/** Takes rules away, those that are still there. */
export function removeRules(
  tables: FlowTables,
  rules: Iterable<Rule>,
  reason: FlowRemovedReason = 'delete',
): void {
  const transaction = new FlowTransaction(tables);
  for (const rule of rules) if (rule.mask !== undefined) transaction.remove(rule, reason);
  transaction.commit();
}
