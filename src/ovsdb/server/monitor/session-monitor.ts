/**
 * One monitor of one session: what it wants, where it stands, and the messages it sends. RFC 7047 sections 4.1.5
 * to 4.1.7; ovsdb-server(7) sections 4.1.12 to 4.1.18 for the conditional forms.
 */
import type { Json } from '../../../rpc/channel.ts';
import { jsonKey } from '../json-key.ts';
import type { ServedDatabase } from '../served.ts';
import type { Filters, MonitorChanges, Tracker, UpdateVersion } from './changes.ts';
import { SharedText } from './pieces.ts';
import type { RowFilter, TablePlan } from './table-plan.ts';

const methods = { 1: 'update', 2: 'update2', 3: 'update3' } as const;

/** Sends JSON text; `isShared` when other clients get the same bytes. */
export type SendText = (text: string | readonly Uint8Array[], isShared: boolean) => void;

export interface MonitorWish {
  readonly version: UpdateVersion;
  readonly plans: ReadonlyMap<string, TablePlan>;
  readonly filters: ReadonlyMap<string, RowFilter>;
}

export class SessionMonitor {
  readonly served: ServedDatabase;
  readonly #sendToClient: SendText;
  readonly #version: UpdateVersion;
  readonly #tracker: Tracker;
  #id: Json;
  #idText: string;
  #filters: Filters;
  #filterKey: string;
  /** Undefined before `start` and after `cancel`. */
  #position: MonitorChanges | undefined;

  constructor(send: SendText, served: ServedDatabase, id: Json, wish: MonitorWish) {
    this.#sendToClient = send;
    this.served = served;
    this.#version = wish.version;
    this.#id = id;
    this.#idText = jsonKey(id);
    this.#filters = wish.filters;
    this.#filterKey = keyOfFilters(wish.filters);
    this.#tracker = served.trackerOf(wish.plans);
    this.#tracker.watchColumnsOf(wish.filters);
  }

  get plans(): ReadonlyMap<string, TablePlan> {
    return this.#tracker.plans;
  }

  get id(): Json {
    return this.#id;
  }

  /** What waits for the peer, in bytes, roughly. */
  get pendingCost(): number {
    const position = this.#position;
    return position === undefined || this.#tracker.isCurrent(position) ? 0 : position.cost;
  }

  /** The first answer. `since`: the last transaction the client knows. */
  start(since?: string): readonly Uint8Array[] {
    const past = since === undefined ? undefined : this.served.changesSince(since, this.#tracker);
    this.#position = past ?? this.#tracker.enter();
    const updates =
      past === undefined
        ? this.served.snapshots.take(this.plans, this.#version, this.#filters)
        : this.#changesSoFar(past);
    if (this.#version !== 3) return updates;
    const head = Buffer.from(`[${past !== undefined},"${this.served.lastTransaction}",`);
    return [head, ...updates, Buffer.from(']')];
  }

  /** Tells what has happened since the last time. */
  flush(): void {
    const position = this.#position;
    if (position === undefined || this.#tracker.isCurrent(position)) return;
    const text = position.text(this.#version, this.#filters, this.#filterKey);
    this.#advance();
    if (text !== undefined) this.#send(text);
  }

  /** Other rows are wanted from now on: tells the client the rows that come and go by that, at once. */
  changeFilters(changed: Filters): void {
    this.flush();
    const filters = new Map([...this.#filters, ...changed]);
    this.#tracker.watchColumnsOf(changed);
    const text = this.#version === 1 ? '' : this.#compareFilters(changed);
    this.#filters = filters;
    this.#filterKey = keyOfFilters(filters);
    if (text !== '') this.#send(new SharedText(`{${text}}`));
  }

  rename(id: Json): void {
    this.#id = id;
    this.#idText = jsonKey(id);
  }

  /** Forgets it, silently. */
  cancel(): void {
    if (this.#position === undefined) return;
    this.#tracker.leave(this.#position);
    this.#position = undefined;
    this.served.release(this.#tracker);
  }

  #changesSoFar(past: MonitorChanges): readonly Uint8Array[] {
    const text = this.#tracker.isCurrent(past)
      ? undefined
      : past.text(this.#version, this.#filters, this.#filterKey);
    this.#advance();
    return [Buffer.from(text?.text ?? '{}')];
  }

  #advance(): void {
    const old = this.#position;
    this.#position = this.#tracker.enter();
    if (old !== undefined) this.#tracker.leave(old);
  }

  #send(updates: SharedText): void {
    const since = this.#version === 3 ? `"${this.served.lastTransaction}",` : '';
    const head = `{"id":null,"method":"${methods[this.#version]}","params":[${this.#idText},${since}`;
    this.#sendToClient(updates.between(head, ']}'), this.#filters.size === 0);
  }

  #compareFilters(changed: Filters): string {
    let out = '';
    for (const [name, wanted] of changed) {
      const plan = this.plans.get(name);
      const known = this.#filters.get(name);
      if (plan === undefined || known?.key === wanted.key) continue;
      let table = '';
      for (const row of this.served.db.table(name)?.rows() ?? []) {
        const update = plan.writeUpdate2({ before: row, after: row }, false, known, wanted);
        if (update !== undefined) table += `${table === '' ? '' : ','}"${row.uuid}":${update}`;
      }
      if (table !== '') out += `${out === '' ? '' : ','}${JSON.stringify(name)}:{${table}}`;
    }
    return out;
  }
}

function keyOfFilters(filters: Filters): string {
  let key = '';
  for (const name of [...filters.keys()].sort()) key += `${name} ${filters.get(name)?.key};`;
  return key;
}
