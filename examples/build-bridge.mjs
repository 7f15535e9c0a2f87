/**
 * Makes a bridge with ports, as far as they are not there yet, and waits until the switch has done so:
 *
 *   node examples/build-bridge.mjs REMOTE BRIDGE [PORT[=VLAN]...]
 */
import { openVswitch } from 'ovs-ts/open-vswitch';
import { connect } from 'ovs-ts/ovsdb';
import { fail } from './plain-errors.mjs';

const [remote, bridgeName, ...wanted] = process.argv.slice(2);
if (remote === undefined || bridgeName === undefined) {
  console.error('usage: node examples/build-bridge.mjs REMOTE BRIDGE [PORT[=VLAN]...]');
  process.exit(1);
}
const ports = wanted.map((text) => {
  const [name = '', vlan] = text.split('=');
  if (vlan !== undefined && !/^\d+$/.test(vlan)) fail(`${text}: expected PORT=VLAN with a number as VLAN`);
  return { name, tag: vlan === undefined ? undefined : Number(vlan) };
});

const client = await connect(remote, {
  schema: openVswitch,
  tables: {
    Open_vSwitch: ['bridges', 'next_cfg', 'cur_cfg'],
    Bridge: ['name', 'ports'],
    Port: ['name', 'tag'],
    Interface: ['name', 'ofport', 'error'],
  },
  signal: AbortSignal.timeout(10_000),
});
const [root] = client.find('Open_vSwitch', {});
if (root === undefined) fail('the database has no row for a switch; run: ovs-vsctl init');

/** A port with an interface of the same name, and whatever the interface has. */
const insertPort = (tx, name, tag, device) =>
  tx.insert('Port', { name, tag, interfaces: [tx.insert('Interface', { name, ...device })] });

await client.transact((tx) => {
  const [bridge] = client.find('Bridge', { name: bridgeName });
  // Done anew when somebody else has changed these in the meantime.
  tx.verify('Open_vSwitch', root._uuid, 'bridges');
  if (bridge !== undefined) tx.verify('Bridge', bridge._uuid, 'ports');

  const added = ports
    .filter(({ name }) => client.find('Port', { name }).length === 0)
    .map(({ name, tag }) => insertPort(tx, name, tag));
  if (bridge !== undefined) tx.mutate('Bridge', bridge._uuid, { ports: { insert: added } });
  else {
    const local = insertPort(tx, bridgeName, undefined, { type: 'internal' });
    const made = tx.insert('Bridge', { name: bridgeName, ports: [local, ...added] });
    tx.mutate('Open_vSwitch', root._uuid, { bridges: { insert: [made] } });
  }
  // The switch answers by setting cur_cfg to this number.
  tx.increment('Open_vSwitch', root._uuid, 'next_cfg');
  tx.comment(`build-bridge ${bridgeName} ${wanted.join(' ')}`);
});

const wantedCfg = client.row('Open_vSwitch', root._uuid)?.next_cfg ?? 0;
await client
  .until(() => (client.row('Open_vSwitch', root._uuid)?.cur_cfg ?? 0) >= wantedCfg, {
    signal: AbortSignal.timeout(10_000),
  })
  .catch(() => fail('the switch does not answer; is ovs-vswitchd running?'));
for (const name of [bridgeName, ...ports.map((port) => port.name)]) {
  const [device] = client.find('Interface', { name });
  console.log(
    device?.error === undefined ? `${name}: OpenFlow port ${device?.ofport}` : `${name}: ${device.error}`,
  );
}
client.close();
