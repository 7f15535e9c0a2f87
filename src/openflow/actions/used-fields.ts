/** Fields that actions read and write by name. */
import type { Action } from './index.ts';
import type { Subfield } from './subfield.ts';

/** Without its bits where an action is about the whole field. */
type UsedField = Pick<Subfield, 'field'> & Partial<Subfield>;

/** Of the fields that actions, and those inside of them, read or write by name. */
export function someField(value: unknown, is: (used: UsedField) => boolean): boolean {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  if (isSubfield(value) || isOnField(value)) return is(value);
  return Object.values(value).some((part) => someField(part, is));
}

function isOnField(value: object): value is Extract<Action, { do: 'set_field' | 'delete_field' }> {
  return 'do' in value && (value.do === 'set_field' || value.do === 'delete_field');
}

export function isSubfield(value: object): value is Subfield {
  return 'field' in value && 'low' in value && 'width' in value;
}
