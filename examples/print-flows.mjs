/**
 * Prints the flow tables of a switch, busiest flows first:
 *
 *   node examples/print-flows.mjs [BRIDGE or REMOTE]
 */
import { actionsText, connect, flowRequest, matchText, reservedPorts } from 'ovs-ts/openflow';
import './plain-errors.mjs';

const openFlow13 = 4;
const connection = await connect(process.argv[2] ?? 'br0', { versions: [openFlow13] });

const portNames = new Map();
const allPorts = { name: 'PORT_DESC_REQUEST', value: { port: reservedPorts.ANY } };
for await (const { value } of connection.multipart(allPorts))
  for (const { port, name } of value) portNames.set(port, name);

const flows = [];
for await (const { value } of connection.multipart(flowRequest())) flows.push(...value);
connection.close();

flows.sort((a, b) => a.table - b.table || Number(b.packets ?? 0n) - Number(a.packets ?? 0n));
let table;
for (const flow of flows) {
  if (flow.table !== table) {
    table = flow.table;
    console.log(`table ${table}`);
  }
  const match = matchText(flow.match, { portNames }) || 'every packet';
  const actions = actionsText(flow.actions, { portNames });
  console.log(`  ${flow.packets ?? '?'} packets: priority ${flow.priority}, ${match} -> ${actions}`);
}
