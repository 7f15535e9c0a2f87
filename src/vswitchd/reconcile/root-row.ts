/** The row of table Open_vSwitch, and which of its configurations the daemon has said to be in force. */
import type { Uuid } from '../../base/units.ts';
import type { View } from '../../ovsdb/client/index.ts';
import type { Integer } from '../../ovsdb/schema-types.ts';
import type { StatusWriter } from '../report/status-writer.ts';
import type { OvsRow, OvsTables } from '../schema/index.ts';

export class RootRow {
  readonly #view: View<OvsTables>;
  readonly #writer: StatusWriter;
  /** Which row was answered, and what: somebody may make the row anew, with a `next_cfg` that we have seen. */
  #answered: { readonly id: Uuid; readonly cfg: Integer } | undefined;

  constructor(view: View<OvsTables>, writer: StatusWriter) {
    this.#view = view;
    this.#writer = writer;
  }

  /** undefined while there is none. */
  get current(): OvsRow<'Open_vSwitch'> | undefined {
    for (const row of this.#view.rows('Open_vSwitch').values()) return row;
    return undefined;
  }

  isAnswered({ _uuid, next_cfg }: OvsRow<'Open_vSwitch'>): boolean {
    return this.#answered?.id === _uuid && this.#answered.cfg === next_cfg;
  }

  /** The configuration of that row is in force. */
  answer({ _uuid: id, next_cfg: cfg }: OvsRow<'Open_vSwitch'>): void {
    this.#answered = { id, cfg };
    this.#writer.put('Open_vSwitch', id, { cur_cfg: cfg });
  }

  /** Somebody has written over what was answered. */
  answerAgain(row: OvsRow<'Open_vSwitch'>): void {
    if (this.isAnswered(row) && row.cur_cfg !== row.next_cfg) this.answer(row);
  }

  forgetAnswer(): void {
    this.#answered = undefined;
  }
}
