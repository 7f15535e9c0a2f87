/** A ring of three switches, links with delay and loss, and a cable that is pulled: seconds of it, in milliseconds. */
import assert from 'node:assert/strict';
import { createTestNetwork } from 'ovs-ts/testing';

const net = createTestNetwork({ seed: 7 }); // the same frames are lost in each run

// Each switch sends clockwise, by "next"; when that cable is out, the other way round, by "previous".
const around = (out, other) =>
  `type=ff,bucket=watch_port:${out},output:${out},bucket=watch_port:${other},output:${other}`;
const bridge = (n) => ({
  fail_mode: 'secure',
  ports: ['next', 'previous', 'host'],
  groups: [`group_id=1,${around('next', 'previous')}`],
  flows: [
    `priority=9,ip,nw_dst=10.0.0.${n},actions=output:host`,
    `priority=9,arp,arp_tpa=10.0.0.${n},actions=output:host`,
    'priority=5,in_port=host,actions=group:1',
    'priority=4,in_port=previous,actions=output:next',
    'priority=3,in_port=next,actions=output:previous',
  ],
});
const bridges = [];
for (const n of [1, 2, 3]) {
  const sw = await net.addSwitch(`s${n}`, { bridges: { br0: bridge(n) } });
  bridges.push(sw.bridge('br0'));
}
const hosts = bridges.map((br0, n) => {
  const host = net.addHost(`h${n + 1}`, { ip: `10.0.0.${n + 1}` });
  net.link(host, br0.port('host'));
  return host;
});
const ring = bridges.map((br0, n) =>
  net.link(br0.port('next'), bridges[(n + 1) % 3].port('previous'), { delay: 10 }),
);

// From 1 to 2 is one hop, and two more bring the answer home.
assert.deepEqual(await hosts[0].ping('10.0.0.2'), { sent: 1, received: 1, times: [30] });

// The cable from 1 to 2 is pulled: what 1 sends goes by 3.
await ring[0].cut();
assert.deepEqual(await hosts[0].ping('10.0.0.2'), { sent: 1, received: 1, times: [40] });
await ring[0].mend();

ring[2].set({ loss: 0.2 });
const { sent, received } = await hosts[0].ping('10.0.0.3', { count: 50, interval: 100 });
assert.ok(received < sent && received > sent / 2);
console.log(`${received} of ${sent} answers came; ${net.now / 1000} seconds have passed`);

await net.close();
