/**
 * Atoms checked against the constraints of their type, from and to JSON, and as text. Used by `datum.ts`, which makes
 * sets and maps of them. RFC 7047 section 5.1.
 */

import { characterCount, utf8Problem } from '../../base/text.ts';
import type { Json } from '../../rpc/channel.ts';
import { emitJson } from '../../rpc/json.ts';
import { formatReal, realToJson } from '../../rpc/json-value.ts';
import { type AtomType, isUuid, readUuid, uncheckedAtom } from '../atom.ts';
import type { Scalar } from '../schema-types.ts';
import { OvsdbError, syntaxError } from './errors.ts';
import { isId } from './member-reader.ts';
import type { BaseType } from './types.ts';

/** What "named-uuid" stands for within one transaction. */
export interface UuidNames {
  /** The uuid that `name` stands for, now or once it is inserted. */
  uuidOf(name: string): string;
}

/** Reads an atom and checks it against `base`. Throws OvsdbError. */
export function atomFromJson(base: BaseType, json: Json, uuidNames?: UuidNames): Scalar {
  const atom = readAtom(base.type, json, uuidNames);
  if (base.hasConstraints || base.type === 'string') checkAtom(base, atom);
  return atom;
}

function readAtom(type: AtomType, json: Json, uuidNames: UuidNames | undefined): Scalar {
  if (type === 'uuid') return readUuidJson(json, uuidNames);
  const atom = uncheckedAtom(type, json);
  if (atom === undefined) throw syntaxError(json, `expected ${type}`);
  return atom;
}

function readUuidJson(json: Json, uuidNames: UuidNames | undefined): string {
  if (Array.isArray(json) && json.length === 2 && typeof json[1] === 'string') {
    const text: string = json[1];
    if (json[0] === 'uuid') {
      const uuid = readUuid(text);
      if (uuid === undefined) throw syntaxError(json, `"${text}" is not a valid UUID`);
      return uuid;
    }
    if (json[0] === 'named-uuid' && uuidNames !== undefined) {
      if (!isId(text)) throw syntaxError(json, 'named-uuid string is not a valid <id>');
      return uuidNames.uuidOf(text);
    }
  }
  throw syntaxError(json, 'expected ["uuid", <string>]');
}

/** RFC 7047 `<atom>`; with `nameOf` a uuid of a row that has such a name is given as "named-uuid". */
export function atomToJson(
  type: AtomType,
  atom: Scalar,
  nameOf?: (uuid: Scalar) => string | undefined,
): Json {
  if (type === 'real') return realToJson(Number(atom));
  if (type !== 'uuid') return atom;
  const name = nameOf?.(atom);
  return name === undefined ? ['uuid', atom] : ['named-uuid', name];
}

/** Throws OvsdbError ("constraint violation"). References are checked when a transaction commits. */
export function checkAtom(base: BaseType, atom: Scalar): void {
  if (base.enum !== undefined && !base.enum.includes(atom)) {
    const allowed = base.enum.map((value) => formatAtom(base.type, value)).join(', ');
    violated(`${formatAtom(base.type, atom)} is not one of the allowed values ([${allowed}])`);
  }
  if (typeof atom === 'string') checkText(base, atom);
  else if (typeof atom !== 'boolean') checkRange(base, atom);
}

function checkRange(base: BaseType, atom: number | bigint): void {
  const { min, max } = base;
  if ((min === undefined || atom >= min) && (max === undefined || atom <= max)) return;
  const value = formatAtom(base.type, atom);
  if (min === undefined)
    violated(`${value} is greater than maximum allowed value ${formatAtom(base.type, max ?? 0)}`);
  const low = formatAtom(base.type, min);
  if (max === undefined) violated(`${value} is less than minimum allowed value ${low}`);
  violated(`${value} is not in the valid range ${low} to ${formatAtom(base.type, max)} (inclusive)`);
}

function checkText(base: BaseType, text: string): void {
  if (base.type !== 'string') return;
  const problem = utf8Problem(text);
  if (problem !== undefined) violated(`not a valid UTF-8 string: ${problem}`);
  if (base.minLength === 0 && text.length <= base.maxLength) return;
  const length = characterCount(text);
  if (length < base.minLength) {
    violated(`"${text}" length ${length} is less than minimum allowed length ${base.minLength}`);
  }
  if (length > base.maxLength) {
    violated(`"${text}" length ${length} is greater than maximum allowed length ${base.maxLength}`);
  }
}

function violated(why: string): never {
  throw new OvsdbError('constraint violation', why);
}

/** As the tools print it and the command line takes it: strings in quotes only where they need them. */
export function formatAtom(type: AtomType, atom: Scalar): string {
  if (type === 'real') return formatReal(Number(atom));
  const text = String(atom);
  if (type !== 'string') return text;
  const isPlain = /^[A-Za-z_][A-Za-z0-9_.-]*$/.test(text) && text !== 'true' && text !== 'false';
  return isPlain && !isUuid(text) ? text : emitJson(text);
}
