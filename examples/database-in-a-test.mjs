/** A database of your own schema inside a test: typed, in memory, and on a socket for any OVSDB tool. */
import assert from 'node:assert/strict';
import { atom, column, connect, embedOvsdb, OvsdbError, schema, table } from 'ovs-ts/ovsdb';

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

const ovsdb = await embedOvsdb({ schema: inventory, listen: ['ptcp:0:127.0.0.1'] });
const client = await ovsdb.client();

const id = await client.transact((tx) => tx.insert('Host', { name: 'a', ports: [80, 22] }));
assert.deepEqual(client.row('Host', id)?.ports, [22, 80]);

// A second host of that name is refused, as the index says.
await assert.rejects(
  client.transact((tx) => tx.insert('Host', { name: 'a' })),
  (error) => error instanceof OvsdbError && error.tag === 'constraint violation',
);

// What is under test would connect like this.
const other = await connect(ovsdb.remotes[0] ?? '', { schema: 'Inventory' });
for (const host of other.rows('Host').values()) console.log(host.name, host.ports, host.note);

other.close();
ovsdb.close();
