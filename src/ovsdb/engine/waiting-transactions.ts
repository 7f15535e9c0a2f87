/**
 * Transactions that a "wait" holds up: RFC 7047 section 5.2.6. Each runs again when one of its tables has changed, and
 * when its time is up.
 */
import type { Timer, Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import type { Json } from '../../rpc/channel.ts';
import type { PendingTransaction, TransactionContext, TransactReply } from './types.ts';

/** A transaction that has not been answered. */
export interface WaitingTransaction {
  readonly params: readonly Json[];
  readonly context: TransactionContext;
  readonly created: Ms;
  readonly done: (reply: TransactReply) => void;
  /** Whether the answer to a durable commit comes after the disk has it. */
  readonly isPatient: boolean;
  /** Only a change in one of these can end the wait. */
  tables: ReadonlySet<string>;
  timer: Timer | undefined;
  /** Under way to the server that this database is a copy of. */
  forwarded: PendingTransaction | undefined;
  isDue: boolean;
}

export class WaitingTransactions {
  readonly #timers: Timers;
  readonly #onTimeout: (waiting: WaitingTransaction) => void;
  readonly #all = new Set<WaitingTransaction>();

  constructor(timers: Timers, onTimeout: (waiting: WaitingTransaction) => void) {
    this.#timers = timers;
    this.#onTimeout = onTimeout;
  }

  get all(): ReadonlySet<WaitingTransaction> {
    return this.#all;
  }

  /** `timeout`: milliseconds since it was made. Only a change in one of `tables` can end the wait before. */
  hold(waiting: WaitingTransaction, timeout: number, tables: ReadonlySet<string>): void {
    waiting.tables = tables;
    this.#all.add(waiting);
    if (waiting.timer !== undefined || timeout === Number.POSITIVE_INFINITY) return;
    waiting.timer = this.#timers.at(ms(waiting.created + timeout), () => {
      waiting.timer = undefined;
      if (this.#all.has(waiting)) this.#onTimeout(waiting);
    });
  }

  forget(waiting: WaitingTransaction): void {
    this.#all.delete(waiting);
    waiting.timer?.cancel();
    waiting.timer = undefined;
  }

  tablesChanged(changed: ReadonlySet<string>): void {
    for (const waiting of this.#all) {
      if (!waiting.isDue) waiting.isDue = [...waiting.tables].some((name) => changed.has(name));
    }
  }

  allTablesChanged(): void {
    for (const waiting of this.#all) waiting.isDue = true;
  }

  /** Those that may be over. */
  get due(): WaitingTransaction[] {
    return [...this.#all].filter(({ isDue }) => isDue);
  }
}
