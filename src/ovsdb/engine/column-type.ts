/**
 * Column types (RFC 7047 section 3.2 `<type>` and `<base-type>`), compiled from JSON and given back in the reference's
 * short form. Used by the schema compiler.
 */

import type { Json, JsonObject } from '../../rpc/channel.ts';
import { isInteger, isObject, realToJson } from '../../rpc/json-value.ts';
import type { AtomType } from '../atom.ts';
import type { Scalar, TypeJson } from '../schema-types.ts';
import { datumFromJson, datumToJson, isAtoms } from './datum.ts';
import { syntaxError } from './errors.ts';
import { MemberReader } from './member-reader.ts';
import type { BaseType, ColumnType } from './types.ts';

const unlimited = Number.POSITIVE_INFINITY;
const uintMax = 4294967295;
const plain = {
  enum: undefined,
  min: undefined,
  max: undefined,
  minLength: 0,
  maxLength: unlimited,
  refTable: undefined,
  refType: 'strong',
  hasConstraints: false,
} as const;

/** That type without any constraint. */
export function plainBase(type: AtomType): BaseType {
  return { ...plain, type };
}

export const uuidType: ColumnType = makeType(plainBase('uuid'), undefined, 1, 1);

export function makeType(key: BaseType, value: BaseType | undefined, min: number, max: number): ColumnType {
  let form: ColumnType['form'] = 'map';
  if (value === undefined) form = min === 1 && max === 1 ? 'scalar' : 'set';
  return { key, value, min, max, form };
}

/** Throws OvsdbError. */
export function columnTypeFromJson(json: Json): ColumnType {
  if (typeof json === 'string') return makeType(baseTypeFromJson(json), undefined, 1, 1);
  if (!isObject(json)) throw syntaxError(json, 'ovsdb type expected');
  const reader = new MemberReader(json, () => 'ovsdb type');
  const keyJson = reader.member('key', false, isBaseJson) ?? '';
  const valueJson = reader.member('value', true, isBaseJson);
  const minJson = reader.integer('min', true);
  const maxJson = reader.member('max', true, isMaxJson);
  const error = reader.finish();
  if (error !== undefined) throw error;
  const key = baseTypeFromJson(keyJson);
  const value = valueJson === undefined ? undefined : baseTypeFromJson(valueJson);
  const min = minJson === undefined ? 1 : readCount(minJson);
  let max = 1;
  if (maxJson === 'unlimited') max = unlimited;
  else if (maxJson !== undefined) max = readCount(maxJson);
  if (min > 1 || max < 1) throw syntaxError(json, 'ovsdb type fails constraint checks');
  return makeType(key, value, min, max);
}

/** A type declared in TypeScript, or by its name. Throws OvsdbError. */
export function compileType(type: TypeJson | string): ColumnType {
  return columnTypeFromJson(type as unknown as Json); // its numbers are those that JSON's reader makes
}

/** What may be put into a value of that type, or taken out: any number of its elements. */
export function elementsType({ key, value }: ColumnType): ColumnType {
  return makeType(key, value, 0, unlimited);
}

/** Any number of elements without values: what names the pairs of a map to take out. */
export function keysType({ key }: ColumnType): ColumnType {
  return makeType(key, undefined, 0, unlimited);
}

export function columnTypeToJson(type: ColumnType): Json {
  if (type.form === 'scalar' && !type.key.hasConstraints) return type.key.type;
  return {
    key: baseTypeToJson(type.key),
    ...(type.value !== undefined && { value: baseTypeToJson(type.value) }),
    ...(type.min !== 1 && { min: type.min }),
    ...(type.max !== 1 && { max: type.max === unlimited ? 'unlimited' : type.max }),
  };
}

function isBaseJson(json: Json): json is string | JsonObject {
  return typeof json === 'string' || isObject(json);
}

function isMaxJson(json: Json): json is number | bigint | string {
  return typeof json === 'string' || isInteger(json);
}

function readCount(json: number | bigint | string): number {
  if (typeof json === 'string' || json < 0 || json >= uintMax)
    throw syntaxError(json, 'bad min or max value');
  return Number(json);
}

const atomTypes: readonly AtomType[] = ['integer', 'real', 'boolean', 'string', 'uuid'];

function atomTypeFromJson(json: string): AtomType {
  const found = atomTypes.find((type) => type === json);
  if (found === undefined) throw syntaxError(json, `"${json}" is not an atomic-type`);
  return found;
}

