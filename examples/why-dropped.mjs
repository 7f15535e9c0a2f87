/** Why was this packet dropped? A trace is a tree of steps: the program looks in it for the one that ends the packet. */
import { createTestSwitch } from 'ovs-ts/testing';

const sw = await createTestSwitch({
  bridges: {
    br0: {
      ports: [{ name: 'p1', tag: 10 }, { name: 'p2', tag: 20 }, 'p3'],
      flows: [
        'table=0,priority=10,ip,actions=resubmit(,1)',
        'table=1,priority=10,tcp,tp_dst=22,actions=drop',
        'table=1,priority=0,actions=normal',
      ],
    },
  },
});
const br0 = sw.bridge('br0');
const hosts = 'dl_src=02:00:00:00:00:01,dl_dst=02:00:00:00:00:02';

/** The steps that led to where nothing more is done: of each branch, the last. */
function* ends(steps, path = []) {
  for (const { event, children } of steps) {
    const here = [...path, event];
    if (children.length > 0) yield* ends(children, here);
    else yield here;
  }
}

function explain(flow) {
  const { actions, steps } = br0.trace(flow);
  if (actions !== 'drop') return `goes on: ${actions}`;
  const [path = []] = ends(steps);
  const last = path.at(-1);
  const rule = path.findLast(({ event }) => event === 'rule');
  const where = rule && `table ${rule.table}, priority ${rule.priority}, ${rule.match || 'any packet'}`;
  const why = last?.event === 'drop' ? last.reason : last?.event === 'action' ? last.text : last?.event;
  return `dropped by ${where}: ${why}`;
}

for (const flow of [
  `in_port=p1,tcp,${hosts},tp_dst=22`,
  `in_port=p1,tcp,${hosts},tp_dst=80`,
  `in_port=p1,dl_vlan=20,${hosts}`,
])
  console.log(`${flow}\n  ${explain(flow)}`);

await sw.close();
