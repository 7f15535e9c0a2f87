/** One table: its rules, and what it was told to be. */
import { isDeepStrictEqual } from 'node:util';
import { Classifier } from '../../flow/classifier.ts';
import type { TableDesc, TableMiss, TableMod, TableStatus } from '../../openflow/messages/tables.ts';
import { defaultPrefixes, type FlowTableConfig } from '../config.ts';
import { EvictionIndex } from './eviction.ts';
import type { Rule } from './rule.ts';

/** Bits: other, importance, lifetime. What counts is no choice of the controller's. */
const evictionFlags = 7;

const unlimited: FlowTableConfig = {
  number: 0,
  name: '',
  flowLimit: undefined,
  evicts: false,
  groupFields: [],
  prefixes: defaultPrefixes,
};

/**
 * An effect of a translation: looked up in `table`, where `rule` was found, or stands for that none was; undefined where
 * the next table was asked.
 */
export interface LookedUp {
  readonly kind: 'rule';
  readonly rule: Rule | undefined;
  readonly table: FlowTable;
  readonly isMatch: boolean;
}

export class FlowTable {
  readonly number: number;
  readonly rules = new Classifier<Rule>();
  /** What becomes of packets that no rule is for; by default controllers of OpenFlow 1.2 and before are told. */
  miss: TableMiss | 'default' = 'default';
  /** Packets that were looked up here, and those that a rule was there for. */
  lookupCount = 0;
  matchCount = 0;
  /** Rules that end in the next version. */
  endingCount = 0;
  /** Rules that users do not see. */
  hiddenCount = 0;
  /** The flows that may make room for others, where some are to. */
  eviction: EvictionIndex | undefined;
  /** Of a controller, while the configuration has none. */
  #givenName = '';
  #config = unlimited;
  #evictsForController = false;
  #vacancy: { readonly down: number; readonly up: number } | undefined;
  /** What is told of next: that it got too full, or free again. */
  #nextEvent: 'down' | 'up' = 'down';
  #lastLookup: LookedUp | undefined;

  constructor(number: number, onReordered: () => void) {
    this.number = number;
    this.rules.onReordered = onReordered;
  }

  /** For a translation that looked here: flows that take one rule after the other share it. */
  lookedUp(rule: Rule | undefined, isMatch: boolean): LookedUp {
    const last = this.#lastLookup;
    if (last !== undefined && last.rule === rule && last.isMatch === isMatch) return last;
    this.#lastLookup = { kind: 'rule', rule, table: this, isMatch };
    return this.#lastLookup;
  }

  get name(): string {
    return this.#config.name === '' ? this.#givenName : this.#config.name;
  }

  /** A controller cannot change the name that the configuration says; to say the beginning of it changes nothing. */
  mayBeNamed(name: string): boolean {
    return this.#config.name === '' || this.#config.name.startsWith(name);
  }

  /** As a controller asks. */
  giveName(name: string): void {
    if (this.#config.name === '') this.#givenName = name;
  }

  /** Flows at most; undefined for any number. */
  get flowLimit(): number | undefined {
    return this.#config.flowLimit;
  }

  /** Flows of the newest version, committed or not. */
  get flowCount(): number {
    return this.rules.ruleCount - this.endingCount;
  }

  /** Rules that all end are cheaper to take away at once than one by one. */
  clearIfAllEnd(): void {
    if (this.endingCount === 0 || this.flowCount > 0) return;
    this.rules.clear();
    this.endingCount = 0;
  }

  get hasVacancyEvents(): boolean {
    return this.#vacancy !== undefined;
  }

  /** Rules beyond a new limit stay until the caller takes them away. */
  configure(config: FlowTableConfig = unlimited): void {
    const before = this.#config;
    if (isDeepStrictEqual(config, before)) return;
    this.#config = config;
    if (config.name !== '') this.#givenName = '';
    if (config.prefixes.join() !== before.prefixes.join()) this.rules.setPrefixes(config.prefixes);
    this.#chooseEviction();
  }

  /** As a controller asks. What it does not tell stays. */
  modify({ miss, eviction, vacancyEvents, vacancy }: TableMod): void {
    if (miss !== undefined) this.miss = miss;
    if (eviction !== undefined) {
      this.#evictsForController = eviction;
      this.#chooseEviction();
    }
    if (vacancyEvents === undefined) return;
    const isNew = this.#vacancy === undefined;
    this.#vacancy = vacancyEvents ? vacancy : undefined;
    if (isNew) this.#nextEvent = vacancy !== undefined && this.#free < vacancy.up ? 'up' : 'down';
  }

  describe(): TableDesc {
    const vacancy = this.#vacancy && { ...this.#vacancy, now: this.#free };
    return {
      table: this.number,
      eviction: this.#evictsForController,
      evictionFlags,
      vacancyEvents: vacancy !== undefined,
      vacancy,
    };
  }

  /** What is due to be told of how full it is, once. */
  takeVacancyEvent(): TableStatus | undefined {
    if (this.#vacancy === undefined) return undefined;
    const { down, up } = this.#vacancy;
    const isDue = this.#nextEvent === 'down' ? this.#free < down : this.#free > up;
    if (!isDue) return undefined;
    const reason = this.#nextEvent === 'down' ? 'vacancy_down' : 'vacancy_up';
    this.#nextEvent = this.#nextEvent === 'down' ? 'up' : 'down';
    return { reason, table: this.describe() };
  }

  /** Percent. */
  get #free(): number {
    const limit = this.flowLimit ?? 0;
    return limit === 0 ? 100 : Math.floor((Math.max(0, limit - this.flowCount) * 100) / limit);
  }

  #chooseEviction(): void {
    const { evicts, flowLimit, groupFields } = this.#config;
    this.eviction = undefined;
    if (flowLimit === undefined || !(evicts || this.#evictsForController)) return;
    this.eviction = new EvictionIndex(groupFields);
    for (const rule of this.rules) {
      const match = this.rules.matchOf(rule);
      if (match !== undefined) this.eviction.add(rule, match);
    }
  }
}