function baseTypeFromJson(json: Json): BaseType {
  if (typeof json === 'string') return plainBase(atomTypeFromJson(json));
  const reader = new MemberReader(json, () => 'ovsdb type');
  const typeName = reader.string('type') ?? '';
  reader.check();
  const base = readConstraints(plainBase(atomTypeFromJson(typeName)), reader, json);
  const error = reader.finish();
  if (error !== undefined) throw error;
  return base;
}

/** `base` with what the members of `json` say. Only members that fit the type are asked for, the rest is refused. */
function readConstraints(base: BaseType, reader: MemberReader, json: Json): BaseType {
  const enumJson = reader.any('enum');
  if (enumJson !== undefined) return withEnum(base, enumJson);
  switch (base.type) {
    case 'integer':
      return readRange(base, reader.integer('minInteger', true), reader.integer('maxInteger', true), json);
    case 'real':
      return readRange(base, reader.number('minReal', true), reader.number('maxReal', true), json);
    case 'string':
      return readLengths(base, reader, json);
    case 'uuid':
      return readReference(base, reader, json);
    case 'boolean':
      return base;
  }
}

function withEnum(base: BaseType, json: Json): BaseType {
  const values = datumFromJson(makeType(base, undefined, 1, unlimited), json);
  const list: readonly Scalar[] = isAtoms(values) ? values : [values];
  return { ...base, enum: list, hasConstraints: true };
}

function readRange(
  base: BaseType,
  min: number | bigint | undefined,
  max: number | bigint | undefined,
  json: Json,
): BaseType {
  const name = base.type === 'integer' ? 'Integer' : 'Real';
  if (min !== undefined && max !== undefined && min > max)
    throw syntaxError(json, `min${name} exceeds max${name}`);
  const low = min === -(2n ** 63n) ? undefined : min;
  const high = max === 2n ** 63n - 1n ? undefined : max;
  return { ...base, min: low, max: high, hasConstraints: low !== undefined || high !== undefined };
}

function readLengths(base: BaseType, reader: MemberReader, json: Json): BaseType {
  const minLength = readLength(reader, 'minLength') ?? 0;
  const maxLength = readLength(reader, 'maxLength') ?? unlimited;
  if (minLength > maxLength) throw syntaxError(json, 'minLength exceeds maxLength');
  return { ...base, minLength, maxLength, hasConstraints: minLength !== 0 || maxLength !== unlimited };
}

function readLength(reader: MemberReader, member: string): number | undefined {
  const length = reader.integer(member, true);
  if (length === undefined) return undefined;
  if (length < 0 || length > uintMax) {
    throw syntaxError(length, `${member} out of valid range 0 to ${uintMax}`);
  }
  return length === uintMax ? unlimited : Number(length);
}

function readReference(base: BaseType, reader: MemberReader, json: Json): BaseType {
  const refTable = reader.id('refTable', true);
  if (refTable === undefined) return base;
  const refType = reader.id('refType', true) ?? 'strong';
  if (refType !== 'strong' && refType !== 'weak') {
    throw syntaxError(json, `refType must be "strong" or "weak" (not "${refType}")`);
  }
  return { ...base, refTable, refType, hasConstraints: true };
}

function baseTypeToJson(base: BaseType): Json {
  if (!base.hasConstraints) return base.type;
  const bound = base.type === 'integer' ? 'Integer' : 'Real';
  const toJson = (limit: number | bigint) => (base.type === 'real' ? realToJson(Number(limit)) : limit);
  return {
    type: base.type,
    ...(base.enum !== undefined && { enum: enumToJson(base, base.enum) }),
    ...(base.min !== undefined && { [`min${bound}`]: toJson(base.min) }),
    ...(base.max !== undefined && { [`max${bound}`]: toJson(base.max) }),
    ...(base.minLength !== 0 && { minLength: base.minLength }),
    ...(base.maxLength !== unlimited && { maxLength: base.maxLength }),
    ...(base.refTable !== undefined && { refTable: base.refTable }),
    ...(base.refTable !== undefined && base.refType === 'weak' && { refType: 'weak' }),
  };
}

function enumToJson(base: BaseType, values: readonly Scalar[]): Json {
  return datumToJson(makeType(plainBase(base.type), undefined, 1, unlimited), values);
}
