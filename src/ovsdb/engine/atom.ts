/**
 * Atoms: the single values of RFC 7047 section 5.1, their order, constraints and JSON form. Used by `datum.ts`, which
 * makes sets and maps of them.
 */

import { characterCount, compareBytes, utf8Problem } from '../../base/text.ts';
import type { Json } from '../../rpc/channel.ts';
import { emitJson } from '../../rpc/json.ts';
import { formatReal, isInteger, numberOf, realToJson } from '../../rpc/json-value.ts';
import { defaultAtoms } from '../atom-json.ts';
import { OvsdbError, syntaxError } from './errors.ts';
import { isId } from './member-reader.ts';
import type { Atom, AtomType, BaseType } from './types.ts';

/** What "named-uuid" stands for within one transaction. */
export interface Symbols {
  /** The uuid that `name` stands for, now or once it is inserted. */
  uuidOf(name: string): string;
}

const uuidPattern = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

const lowerCaseUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The uuid in lower case, or undefined when the text is none. */
export function readUuid(text: string): string | undefined {
  if (lowerCaseUuid.test(text)) return text;
  return uuidPattern.test(text) ? text.toLowerCase() : undefined;
}

export function defaultAtom(type: AtomType): Atom {
  return defaultAtoms[type];
}

/** Negative, 0 or positive; both atoms have the type `type`. */
export function compareAtoms(type: AtomType, a: Atom, b: Atom): number {
  if (a === b) return 0;
  if (type === 'string') return compareBytes(String(a), String(b));
  return a < b ? -1 : 1;
}

/** Reads an atom and checks it against `base`. Throws OvsdbError. */
export function atomFromJson(base: BaseType, json: Json, symbols?: Symbols): Atom {
  const atom = readAtom(base.type, json, symbols);
  if (base.hasConstraints || base.type === 'string') checkAtom(base, atom);
  return atom;
}

function readAtom(type: AtomType, json: Json, symbols: Symbols | undefined): Atom {
  switch (type) {
    case 'integer':
      if (isInteger(json)) return json;
      break;
    case 'real': {
      const number = numberOf(json);
      if (number !== undefined) return Number(number);
      break;
    }
    case 'boolean':
      if (typeof json === 'boolean') return json;
      break;
    case 'string':
      if (typeof json === 'string') return json;
      break;
    case 'uuid':
      return readUuidJson(json, symbols);
  }
  throw syntaxError(json, `expected ${type}`);
}

function readUuidJson(json: Json, symbols: Symbols | undefined): string {
  if (Array.isArray(json) && json.length === 2 && typeof json[1] === 'string') {
    const text: string = json[1];
    if (json[0] === 'uuid') {
      const uuid = readUuid(text);
      if (uuid === undefined) throw syntaxError(json, `"${text}" is not a valid UUID`);
      return uuid;
    }
    if (json[0] === 'named-uuid' && symbols !== undefined) {
      if (!isId(text)) throw syntaxError(json, 'named-uuid string is not a valid <id>');
      return symbols.uuidOf(text);
    }
  }
  throw syntaxError(json, 'expected ["uuid", <string>]');
}

/** RFC 7047 `<atom>`. */
export function atomToJson(type: AtomType, atom: Atom): Json {
  if (type === 'uuid') return ['uuid', atom];
  if (type === 'real') return realToJson(Number(atom));
  return atom;
}

/** Throws OvsdbError ("constraint violation"). References are checked when a transaction commits. */
export function checkAtom(base: BaseType, atom: Atom): void {
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
export function formatAtom(type: AtomType, atom: Atom): string {
  if (type === 'real') return formatReal(Number(atom));
  const text = String(atom);
  if (type !== 'string') return text;
  const isPlain = /^[A-Za-z_][A-Za-z0-9_.-]*$/.test(text) && text !== 'true' && text !== 'false';
  return isPlain && !uuidPattern.test(text) ? text : emitJson(text);
}
