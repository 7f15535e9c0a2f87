/** Answers in the reference's order of members, which is that of its hash tables: whoever compares texts sees no difference. */
import { orderAsHashed } from '../../base/hash-order.ts';
import type { Json } from '../../rpc/channel.ts';
import { isArray, isObject } from '../../rpc/json-value.ts';

/** The same value with the members of all its objects in that order, as if they had been put in in their present one. */
export function asHashed(json: Json): Json {
  if (isArray(json)) return json.map(asHashed);
  if (!isObject(json)) return json;
  const members = orderAsHashed(Object.entries(json), ([name]) => name);
  return Object.fromEntries(members.map(([name, member]) => [name, asHashed(member)]));
}
