/** A database of your own schema inside a test: typed, in memory, and on a socket for any OVSDB tool. */
import assert from 'node:assert/strict';
import { atom, column, embedOvsdb, schema, table } from 'ovs-ts/ovsdb';

const inventory = schema('Inventory', '1.0.0', {
  Host: table(
    {
      name: column.one(atom.string),
      ports: column.set(atom.integer(1, 65535)),
      note: column.optional(atom.string),
    },
    { root: true, indexes: [['name']] },
  ),
});

const ovsdb = await embedOvsdb({ schema: inventory });
const client = await ovsdb.client({ Host: true });

client.onChange((changes) => console.log('changed:', [...changes.of('Host')].length, 'host'));
const outcome = await client.transact((tx) => tx.insert('Host', { name: 'a', ports: [22, 80] }));
assert.equal(outcome.status, 'committed');

const twice = await client.transact((tx) => tx.insert('Host', { name: 'a' }));
assert.equal(twice.status, 'error');
console.log(`${twice.tag}: ${twice.details}`);

for (const host of client.view.rows('Host').values()) console.log(host.name, host.ports, host.note);
await ovsdb[Symbol.asyncDispose]();
