/**
 * Messages as JSON: the same values that their text is made of. docs/openflow-json.md describes the shapes.
 */
import { integerOf } from '../../flow/fields/integer.ts';
import { formatFieldText } from '../../flow/fields/text.ts';
import { Mask } from '../../flow/mask.ts';
import type { Match } from '../../flow/match.ts';
import { formatActions } from '../action-codec.ts';
import type { AnyAction } from '../actions/declare.ts';
import { decodeMessage } from '../codec.ts';
import { OpenFlowError } from '../errors.ts';
import { formatPackedMatch } from '../match/match-codec.ts';
import { type MatchedFieldBytes, matchedFields } from '../match/oxm-match-writing.ts';
import { versionName } from '../versions.ts';
import type { NamesInText } from './messages.ts';

/** What JSON can say. */
export type PlainValue =
  | string
  | number
  | boolean
  | null
  | readonly PlainValue[]
  | { readonly [name: string]: PlainValue };

type PlainObject = { readonly [name: string]: PlainValue };

/** A message, or what is wrong with it. */
export function messageJson(bytes: Uint8Array, names: NamesInText): PlainObject {
  try {
    const { name, form, version, xid, more, value } = decodeMessage(bytes);
    return {
      ...{ name, form, version: versionName(version), xid },
      ...(more ? { more } : {}),
      ...(value === undefined ? {} : { value: plainValue(value, names) }),
    };
  } catch (why) {
    if (!(why instanceof OpenFlowError)) throw why;
    return { error: why.errorName, why: why.why, bytes: hexOf(bytes) };
  }
}

/** Any value of messages; what is undefined is left out. */
export function plainValue(value: unknown, names: NamesInText): PlainValue {
  if (typeof value === 'bigint') return plainInteger(value);
  if (value instanceof Uint8Array) return hexOf(value);
  if (Array.isArray(value)) return value.map((one) => plainValue(one, names));
  if (value === undefined) return null;
  if (value === null || typeof value !== 'object') return value as PlainValue; // messages hold no functions
  if (isMatch(value)) return matchJson(value, names);
  const plain = plainObject(value, names);
  return isAction(value) ? { ...plain, text: formatActions([value], names) } : plain;
}

function plainObject(value: object, names: NamesInText): PlainObject {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries.map(([name, one]) => [name, plainValue(one, names)]));
}

/** A number where JSON readers keep all its digits, else its digits. */
function plainInteger(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function isMatch(value: object): value is Match {
  return 'mask' in value && value.mask instanceof Mask;
}

function isAction(value: object): value is AnyAction {
  return 'do' in value && typeof value.do === 'string';
}

/** `text` as ovs-ofctl prints it, and each field by its name in ovs-fields(7). */
function matchJson(match: Match, names: NamesInText): PlainObject {
  const said = matchedFields(match).map((one) => [jsonName(one), fieldJson(one, names)] as const);
  return { text: formatPackedMatch(match, names), fields: Object.fromEntries(said) };
}

/** The two names of a port mean the same in a value, which has no bytes. */
function jsonName({ field: { name } }: MatchedFieldBytes): string {
  return name === 'in_port_oxm' ? 'in_port' : name;
}

/** Integers as such, all else as in ovs-fields(7); with a mask as {value, mask}. */
function fieldJson({ field, value, mask }: MatchedFieldBytes, { ports }: NamesInText): PlainValue {
  const isInteger = field.format === 'decimal' || field.format === 'hexadecimal';
  const isFlags = /^(tcpFlags|tunnelFlags|ctState|fragment)$/.test(field.format);
  if (isFlags) return formatFieldText(field, value, mask, ports);
  const plain = (bytes: Uint8Array): PlainValue =>
    isInteger ? plainInteger(integerOf(bytes)) : formatFieldText(field, bytes, undefined, ports);
  return mask === undefined ? plain(value) : { value: plain(value), mask: plain(mask) };
}
