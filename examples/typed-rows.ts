/**
 * What the compiler knows of a database: its tables, its columns and their types, as far as the program asked for them.
 * Needs no switch: the database is in this process. Compile it with `tsc --module nodenext`.
 */
import { type OvsRow, type OvsTables, openVswitch } from 'ovs-ts/open-vswitch';
import {
  type Client,
  connect,
  Disconnected,
  embedOvsdb,
  OvsdbError,
  SyscallFailed,
  type Uuid,
} from 'ovs-ts/ovsdb';

/** A bridge with one port, in a database that has none yet. Returns the port. */
function addPort(client: Client<OvsTables>, name: string, vlan: number): Promise<Uuid> {
  return client.transact((tx) => {
    const device = tx.insert('Interface', { name, type: 'internal' });
    const port = tx.insert('Port', { name, tag: vlan, interfaces: [device] });
    const bridge = tx.insert('Bridge', { name: 'br0', ports: [port] });
    tx.insert('Open_vSwitch', { bridges: [bridge] });
    return port;
  });
}

function describePort({ name, tag, vlan_mode }: Pick<OvsRow<'Port'>, 'name' | 'tag' | 'vlan_mode'>): string {
  // Columns of closed sets are unions, so a mode that does not exist would not compile.
  const mode: 'trunk' | 'access' | 'native-tagged' | 'native-untagged' | 'dot1q-tunnel' =
    vlan_mode ?? 'access';
  return `${name}: ${mode} port of VLAN ${tag ?? 'none'}`;
}

function describeError(error: unknown): string {
  if (error instanceof SyscallFailed) return `${error.code} ${error.call}: ${error.reason}`;
  if (error instanceof OvsdbError) return `${error.code} ${error.tag}`;
  if (error instanceof Disconnected) return error.code;
  throw error;
}

const ovsdb = await embedOvsdb({ schema: openVswitch, listen: ['ptcp:0:127.0.0.1'] });
const [remote = ''] = ovsdb.remotes;
const writer = await connect(remote, { schema: openVswitch });

const reader = await connect(remote, {
  schema: openVswitch,
  tables: { Port: ['name', 'tag', 'vlan_mode'] },
  conditions: { Port: [['tag', '>', 5]] },
});
const added = reader.until(() => reader.find('Port', { name: 'eth1' })[0], {
  signal: AbortSignal.timeout(10_000),
});
const id = await addPort(writer, 'eth1', 10);
console.log(describePort(await added));
// @ts-expect-error: the reader did not ask for this column, so its rows do not have it
console.log(reader.row('Port', id)?.trunks);

// The root row of a switch exists once.
await addPort(writer, 'eth2', 20).catch((error: unknown) => console.log(describeError(error)));
await connect('unix:/nowhere', { schema: openVswitch }).catch((error: unknown) =>
  console.log(describeError(error)),
);

reader.close();
writer.close();
ovsdb.close();
