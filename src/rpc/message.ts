/**
 * JSON-RPC 1.0 messages as values: what a received JSON value means, and the text of one to send.
 * Follows RFC 7047 section 4. Used by every channel.
 */
import { Malformed } from '../base/errors.ts';
import { orderAsHashed } from '../base/hash-order.ts';
import type { Json, JsonObject, RpcMessage } from './channel.ts';
import { emitJson } from './json.ts';
import { isArray, isObject } from './json-value.ts';

const members = ['method', 'params', 'result', 'error', 'id'] as const;
type Member = (typeof members)[number];

/** What each kind of message must have; other members must be absent or null. */
const required = {
  request: ['method', 'params', 'id'],
  notification: ['method', 'params'],
  reply: ['result', 'id'],
  error: ['error', 'id'],
} as const satisfies Record<string, readonly Member[]>;

/** Throws Malformed with the reference's words. */
export function readMessage(json: Json): RpcMessage {
  if (!isObject(json)) throw malformed('message is not a JSON object');
  const { method, params = null, result = null, error = null, id = null } = json;
  if (method !== undefined && typeof method !== 'string') throw malformed('method is not a JSON string');
  const unexpected = firstUnexpected(json);
  if (unexpected !== undefined) throw malformed(`message has unexpected member "${unexpected}"`);
  if (params !== null && !isArray(params)) throw malformed('"params" must be JSON array');
  const kind =
    result !== null ? 'reply' : error !== null ? 'error' : id !== null ? 'request' : 'notification';
  const must: readonly Member[] = required[kind];
  for (const member of members) {
    const isThere = (json[member] ?? null) !== null;
    if (isThere !== must.includes(member))
      throw malformed(`${kind} must${isThere ? ' not' : ''} have "${member}"`);
  }
  // What a request must have was looked for already.
  return kind === 'request' || kind === 'notification'
    ? { method: method ?? '', params: params ?? [], id }
    : { result, error, id };
}

/** Of several the one that the reference comes upon. */
function firstUnexpected(json: JsonObject): string | undefined {
  for (const name in json)
    if (!isMember(name))
      return orderAsHashed(Object.keys(json), (each) => each).find((each) => !isMember(each));
  return undefined;
}

function isMember(name: string): boolean {
  return members.some((member) => member === name);
}

/** One line of JSON, without a newline: messages need no separator. */
export function formatRpcMessage(message: RpcMessage): string {
  return emitJson(plainMessage(message));
}

function plainMessage(message: RpcMessage): JsonObject {
  if ('method' in message) {
    const { method, params, id } = message;
    return { id, method, params };
  }
  const { result, error, id } = message;
  // RFC 7047 wants a null "result" beside an error; the reference leaves it out.
  return error === null ? { id, result, error } : { id, error };
}

function malformed(why: string): Malformed {
  return new Malformed('JSON-RPC', 0, why);
}
