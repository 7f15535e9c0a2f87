/** A flow table under test: packets go in as text, and what comes out is compared. No switch is needed, and no root. */
import assert from 'node:assert/strict';
import { createTestSwitch } from 'ovs-ts/testing';

const sw = await createTestSwitch({
  bridges: {
    br0: {
      fail_mode: 'secure', // nothing passes but by these flows
      ports: ['inside', 'outside', 'log'],
      flows: [
        // Web servers answer whoever asks; what comes in is copied to the port "log".
        'table=0,priority=10,in_port=outside,tcp,tp_dst=80,actions=output:inside,output:log',
        'table=0,priority=10,in_port=inside,tcp,tp_src=80,actions=output:outside',
        // Addresses of the inside are not seen outside.
        'table=0,priority=5,in_port=inside,ip,actions=mod_nw_src:192.0.2.1,output:outside',
        'table=0,priority=0,actions=drop',
      ],
    },
  },
});
const br0 = sw.bridge('br0');
const [inside, outside, log] = ['inside', 'outside', 'log'].map((name) => br0.port(name));
const hosts = 'dl_src=02:00:00:00:00:01,dl_dst=02:00:00:00:00:02';

outside.send(`tcp,${hosts},nw_src=198.51.100.7,nw_dst=10.0.0.2,tp_src=5000,tp_dst=80`);
assert.equal(inside.take().length, 1);
assert.equal(log.take().length, 1);

outside.send(`tcp,${hosts},nw_src=198.51.100.7,nw_dst=10.0.0.2,tp_src=5000,tp_dst=22`);
assert.deepEqual(inside.take(), []);

inside.send(`udp,${hosts},nw_src=10.0.0.2,nw_dst=198.51.100.7,tp_dst=53`);
const [question] = outside.take();
assert.match(question.text, /nw_src=192\.0\.2\.1,/);

for (const { priority, match, actions, packets } of await br0.dumpFlows())
  console.log(
    `${packets} packets: priority ${priority}, ${match === '' ? 'all others' : match} -> ${actions}`,
  );

// All of ovs-ofctl is at hand, too.
assert.match(await sw.ofctl('dump-aggregate', 'br0', 'tcp'), /flow_count=2/);

await sw.close();
