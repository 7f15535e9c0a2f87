/**
 * Prints the ports of a switch, and how they change, until it is interrupted:
 *
 *   node examples/monitor-ports.mjs [REMOTE]
 */
import { openVswitch } from 'ovs-ts/open-vswitch';
import { connect } from 'ovs-ts/ovsdb';
import './plain-errors.mjs';

const remote = process.argv[2] ?? 'unix:/var/run/openvswitch/db.sock';
const client = await connect(remote, {
  schema: openVswitch,
  tables: { Port: ['name', 'tag'], Interface: ['name', 'ofport', 'link_state'] },
});
process.once('SIGINT', () => client.close());
process.once('SIGTERM', () => client.close());

const portText = (port) => (port.tag === undefined ? port.name : `${port.name} (VLAN ${port.tag})`);
const interfaceText = (i) =>
  `${i.name}: OpenFlow port ${i.ofport ?? 'none'}, link ${i.link_state ?? 'unknown'}`;

/** One line a row: "+" for a new one, "-" for one that is gone, "~" for one that changed. */
function print(kind, deltas, text) {
  for (const delta of deltas) {
    if (delta.old === undefined) console.log(`+ ${kind} ${text(delta.new)}`);
    else if (delta.new === undefined) console.log(`- ${kind} ${text(delta.old)}`);
    else console.log(`~ ${kind} ${text(delta.new)}`);
  }
}

for await (const changes of client.changes({ initial: true })) {
  print('port', changes.of('Port'), portText);
  print('interface', changes.of('Interface'), interfaceText);
}
