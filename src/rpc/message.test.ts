import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectReadOrMalformed } from '../base/malformed-fixture.ts';
import type { Json } from './channel.ts';
import { parseJson } from './json.ts';
import { formatRpcMessage, readMessage } from './message.ts';

describe('JSON-RPC messages', () => {
  test.each([
    [{ method: 'a', params: [], id: 1 }],
    [{ method: 'a', params: [{}], id: null }],
    [{ result: {}, error: null, id: 'x' }],
    [{ result: null, error: 'bad', id: [1] }],
  ])('%j is read as it is and formats to what reads the same', (message) => {
    expect(readMessage(message)).toEqual(message);
    expect(readMessage(parseJson(formatRpcMessage(message)))).toEqual(message);
  });

  test('a missing id makes a notification, a missing error a reply', () => {
    expect(readMessage({ method: 'a', params: [] })).toEqual({ method: 'a', params: [], id: null });
    expect(readMessage({ result: 1, id: 2 })).toEqual({ result: 1, error: null, id: 2 });
  });

  test.each<[Json, string]>([
    [[], 'message is not a JSON object'],
    [{ id: 1, nonsense: 2 }, 'message has unexpected member "nonsense"'],
    [{ method: 1, params: [], id: 1 }, 'method is not a JSON string'],
    [{ method: 'a', params: {}, id: 1 }, '"params" must be JSON array'],
    [{ method: 'a', id: 1 }, 'request must have "params"'],
    [{ method: 'a', params: [], result: 1, id: null }, 'reply must not have "method"'],
    [{ result: 1, error: null }, 'reply must have "id"'],
    [{ error: 1, id: 1, params: [] }, 'error must not have "params"'],
    [{ error: null, id: 1 }, 'request must have "method"'],
    [{ result: 1, error: 'x', id: 1 }, 'reply must not have "error"'],
    [{ method: 'a', error: 'x', id: 1 }, 'error must not have "method"'],
  ])('%j is malformed: %s', (json, why) => {
    expect(() => readMessage(json)).toThrow(why);
  });

  test('random values are read or malformed, nothing else', () => {
    const member = fc.constantFrom('method', 'params', 'id', 'result', 'error', 'x');
    const value = fc.constantFrom<Json>(null, 1, 'a', [], {}, true);
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(member, value), value), (json) => {
        expectReadOrMalformed(() => {
          const message = readMessage(json);
          expect(readMessage(parseJson(formatRpcMessage(message)))).toEqual(message);
        });
      }),
    );
  });
});
