/**
 * Atoms, the single values of RFC 7047 section 5.1, as the engine, the client and the tools hold them: a string, number,
 * bigint or boolean (`Scalar`). Their order, their defaults, and how JSON gives them.
 */
import { compareBytes } from '../base/text.ts';
import type { Json } from '../rpc/channel.ts';
import { isInteger, numberOf } from '../rpc/json-value.ts';
import type { BaseTypeJson, Scalar } from './schema-types.ts';

export type AtomType = BaseTypeJson['type'];

export const zeroUuid = '00000000-0000-0000-0000-000000000000';

/** What a column of one atom holds that was never written. */
export const defaultAtoms = {
  integer: 0,
  real: 0,
  boolean: false,
  string: '',
  uuid: zeroUuid,
} as const satisfies Record<AtomType, Scalar>;

const uuidPattern = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

const lowerCaseUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

/** The uuid in lower case, or undefined when the text is none. */
export function readUuid(text: string): string | undefined {
  if (lowerCaseUuid.test(text)) return text;
  return isUuid(text) ? text.toLowerCase() : undefined;
}

/** Negative, 0 or positive; both atoms are of one type. */
export function compareAtoms(a: Scalar, b: Scalar): number {
  if (a === b) return 0;
  if (typeof a === 'string' && typeof b === 'string') return compareBytes(a, b);
  return a < b ? -1 : 1;
}

/** The atom that `json` stands for, unchecked but for its type; undefined when it is none of that type. */
export function uncheckedAtom(type: AtomType, json: Json): Scalar | undefined {
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
