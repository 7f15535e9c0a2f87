/**
 * Answers in the reference's order of members, which is that of its hash tables: whoever compares texts sees no
 * difference.
 */
import { orderAsHashed } from '../../base/hash-order.ts';
import type { Json } from '../../rpc/channel.ts';
import { isArray, isObject } from '../../rpc/json-value.ts';

/** Larger objects are only ever echoed, and keep their order: the hashes would cost more than the rest. */
const maxHashed = 1000;

/** The same value with the members of all its objects in that order, as if they had been put in in their present one. */
export function asHashed(json: Json): Json {
  if (isArray(json)) return json.map(asHashed);
  if (!isObject(json)) return json;
  const names = Object.keys(json);
  const ordered = names.length > maxHashed ? names : orderAsHashed(names, (name) => name);
  return Object.fromEntries(ordered.map((name) => [name, asHashed(json[name] ?? null)]));
}
