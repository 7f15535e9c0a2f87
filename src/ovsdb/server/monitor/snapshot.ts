/**
 * The contents of tables as the first answer to a monitor. A table is written once for all monitors that want the
 * same of it; the text is kept until the table changes, or nobody has asked for it for a while.
 */
import type { Timer, Timers } from '../../../base/timers.ts';
import { ms } from '../../../base/units.ts';
import type { Database } from '../../engine/database.ts';
import type { RowVersion } from '../../engine/types.ts';
import type { Filters, UpdateVersion } from './changes.ts';
import { PieceWriter } from './pieces.ts';
import { Kind, type RowFilter, type TablePlan } from './table-plan.ts';

const keepTime = ms(10_000);
const comma = Buffer.from(',');

interface CachedTable {
  readonly table: string;
  /** Empty when no row is to be told. */
  readonly pieces: readonly Uint8Array[];
}

export class Snapshots {
  readonly #db: Database;
  readonly #timers: Timers;
  readonly #cache = new Map<string, CachedTable>();
  #expiry: Timer | undefined;

  constructor(db: Database, timers: Timers) {
    this.#db = db;
    this.#timers = timers;
  }

  get size(): number {
    return this.#cache.size;
  }

  /** The `<table-updates>` that tell all that is there, as shared pieces. */
  take(
    plans: ReadonlyMap<string, TablePlan>,
    version: UpdateVersion,
    filters: Filters,
  ): readonly Uint8Array[] {
    const out: Uint8Array[] = [Buffer.from('{')];
    for (const [name, plan] of plans) {
      if (!plan.wants(Kind.initial)) continue;
      const { pieces } = this.#table(name, plan, version, filters.get(name));
      if (pieces.length === 0) continue;
      if (out.length > 1) out.push(comma);
      out.push(...pieces);
    }
    out.push(Buffer.from('}'));
    this.#expiry?.cancel();
    this.#expiry = this.#timers.after(keepTime, () => this.#cache.clear());
    return out;
  }

  forget(table: string): void {
    for (const [key, cached] of this.#cache) if (cached.table === table) this.#cache.delete(key);
  }

  clear(): void {
    this.#cache.clear();
    this.#expiry?.cancel();
  }

  #table(name: string, plan: TablePlan, version: UpdateVersion, filter: RowFilter | undefined): CachedTable {
    const key = `${version === 1 ? 1 : 2} ${plan.key} ${filter?.key ?? ''}`;
    let cached = this.#cache.get(key);
    if (cached === undefined) {
      cached = { table: name, pieces: this.#write(name, plan, version, filter) };
      this.#cache.set(key, cached);
    }
    return cached;
  }

  #write(
    name: string,
    plan: TablePlan,
    version: UpdateVersion,
    filter: RowFilter | undefined,
  ): readonly Uint8Array[] {
    const writer = new PieceWriter();
    let isFirst = true;
    for (const row of this.#db.table(name)?.rows() ?? []) {
      const update = initialUpdate(row, plan, version, filter);
      if (update === undefined) continue;
      writer.write(`${isFirst ? `${JSON.stringify(name)}:{` : ','}"${row.uuid}":${update}`);
      isFirst = false;
    }
    if (!isFirst) writer.write('}');
    return writer.finish();
  }
}

function initialUpdate(
  row: RowVersion,
  plan: TablePlan,
  version: UpdateVersion,
  filter: RowFilter | undefined,
): string | undefined {
  const pair = { before: undefined, after: row };
  return version === 1 ? plan.writeUpdate(pair, true) : plan.writeUpdate2(pair, true, undefined, filter);
}
