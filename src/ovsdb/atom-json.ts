/** Atoms of RFC 7047 section 5.1 as a client reads them: whatever the server says of the right type, unchecked. */
import type { Json } from '../rpc/channel.ts';
import { isInteger, numberOf } from '../rpc/json-value.ts';
import type { BaseTypeJson } from './schema-types.ts';

/** Integers beyond 2^53 are bigint, others number. A uuid is its text. */
export type JsonAtom = string | number | bigint | boolean;

export const zeroUuid = '00000000-0000-0000-0000-000000000000';

/** The atom that `json` stands for; undefined when it is none of that type. */
export function atomFromJson(type: BaseTypeJson['type'], json: Json): JsonAtom | undefined {
  switch (type) {
    case 'integer':
      return isInteger(json) ? json : undefined;
    case 'real': {
      const number = numberOf(json);
      return number === undefined ? undefined : Number(number);
    }
    case 'boolean':
      return typeof json === 'boolean' ? json : undefined;
    case 'string':
      return typeof json === 'string' ? json : undefined;
    case 'uuid':
      return Array.isArray(json) && json[0] === 'uuid' && typeof json[1] === 'string' ? json[1] : undefined;
  }
}

/** What a column of one atom holds that was never written. */
export const defaultAtoms = {
  integer: 0,
  real: 0,
  boolean: false,
  string: '',
  uuid: zeroUuid,
} as const satisfies Record<BaseTypeJson['type'], JsonAtom>;
