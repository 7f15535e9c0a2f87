/**
 * Every VLAN mode against every other: what each port sends of a frame that comes in with each kind of tag. The
 * expected values were read off ovs-vswitchd 3.1 with the same ports.
 */
import { describe, expect, test } from 'vitest';
import type { BundleConfig } from '../../src/ofproto/config.ts';
import { formatTags, frameWith, readTags } from './frames.ts';
import { VirtualSwitch } from './virtual-switch.ts';

const ports: Readonly<Record<string, Partial<BundleConfig>>> = {
  a: { vlanMode: 'access', tag: 10 },
  a2: { vlanMode: 'access', tag: 10 },
  b: { vlanMode: 'access', tag: 20 },
  t: {},
  t10: { trunks: [10] },
  nt: { vlanMode: 'native-tagged', tag: 10 },
  nu: { vlanMode: 'native-untagged', tag: 10 },
  q: { vlanMode: 'dot1q-tunnel', tag: 10 },
  qc: { vlanMode: 'dot1q-tunnel', tag: 20, cvlans: [7] },
  pn: { vlanMode: 'access', tag: 10, priorityTags: 'if-nonzero' },
  pa: { vlanMode: 'access', tag: 10, priorityTags: 'always' },
};

/** Tags: "-" for none, "VIDpPRIORITY" outermost first, S before a service tag (0x88a8). */
const rows: readonly (readonly [port: string, tags: string, sent: string])[] = [
  ['a', '-', 'a2:- t:10p0 t10:10p0 nt:10p0 nu:- q:- pn:- pa:-'],
  ['a', '0p5', 'a2:- t:10p5 t10:10p5 nt:10p5 nu:- q:- pn:0p5 pa:0p5'],
  ['a', '10p3', ''],
  ['a', '20p0', ''],
  ['a', '7p0', ''],
  ['a2', '-', 'a:- t:10p0 t10:10p0 nt:10p0 nu:- q:- pn:- pa:-'],
  ['a2', '0p5', 'a:- t:10p5 t10:10p5 nt:10p5 nu:- q:- pn:0p5 pa:0p5'],
  ['a2', '10p3', ''],
  ['a2', '20p0', ''],
  ['a2', '7p0', ''],
  ['b', '-', 't:20p0 nt:20p0 nu:20p0'],
  ['b', '0p5', 't:20p5 nt:20p5 nu:20p5'],
  ['b', '10p3', ''],
  ['b', '20p0', ''],
  ['b', '7p0', ''],
  ['t', '-', ''],
  ['t', '0p5', ''],
  ['t', '10p3', 'a:- a2:- t10:10p3 nt:10p3 nu:- q:- pn:0p3 pa:0p3'],
  ['t', '20p0', 'b:- nt:20p0 nu:20p0'],
  ['t', '7p0', 'nt:7p0 nu:7p0'],
  ['t10', '-', ''],
  ['t10', '0p5', ''],
  ['t10', '10p3', 'a:- a2:- t:10p3 nt:10p3 nu:- q:- pn:0p3 pa:0p3'],
  ['t10', '20p0', ''],
  ['t10', '7p0', ''],
  ['nt', '-', 'a:- a2:- t:10p0 t10:10p0 nu:- q:- pn:- pa:-'],
  ['nt', '0p5', 'a:- a2:- t:10p5 t10:10p5 nu:- q:- pn:0p5 pa:0p5'],
  ['nt', '10p3', 'a:- a2:- t:10p3 t10:10p3 nu:- q:- pn:0p3 pa:0p3'],
  ['nt', '20p0', 'b:- t:20p0 nu:20p0'],
  ['nt', '7p0', 't:7p0 nu:7p0'],
  ['nu', '-', 'a:- a2:- t:10p0 t10:10p0 nt:10p0 q:- pn:- pa:-'],
  ['nu', '0p5', 'a:- a2:- t:10p5 t10:10p5 nt:10p5 q:- pn:0p5 pa:0p5'],
  ['nu', '10p3', 'a:- a2:- t:10p3 t10:10p3 nt:10p3 q:- pn:0p3 pa:0p3'],
  ['nu', '20p0', 'b:- t:20p0 nt:20p0'],
  ['nu', '7p0', 't:7p0 nt:7p0'],
  ['q', '-', 'a:- a2:- t:S10p0 t10:S10p0 nt:S10p0 nu:- pn:- pa:-'],
  ['q', '0p5', 'a:- a2:- t:S10p0+0p5 t10:S10p0+0p5 nt:S10p0+0p5 nu:0p5 pn:0p5 pa:0p5'],
  ['q', '10p3', 't:S10p0+10p3 t10:S10p0+10p3 nt:S10p0+10p3 nu:10p3'],
  ['q', '20p0', 't:S10p0+20p0 t10:S10p0+20p0 nt:S10p0+20p0 nu:20p0'],
  ['q', '7p0', 't:S10p0+7p0 t10:S10p0+7p0 nt:S10p0+7p0 nu:7p0'],
  ['qc', '-', ''],
  ['qc', '0p5', ''],
  ['qc', '10p3', ''],
  ['qc', '20p0', ''],
  ['qc', '7p0', 't:S20p0+7p0 nt:S20p0+7p0 nu:S20p0+7p0'],
  ['pn', '-', 'a:- a2:- t:10p0 t10:10p0 nt:10p0 nu:- q:- pa:-'],
  ['pn', '0p5', 'a:- a2:- t:10p5 t10:10p5 nt:10p5 nu:- q:- pa:0p5'],
  ['pn', '10p3', ''],
  ['pn', '20p0', ''],
  ['pn', '7p0', ''],
  ['pa', '-', 'a:- a2:- t:10p0 t10:10p0 nt:10p0 nu:- q:- pn:-'],
  ['pa', '0p5', 'a:- a2:- t:10p5 t10:10p5 nt:10p5 nu:- q:- pn:0p5'],
  ['pa', '10p3', ''],
  ['pa', '20p0', ''],
  ['pa', '7p0', ''],
];

describe('a frame with a tag', () => {
  test.each(rows)('that comes in by %s as %s goes out as %s', async (port, tags, sent) => {
    const sw = new VirtualSwitch();
    const bridge = sw.addBridge('br0');
    for (const [name, vlans] of Object.entries(ports)) await sw.addPort(bridge, name, vlans);
    const frame = frameWith({ tags: readTags(tags) });
    sw.inject(port, frame);
    const first = sw.takeSent();
    const shown = Object.keys(ports).flatMap((name) =>
      (first[name] ?? []).map((bytes) => `${name}:${formatTags(bytes)}`),
    );
    expect(shown.join(' ')).toBe(sent);

    // The second one goes by the datapath flow that the first one made.
    sw.inject(port, frame);
    expect(sw.takeSent()).toEqual(first);
    expect(sw.datapath.stats()).toMatchObject({ missCount: 1, hitCount: 1 });
  });
});
