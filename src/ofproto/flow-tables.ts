/**
 * The flow tables of a switch, by number; each is a classifier, made when its first rule comes. A switch without a
 * controller has one rule in table 0, or none.
 */
import type { Ms } from '../base/units.ts';
import { Classifier } from '../flow/classifier.ts';
import { newKey } from '../flow/key.ts';
import { type Match, matchOn, packMatch } from '../flow/match.ts';
import { slots } from '../flow/slots.ts';
import type { Action } from '../openflow/actions/index.ts';
import { Rule } from './rule.ts';

/** The table of what the switch itself needs. Users do not see it but by `bridge/dump-flows`. */
const internalTable = 254;

/** The reason of a packet that no rule was there for; it has no name. */
const implicitMiss = 7;

const toController: Action = {
  do: 'controller',
  reason: implicitMiss,
  maxLength: 0xffff,
  controller: 0,
  userData: new Uint8Array(0),
  pauses: false,
  meter: undefined,
  hasProperties: false,
};

export interface InternalRules {
  readonly recirculationDrop: Rule;
  /** A table miss that the controller would be told of. */
  readonly missToController: Rule;
  /** A table miss that nobody is told of. */
  readonly missDrop: Rule;
  readonly fragmentDrop: Rule;
}

export interface NewRule {
  readonly table: number;
  readonly priority: number;
  readonly match: Match;
  readonly actions: readonly Action[];
}

export interface FlowTablesDeps {
  readonly now: Ms;
  /** Told of every rule that comes or goes. */
  readonly onChange: (table: number, match: Match) => void;
  /** Throws Refused for actions that no packet could be put through. */
  readonly check: (actions: readonly Action[]) => void;
}

export class FlowTables {
  readonly internal: InternalRules;
  /** Packets see the rules of this version. */
  version = 0;
  readonly #tables: (Classifier<Rule> | undefined)[] = [];
  readonly #deps: FlowTablesDeps;

  constructor(deps: FlowTablesDeps) {
    this.#deps = deps;
    const rule = (priority: number, match: Match, actions: readonly Action[]): Rule =>
      this.#insert({ table: internalTable, priority, match, actions }, deps.now);
    this.internal = {
      recirculationDrop: rule(2, matchOn({ recirc_id: 0 }), []),
      missToController: rule(0, registerMatch(1), [toController]),
      missDrop: rule(0, registerMatch(2), []),
      fragmentDrop: rule(0, registerMatch(3), []),
    };
  }

  /** Adds a rule in place of one of the same table, match and priority. Throws Refused; see `check`. */
  add(made: NewRule, now: Ms): Rule {
    this.#deps.check(made.actions);
    const rule = this.#insert(made, now);
    this.#deps.onChange(made.table, made.match);
    return rule;
  }

  /** False when the rule is not there. */
  remove(rule: Rule): boolean {
    const table = this.#tables[rule.table];
    const match = table?.matchOf(rule);
    if (table === undefined || match === undefined || !table.remove(rule)) return false;
    this.#deps.onChange(rule.table, match);
    return true;
  }

  /** The rule for a packet; the bits that decided are set in `wildcards`. undefined is a table miss. */
  lookup(table: number, flow: Uint32Array, wildcards: Uint32Array): Rule | undefined {
    return this.#tables[table]?.lookup(flow, this.version, wildcards);
  }

  matchOf(rule: Rule): Match {
    const match = this.#tables[rule.table]?.matchOf(rule);
    if (match === undefined) throw new Error(`a rule of table ${rule.table} is not there any more`);
    return match;
  }

  /** By table number. */
  *[Symbol.iterator](): IterableIterator<Rule> {
    for (const table of this.#tables) if (table !== undefined) yield* table;
  }

  #insert({ table, priority, match, actions }: NewRule, now: Ms): Rule {
    const rule = new Rule({ table, priority, actions, createdAt: now });
    rule.addedIn = this.version;
    let classifier = this.#tables[table];
    if (classifier === undefined) {
      classifier = new Classifier<Rule>();
      this.#tables[table] = classifier;
    }
    const replaced = classifier.insert(rule, match);
    if (replaced !== undefined) classifier.remove(replaced);
    return rule;
  }
}

/** On reg0, as the reference has it: no packet is looked up here, so it only tells the rules apart. */
function registerMatch(value: number): Match {
  const key = newKey();
  const mask = newKey();
  key[slots.regs.word] = value;
  mask[slots.regs.word] = 0xffffffff;
  return packMatch(key, mask);
}
