/**
 * JSON-RPC 1.0 messages as values: what a received JSON value means, and the text of one to send.
 * Follows RFC 7047 section 4. Used by every channel.
 */
import { Malformed } from '../base/errors.ts';
import type { Json, JsonObject, Message } from './channel.ts';
import { emitJson } from './json.ts';
import { isArray, isObject } from './json-value.ts';

const members = new Set(['method', 'params', 'id', 'result', 'error']);

/** Throws Malformed with the reference's words. */
export function readMessage(json: Json): Message {
  if (!isObject(json)) throw malformed('message is not a JSON object');
  for (const key of Object.keys(json)) {
    if (!members.has(key)) throw malformed(`message has unexpected member "${key}"`);
  }
  return json.method === undefined ? readReply(json) : readRequest(json, json.method);
}

/** One line of JSON, without a newline: messages need no separator. */
export function formatMessage(message: Message): string {
  return emitJson(plainMessage(message));
}

function readRequest(json: JsonObject, method: Json): Message {
  if (typeof method !== 'string') throw malformed('"method" must be JSON string');
  const { params, id = null } = json;
  const kind = id === null ? 'notification' : 'request';
  requireAbsent(json, kind, 'result');
  requireAbsent(json, kind, 'error');
  if (params === undefined) throw malformed(`${kind} must have "params"`);
  if (!isArray(params)) throw malformed('"params" must be JSON array');
  return { method, params, id };
}

function readReply(json: JsonObject): Message {
  const { result = null, error = null, id } = json;
  const kind = error === null ? 'reply' : 'error';
  requireAbsent(json, kind, 'params');
  if (id === undefined || id === null) throw malformed(`${kind} must have "id"`);
  if (json.result === undefined && error === null) throw malformed('reply must have "result"');
  return { result, error, id };
}

function requireAbsent(json: JsonObject, kind: string, member: string): void {
  const value = json[member];
  if (value !== undefined && value !== null) throw malformed(`${kind} must not have "${member}"`);
}

function plainMessage(message: Message): JsonObject {
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
