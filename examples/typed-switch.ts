/** What the compiler knows of a switch inside a test. Compile it with `tsc --module nodenext`. */
import {
  createTestNetwork,
  createTestSwitch,
  Malformed,
  type PortOptions,
  Refused,
  type TestFlow,
  type TestFrame,
  type TraceNode,
} from 'ovs-ts/testing';

const ports: readonly PortOptions[] = ['p1', { name: 'p2', tag: 10, interface: { ofport_request: 7 } }];
const sw = await createTestSwitch({ bridges: { br0: { ports, fail_mode: 'secure' } } });
const br0 = sw.bridge('br0');

// Any configuration is a transaction, with rows as typed as the schema says.
await sw.transact((tx) => {
  for (const { _uuid, vlan_mode } of sw.db.find('Port', { name: 'p2' }))
    tx.update('Port', _uuid, { vlan_mode: vlan_mode ?? 'native-untagged' });
});

await br0.addFlows('in_port=p1,udp,actions=dec_ttl,output:p2');
br0.port('p1').send('udp,nw_src=10.0.0.1,nw_dst=10.0.0.2,udp_dst=53,nw_ttl=9');
const frames: TestFrame[] = br0.port('p2').take();
console.log(frames.map(({ port, time, text }) => `${port} at ${time}: ${/nw_ttl=\d+/.exec(text)}`).join());

const [flow]: TestFlow[] = await br0.dumpFlows();
console.log(`${flow?.match} -> ${flow?.actions}: ${flow?.packets} packets`);

const countRules = (steps: readonly TraceNode[]): number =>
  steps.reduce(
    (sum, { event, children }) => sum + (event.event === 'rule' ? 1 : 0) + countRules(children),
    0,
  );
console.log(`${countRules(br0.trace('in_port=p1,udp,nw_ttl=2').steps)} rule`);

for (const attempt of [() => br0.port('p9'), () => br0.port('p1').send('nonsense=1')]) {
  try {
    attempt();
  } catch (why) {
    if (why instanceof Refused || why instanceof Malformed) console.log(why.code, why.message);
  }
}

await sw.advance(60_000);
console.log(`${sw.now / 1000} s`);
await sw.close();

const net = createTestNetwork();
const h1 = net.addHost('h1', { ip: '10.0.0.1' });
const h2 = net.addHost('h2', { ip: '10.0.0.2' });
const link = net.link(h1, h2, { delay: 2 });
const { times } = await h1.ping('10.0.0.2');
console.log(`${times.join()} ms, ${link.counts.delivered} frames`);
await net.close();
