/**
 * The flow tables of a switch, by number; each is made when its first rule comes. What controllers change is done by a
 * `FlowTransaction`; the switch's own rules come and go by themselves.
 */
import type { Clock } from '../../base/clock.ts';
import { newKey } from '../../flow/key.ts';
import { type Match, matchOn, packMatch } from '../../flow/match.ts';
import { slots } from '../../flow/slots.ts';
import type { Action } from '../../openflow/actions/index.ts';
import type { TableMiss } from '../../openflow/messages/tables.ts';
import type { ChangeTurns } from '../change-turns.ts';
import type { Requester } from '../requester.ts';
import { CookieIndex } from './cookie-index.ts';
import type { FlowEvent } from './flow-events.ts';
import { FlowTable } from './flow-table.ts';
import { ReferenceIndex } from './reference-index.ts';
import { plainRule, Rule } from './rule.ts';

/** The table of what the switch itself needs. Users do not see it but by its number and `bridge/dump-flows`. */
export const internalTable = 254;
/** Those that controllers may use come before it. */
export const visibleTableCount = 254;
/** Tables are numbered from 0 up to this. */
export const tableCount = 255;

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

export interface FlowTablesDeps {
  readonly clock: Clock;
  /** Who is changing the rules. */
  readonly turns: ChangeTurns;
  /** Told of rules that came, went or changed, once that is so, and by whose request: of a few at a time. */
  readonly onChange: (events: readonly FlowEvent[], by: Requester | undefined) => void;
  /** Told when another of several rules of one priority may be found in that table. */
  readonly onReordered: (table: number) => void;
  /** Told when it was told of all of them. */
  readonly onEnd: () => void;
}

export class FlowTables {
  readonly internal: InternalRules;
  /** Those with a cookie, by it. */
  readonly cookies = new CookieIndex();
  /** Those that send packets to groups, and those that put them through meters. */
  readonly groupUsers = new ReferenceIndex((action) => (action.do === 'group' ? action.group : undefined));
  readonly meterUsers = new ReferenceIndex((action) => (action.do === 'meter' ? action.meter : undefined));
  /** Packets see the rules of this version. */
  version = 0;
  readonly #tables: (FlowTable | undefined)[] = [];
  readonly deps: FlowTablesDeps;

  constructor(deps: FlowTablesDeps) {
    this.deps = deps;
    const rule = (priority: number, match: Match, actions: readonly Action[]): Rule => {
      const made = new Rule(internalTable, priority, { ...plainRule, actions }, deps.clock.now());
      made.addedIn = this.version;
      this.table(internalTable).rules.insert(made, match);
      return made;
    };
    this.internal = {
      recirculationDrop: rule(2, matchOn({ recirc_id: 0 }), []),
      missToController: rule(0, registerMatch(1), [toController]),
      missDrop: rule(0, registerMatch(2), []),
      fragmentDrop: rule(0, registerMatch(3), []),
    };
  }

  /** Of that number, which is below `tableCount`. */
  table(number: number): FlowTable {
    this.#tables[number] ??= new FlowTable(number, () => this.deps.onReordered(number));
    return this.#tables[number];
  }

  /** What a table of that number does without a rule. */
  missOf(number: number): TableMiss | 'default' {
    return this.#tables[number]?.miss ?? 'default';
  }

  /** Those that rules were ever in, by number. */
  *tables(): IterableIterator<FlowTable> {
    for (const table of this.#tables) if (table !== undefined) yield table;
  }

  /** The rule for a packet; the bits that decided are set in `wildcards`. undefined is a table miss. */
  lookup(table: number, flow: Uint32Array, wildcards: Uint32Array): Rule | undefined {
    return this.#tables[table]?.rules.lookup(flow, this.version, wildcards);
  }

  /** The rules of a table that have exactly that cookie. */
  *withCookie(table: number, cookie: bigint): IterableIterator<Rule> {
    for (const rule of this.cookies.find(cookie) ?? this.#tables[table]?.rules ?? [])
      if (rule.table === table && rule.cookie === cookie && rule.isVisible(this.version)) yield rule;
  }

  matchOf(rule: Rule): Match {
    const match = this.#tables[rule.table]?.rules.matchOf(rule);
    if (match === undefined) throw new Error(`a rule of table ${rule.table} is not there any more`);
    return match;
  }

  /** All that are there now, by table number. */
  /** The switch's own included. */
  get flowCount(): number {
    let count = 0;
    for (const table of this.tables()) count += table.flowCount;
    return count;
  }

  *[Symbol.iterator](): IterableIterator<Rule> {
    for (const { rules } of this.tables())
      for (const rule of rules) if (rule.isVisible(this.version)) yield rule;
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
