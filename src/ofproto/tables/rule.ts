/** Rules: what a table says about a packet. */
import { type Ms, ms } from '../../base/units.ts';
import { ClassifierRule, type Conjunction } from '../../flow/classifier-rule.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { reservedPorts } from '../../openflow/ports.ts';

/** What whoever makes a rule says of it, besides where it is and what it matches. */
export interface RuleSettings {
  /** In order. An empty list drops. */
  readonly actions: readonly Action[];
  readonly cookie: bigint;
  /** Seconds; 0 for none. */
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly importance: number;
  /** Bits of `flowFlags`. */
  readonly flags: number;
}

export const plainRule: Omit<RuleSettings, 'actions'> = {
  cookie: 0n,
  idleTimeout: 0,
  hardTimeout: 0,
  importance: 0,
  flags: 0,
};

/** Forwards as any Ethernet switch does. */
export const toNormal: Action = { do: 'output', port: reservedPorts.NORMAL, maxLength: 0 };

/** The highest priority that OpenFlow has; rules above it are the switch's own, which users neither see nor change. */
const highestPriority = 0xffff;

export class Rule extends ClassifierRule implements RuleSettings {
  /** Number of its table. */
  readonly table: number;
  readonly actions: readonly Action[];
  readonly cookie: bigint;
  readonly importance: number;
  readonly flags: number;
  /** A packet can shorten them (`fin_timeout`). */
  idleTimeout: number;
  hardTimeout: number;
  readonly createdAt: Ms;
  modifiedAt: Ms;
  /** When a packet matched last, or it was made. */
  usedAt: Ms;
  /** In which `FlowExpiry` looks at it next. */
  dueSpan: number | undefined;
  packetCount = 0;
  byteCount = 0;
  /** Counts on where packets took this rule before it was changed. */
  #successor: Rule | undefined;

  constructor(table: number, priority: number, settings: RuleSettings, now: Ms) {
    super(priority, conjunctionsOf(settings.actions));
    this.table = table;
    this.actions = settings.actions;
    this.cookie = settings.cookie;
    this.importance = settings.importance;
    this.flags = settings.flags;
    this.idleTimeout = settings.idleTimeout;
    this.hardTimeout = settings.hardTimeout;
    this.createdAt = now;
    this.modifiedAt = now;
    this.usedAt = now;
  }

  get isHidden(): boolean {
    return this.priority > highestPriority;
  }

  /** Packets matched, the last of them at `at`. */
  credit(packets: number, bytes: number, at: number): void {
    let rule: Rule = this;
    while (rule.#successor !== undefined) rule = rule.#successor;
    rule.packetCount += packets;
    rule.byteCount += bytes;
    if (at > rule.usedAt) rule.usedAt = ms(at);
  }

  /** The rule that takes its place with other actions: what is said of a flow when it is made stays. */
  with(changed: Pick<RuleSettings, 'actions' | 'cookie'>, now: Ms): Rule {
    const rule = new Rule(this.table, this.priority, { ...this.#settings, ...changed }, this.createdAt);
    rule.modifiedAt = now;
    return rule;
  }

  /** Takes the place of `before`: when that was used last stays known, what it counted where that is asked. */
  succeed(before: Rule, keepsCounts: boolean): void {
    this.usedAt = before.usedAt;
    if (!keepsCounts) return;
    this.packetCount = before.packetCount;
    this.byteCount = before.byteCount;
    before.#successor = this;
  }

  /** No other takes its place after all. */
  stay(): void {
    this.#successor = undefined;
  }

  get #settings(): RuleSettings {
    const { actions, cookie, idleTimeout, hardTimeout, importance, flags } = this;
    return { actions, cookie, idleTimeout, hardTimeout, importance, flags };
  }
}

/** Nothing else is done by a rule with such actions. */
function conjunctionsOf(actions: readonly Action[]): readonly Conjunction[] | undefined {
  let found: Conjunction[] | undefined;
  for (const action of actions) {
    if (action.do !== 'conjunction') continue;
    found ??= [];
    found.push(action);
  }
  return found;
}
