/**
 * Values that a program gives for columns, as JSON (RFC 7047 section 5.1 `<value>`). What no server would take is refused
 * here, where the column is known; a server would name the value alone, or end the connection.
 */
import { Refused } from '../../base/errors.ts';
import type { Json } from '../../rpc/channel.ts';
import { realToJson } from '../../rpc/json-value.ts';
import { readUuid } from '../atom.ts';
import type { BaseTypeJson, TypeJson, Value } from '../schema-types.ts';
import { canonicalAtom, isScalar } from './values.ts';

/** `place` is the column, "Host.labels". How many atoms a set may have is the server's to check. Throws Refused. */
export function emitValue(place: string, type: TypeJson, value: Value): Json {
  const { key, value: valueType } = type;
  if (valueType !== undefined) {
    if (value === undefined) return ['map', []];
    if (!(value instanceof Map)) throw unfit(place, value, 'a Map');
    return ['map', [...value].map(([k, v]) => [emitAtom(place, key, k), emitAtom(place, valueType, v)])];
  }
  if (Array.isArray(value)) return ['set', value.map((atom) => emitAtom(place, key, atom))];
  if (value === undefined && !isScalar(type)) return ['set', []];
  return emitAtom(place, key, value);
}

/** Text that is sent as it is: a comment, the name of a lock. Throws Refused. */
export function checkText(place: string, text: string): string {
  if (typeof text !== 'string') throw unfit(place, text, 'a string');
  if (text.includes('\0'))
    throw new Refused('bad value', `${place}: a string cannot hold the character U+0000`);
  return text;
}

/** Throws Refused for what is no uuid. */
export function uuidToJson(place: string, uuid: unknown): Json {
  const read = typeof uuid === 'string' ? readUuid(uuid) : undefined;
  if (read === undefined) throw unfit(place, uuid, 'a uuid');
  return ['uuid', read];
}

function emitAtom(place: string, { type }: BaseTypeJson, atom: unknown): Json {
  switch (type) {
    case 'uuid':
      return uuidToJson(place, atom);
    case 'string':
      return checkText(place, atom as string);
    case 'boolean':
      if (typeof atom === 'boolean') return atom;
      throw unfit(place, atom, 'a boolean');
    case 'integer':
      if (typeof atom === 'bigint' || Number.isInteger(atom))
        return canonicalAtom(type, atom as number | bigint);
      throw unfit(place, atom, 'an integer');
    case 'real':
      if (typeof atom === 'bigint') return atom;
      if (Number.isFinite(atom)) return realToJson(atom as number);
      throw unfit(place, atom, 'a finite number');
  }
}

function unfit(place: string, given: unknown, wanted: string): Refused {
  return new Refused('bad value', `${place}: ${describe(given)} was given where ${wanted} is needed`);
}

function describe(given: unknown): string {
  if (typeof given === 'string')
    return JSON.stringify(given.length <= 40 ? given : `${given.slice(0, 37)}...`);
  if (given instanceof Map) return 'a Map';
  if (Array.isArray(given)) return 'an array';
  return typeof given === 'object' && given !== null ? 'an object' : String(given);
}
