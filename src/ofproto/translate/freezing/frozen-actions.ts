/** Actions that are left to do when a packet comes back. */
import { bytesWith } from '../../../openflow/actions/field-bits.ts';
import type { Action } from '../../../openflow/actions/index.ts';
import { reservedPorts } from '../../../openflow/ports.ts';

/** Whose actions they are. */
export interface Origin {
  readonly table: number;
  readonly cookie: bigint;
}

/** Actions that tell controllers of the table and the rule that they are of. */
const telling: ReadonlySet<Action['do']> = new Set([
  ...(['output', 'output_reg', 'output_trunc', 'group', 'controller'] as const),
  ...(['dec_ttl', 'dec_mpls_ttl', 'dec_nsh_ttl'] as const),
]);

const thisTable = 255;

/** A list that grows by what each list that is left has still to do, the innermost first. */
export class FrozenActions {
  readonly actions: Action[] = [];
  #told: Origin | undefined;

  add(list: readonly Action[], from: Origin): void {
    for (const action of list) {
      if (telling.has(action.do) || (action.do === 'resubmit' && action.table === thisTable))
        this.#tell(from);
      this.actions.push(...asAction(action));
    }
  }

  #tell({ table, cookie }: Origin): void {
    if (this.#told?.table === table && this.#told.cookie === cookie) return;
    this.#told = { table, cookie };
    this.actions.push({ do: 'unroll_xlate', table, cookie });
  }
}

/** Notes are left out; instructions become actions that do the same. */
function asAction(action: Action): readonly Action[] {
  switch (action.do) {
    case 'goto_table': {
      const { table } = action;
      const port = reservedPorts.IN_PORT;
      return [{ do: 'resubmit', port, table, usesOriginalTuple: false, namesTable: true }];
    }
    case 'write_metadata': {
      const [value, mask] = [bytesWith(action.metadata, 0, 8), bytesWith(action.mask, 0, 8)];
      return [{ do: 'set_field', field: 'metadata', value, mask, saidAs: 'set_field' }];
    }
    case 'note':
    case 'conjunction':
      return [];
    default:
      return [action];
  }
}
