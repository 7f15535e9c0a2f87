/** Fields that stand for options of tunnels, as flows use them. */
import { slots } from '../../flow/slots.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { fieldOf, type Subfield } from '../../openflow/actions/subfield.ts';
import { isSubfield, someField } from '../../openflow/actions/used-fields.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import type { TlvTable } from '../tlv-table.ts';
import type { FlowTables } from './flow-tables.ts';

/** Throws OpenFlowError for actions on a field that stands for no option, or on more bits than that has. */
export function checkOptionFields(actions: readonly Action[], table: TlvTable): void {
  someField(actions, ({ field: name, low = 0, width = 0 }) => {
    if (fieldOf(name).option === undefined) return false;
    const field = table.fieldOf(name);
    if (field === undefined)
      throw new OpenFlowError('NXFMFC_INVALID_TLV_FIELD', `${name} stands for no option`);
    if (low + width > field.width)
      throw new OpenFlowError('OFPBAC_BAD_SET_LEN', `${name} has ${field.width} bits`);
    return false;
  });
}

/** Values of a message, with how long options are where they have bits of those. */
export function withOptionWidths<T>(value: T, table: TlvTable): T {
  if (table.mappings.length === 0) return value;
  return mapSubfields(value, (subfield) => {
    if (fieldOf(subfield.field).option === undefined) return subfield;
    const field = table.fieldOf(subfield.field);
    return field === undefined ? subfield : { ...subfield, optionWidth: field.width };
  }) as T; // of the same shape
}

/** Plain data with other subfields; what has none stays the same object. */
function mapSubfields(value: unknown, change: (subfield: Subfield) => Subfield): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (isSubfield(value)) return change(value);
  const parts = Object.entries(value);
  const changed = parts.map(([name, part]) => [name, mapSubfields(part, change)] as const);
  if (changed.every(([, part], n) => part === parts[n]?.[1])) return value;
  return Array.isArray(value) ? changed.map(([, part]) => part) : Object.fromEntries(changed);
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
  return someField(actions, ({ field }) => {
    const { option } = fieldOf(field);
    return option !== undefined && is(option);
  });
}
