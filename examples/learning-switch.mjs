/**
 * An OpenFlow controller in a page: switches that connect to it learn where addresses are, and forward.
 *
 *   node examples/learning-switch.mjs [REMOTE]
 *   ovs-vsctl set-controller br0 tcp:127.0.0.1:6653
 */
import { flowMod, listen, matchedField, packetOut, readActions, readMatch } from 'ovs-ts/openflow';
import './plain-errors.mjs';

const remote = process.argv[2] ?? 'ptcp:6653:127.0.0.1';
const openFlow13 = 4;

const listener = await listen(remote, { versions: [openFlow13] });
process.once('SIGINT', () => listener.close());
process.once('SIGTERM', () => listener.close());
console.log(`listening on ${listener.remote}`);

for await (const connection of listener) serve(connection).catch((why) => console.log(why.message));
process.exit(0);

async function serve(connection) {
  const { value: features } = await connection.request({ name: 'FEATURES_REQUEST', value: undefined });
  const name = features.datapathId.toString(16).padStart(16, '0');
  console.log(`${name}: connected`);
  // What no flow is for comes here.
  await connection.perform(flowMod({ command: 'delete' }));
  await connection.perform(flowMod({ priority: 0, actions: readActions('CONTROLLER:65535') }));
  /** Ports by the Ethernet address that was seen there. */
  const ports = new Map();
  for await (const message of connection.messages()) {
    if (message.name !== 'PACKET_IN') continue;
    const { packet, metadata } = message.value;
    const from = Number(matchedField(metadata, 'in_port').value);
    const [destination, source] = [addressAt(packet, 0), addressAt(packet, 6)];
    if (ports.get(source) !== from) {
      ports.set(source, from);
      console.log(`${name}: ${source} is at port ${from}`);
    }
    const to = ports.get(destination);
    const actions = readActions(to === undefined ? 'FLOOD' : `output:${to}`);
    if (to !== undefined) {
      const match = readMatch(`in_port=${from},dl_src=${source},dl_dst=${destination}`);
      connection.send(flowMod({ match, actions, idleTimeout: 60 }));
    }
    connection.send(packetOut({ packet, metadata: readMatch(`in_port=${from}`), actions }));
  }
  console.log(`${name}: gone`);
}

function addressAt(packet, at) {
  return Array.from(packet.subarray(at, at + 6), (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
