/** What actions share that set one header field to a number, or push a header of some EtherType. */
import type { FieldName } from '../../flow/fields/index.ts';
import { OpenFlowError } from '../errors.ts';
import type { WireVersion } from '../versions.ts';
import type { ActionForm, AnyAction } from './declare.ts';
import { settingNumber } from './field-value.ts';

export interface NumberArguments {
  readonly value: number;
}

export interface EtherTypeArguments {
  readonly etherType: number;
}

export const hex4 = (value: number): string => `0x${value.toString(16).padStart(4, '0')}`;
/** OpenFlow 1.2 and later set fields by one action for all. */
export function setsField(name: FieldName, toField: (value: number) => number = (value) => value) {
  return ({ value }: NumberArguments, version: WireVersion): AnyAction[] | undefined =>
    version < 3 ? undefined : [settingNumber(name, toField(value))];
}

/** Refuses on the wire what the header has no room for. */
export function checkedForms<V>(forms: ActionForm<V>[], isGood: (value: V) => boolean): ActionForm<V>[] {
  return forms.map((form) => ({
    ...form,
    decode(body, version, inner) {
      const read = form.decode(body, version, inner);
      if (!isGood(read))
        throw new OpenFlowError('OFPBAC_BAD_ARGUMENT', 'a value that the header has no room for');
      return read;
    },
  }));
}
