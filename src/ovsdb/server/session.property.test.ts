import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '../../rpc/channel.ts';
import { Fixture } from './server-fixture.ts';

/** JSON that often means something to the server. */
const words = fc.constantFrom(
  ...[
    'test',
    '_Server',
    'item',
    'other',
    'name',
    'number',
    'tags',
    'm',
    '==',
    'includes',
    'insert',
    'select',
  ],
  ...['update', 'delete', 'wait', 'lock', 'uuid', 'set', 'map', 'Database', '_uuid', '_version'],
);
const keys = fc.constantFrom(
  ...[
    'op',
    'table',
    'where',
    'row',
    'rows',
    'columns',
    'select',
    'initial',
    'until',
    'timeout',
    'item',
    'other',
  ],
  ...['name', 'number', 'tags', 'options', 'uuid-name', 'tables', 'type', 'version', 'lock', 'mutations'],
);
const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    words,
    fc.constantFrom<Json>(null, true, false, 0, 1, -1, 2 ** 53, 1.5, ''),
    fc.string(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(keys, fc.string()), tie('value'), { maxKeys: 4 }),
  ),
})).value;

const methods = fc.constantFrom(
  ...['list_dbs', 'get_schema', 'transact', 'cancel', 'monitor', 'monitor_cond', 'monitor_cond_since'],
  ...['monitor_cond_change', 'monitor_cancel', 'lock', 'steal', 'unlock', 'echo', 'convert', 'nonsense'],
  ...['set_db_change_aware', 'get_server_id'],
);
const message = fc.record({
  method: methods,
  params: fc.oneof(
    fc.array(json, { maxLength: 5 }),
    fc.array(json, { maxLength: 4 }).map((rest) => ['test', ...rest]),
  ),
  id: json,
});

test('whatever a client sends, the server goes on serving the next one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 12 }), async (messages) => {
      const fixture = new Fixture();
      const client = fixture.client();
      await client.ask('set_db_change_aware', true);
      for (const one of messages) client.channel.send(one);
      await fixture.settle();
      expect(await fixture.client().ask('list_dbs')).toContain('_Server');
    }),
    { numRuns: 150 },
  );
});
