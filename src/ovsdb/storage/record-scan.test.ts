import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { emitJson, parseJson } from '../../rpc/json.ts';
import { isObject } from '../../rpc/json-value.ts';
import { type RecordView, scanRecord, viewOf } from './record-scan.ts';

const isTable = (name: string): boolean => name === 'A' || name === 'B';

function contentsOf(record: RecordView): { isDiff: boolean; rows: Json[] } {
  const rows: Json[] = [];
  record.forEachRow((table, uuid, row) => rows.push([table, uuid, row]));
  return { isDiff: record.notes.get('_is_diff') === true, rows };
}

/** What the text says when it is parsed as a whole. */
function wholeOf(text: string): ReturnType<typeof contentsOf> {
  const json = parseJson(text);
  return contentsOf(viewOf(isObject(json) ? json : {}, isTable));
}

const uuidText = fc.uuid();
const value: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(tie('json'), { maxLength: 3 })),
})).json;
const row: fc.Arbitrary<JsonObject | null> = fc.option(fc.dictionary(fc.string(), value, { maxKeys: 3 }), {
  freq: 3,
});
const rows = fc.dictionary(uuidText, row, { minKeys: 1, maxKeys: 2 });
const record = fc.record(
  {
    _date: fc.nat(),
    _comment: fc.string(),
    A: rows,
    _is_diff: fc.constantFrom(true, false),
    B: rows,
    other: fc.string(),
  },
  { requiredKeys: ['_date'] },
);

test('a scanned record has the rows that it has when it is parsed as a whole', () => {
  fc.assert(
    fc.property(record, (json) => {
      const text = `${emitJson(json)}\n`;
      const scanned = scanRecord(Buffer.from(text), isTable);
      if (scanned !== undefined) expect(contentsOf(scanned)).toEqual(wholeOf(text));
    }),
    { numRuns: 500 },
  );
});

const uuid = '01234567-89ab-cdef-0123-456789abcdef';

test.each([
  ['one row', `{"A":{"${uuid}":{"a":1}},"_is_diff":true,"_date":1}`],
  ['one row after its notes', `{"_date":1,"_comment":"é","A":{"${uuid}":{"é":"ü"}}}`],
  ['a row that is deleted', `{"A":{"${uuid}":null},"_date":1}`],
  ['a comment that speaks of differences', `{"A":{"${uuid}":{}},"_comment":"\\"_is_diff\\":true","_date":1}`],
  ['two tables', `{"A":{"${uuid}":{"a":1}},"B":{"${uuid}":{"b":{}}},"_date":1}`],
  ['an integer beyond 2^53', `{"A":{"${uuid}":{"a":9007199254740993}},"_date":1}`],
])('%s is read as when it is parsed as a whole', (_what, text) => {
  const scanned = scanRecord(Buffer.from(`${text}\n`), isTable);
  expect(scanned && contentsOf(scanned)).toEqual(wholeOf(text));
});

test.each([
  ['a comment with an escape that does not exist', `{"A":{"${uuid}":{}},"_comment":"\\q","_date":1}`],
  ['a bracket too many', `{"A":{"${uuid}":{}}},"_date":1}`],
])('%s is left to the parser', (_what, text) => {
  expect(scanRecord(Buffer.from(`${text}\n`), isTable)).toBeUndefined();
});
