/** Fields that stand for options of tunnels, as flows use them. */
import { slots } from '../../flow/slots.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { fieldOf, type Subfield } from '../../openflow/actions/subfield.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import type { TlvTable } from '../tlv-table.ts';
import { someAction } from './actions-within.ts';
import type { FlowTables } from './flow-tables.ts';

/** Throws OpenFlowError for actions on a field that stands for no option, or on more bits than that has. */
export function checkOptionFields(actions: readonly Action[], table: TlvTable): void {
  const check = (action: Action): boolean => {
    for (const { field: name, low = 0, width = 0 } of fieldsOf(action)) {
      if (fieldOf(name).option === undefined) continue;
      const field = table.fieldOf(name);
      if (field === undefined)
        throw new OpenFlowError('NXFMFC_INVALID_TLV_FIELD', `${name} stands for no option`);
      if (low + width > field.width)
        throw new OpenFlowError('OFPBAC_BAD_SET_LEN', `${name} has ${field.width} bits`);
    }
    return false;
  };
  someAction(actions, check);
}

/** Does any flow match on the field of that number, or act on it? */
export function isOptionUsed(tables: FlowTables, index: number): boolean {
  const word = slots.tun_metadata_present.word + (index < 32 ? 1 : 0);
  for (const rule of tables) {
    if (usesOption(rule.actions, (one) => one === index)) return true;
    const { mask } = tables.matchOf(rule);
    const at = mask.words.indexOf(word);
    if (at >= 0 && ((mask.bits[at] ?? 0) & (1 << (index & 31))) !== 0) return true;
  }
  return false;
}

function usesOption(actions: readonly Action[], is: (index: number) => boolean): boolean {
  return someAction(actions, (action) =>
    fieldsOf(action).some(({ field }) => {
      const { option } = fieldOf(field);
      return option !== undefined && is(option);
    }),
  );
}

/** Without its bits where an action is about the whole field. */
type UsedField = Pick<Subfield, 'field'> & Partial<Subfield>;

/** Fields that an action reads or writes by name. */
function fieldsOf(action: Action): readonly UsedField[] {
  switch (action.do) {
    case 'set_field':
    case 'delete_field':
      return [{ field: action.field }];
    case 'move':
      return [action.source, action.destination];
    case 'push':
    case 'pop':
      return [action.subfield];
    case 'output_reg':
      return [action.source];
    case 'learn':
      return action.specs.flatMap((spec) => [
        ...(typeof spec.source === 'bigint' ? [] : [spec.source]),
        ...(spec.kind === 'output' ? [] : [spec.destination]),
      ]);
    default:
      return [];
  }
}
