/** Which flows go when those go that learned them: `delete_learned` of the learn action. */
import type { Action } from '../../openflow/actions/index.ts';
import type { FlowEvent } from './flow-events.ts';
import type { FlowTables } from './flow-tables.ts';
import { removeRules } from './flow-transaction.ts';

export class LearnedCookies {
  readonly #tables: FlowTables;
  /** How many actions learn flows of that table and cookie that are to go with them. */
  readonly #counts = new Map<string, number>();
  /** What nobody learned any more at some time. */
  readonly #gone: { table: number; cookie: bigint }[] = [];

  constructor(tables: FlowTables) {
    this.#tables = tables;
  }

  /** Flows came and went. */
  follow(events: readonly FlowEvent[]): void {
    for (const event of events)
      if (event.kind !== 'removed') this.#each(event.rule.actions, (name) => this.#count(name, 1));
    for (const event of events) {
      const left =
        event.kind === 'removed' ? event.rule : event.kind === 'modified' ? event.before : undefined;
      if (left === undefined) continue;
      this.#each(left.actions, (name, learn) => {
        if (this.#count(name, -1) === 0) this.#gone.push(learn);
      });
    }
  }

  /** Those that nobody learns any more go. */
  removeUnlearned(): void {
    for (const { table, cookie } of this.#gone.splice(0)) {
      if (!this.#counts.has(nameOf(table, cookie)))
        removeRules(this.#tables, this.#tables.withCookie(table, cookie));
    }
  }

  #count(name: string, change: number): number {
    const count = (this.#counts.get(name) ?? 0) + change;
    if (count === 0) this.#counts.delete(name);
    else this.#counts.set(name, count);
    return count;
  }

  /** As in the reference, those inside of other actions do not count. */
  #each(
    actions: readonly Action[],
    act: (name: string, learn: { table: number; cookie: bigint }) => void,
  ): void {
    for (const action of actions)
      if (action.do === 'learn' && action.deletesLearned) act(nameOf(action.table, action.cookie), action);
  }
}

function nameOf(table: number, cookie: bigint): string {
  return `${table} ${cookie}`;
}
