/** Texts as ovs-vswitchd 3.1 printed them for the same configuration and packets. */
import { describe, expect, test } from 'vitest';
import { frameWith, gratuitousArp, hostA, hostB, readTags } from '../../../test/sim/frames.ts';
import { VirtualSwitch } from '../../../test/sim/virtual-switch.ts';
import type { Ofproto } from '../ofproto.ts';
import {
  datapathFeatures,
  formatBacker,
  formatDatapath,
  formatDatapathFeatures,
  formatUpcalls,
  showBacker,
  showDatapath,
  showUpcalls,
} from './datapath.ts';
import { addStaticMac, fdbStats, formatFdb, formatFdbStats, listFdb, removeStaticMac } from './fdb.ts';
import { formatFlows, listFlows, showFlows } from './flows.ts';
import { formatRules, listRules } from './rules.ts';

async function makeSwitch(): Promise<{ sw: VirtualSwitch; bridge: Ofproto }> {
  const sw = new VirtualSwitch();
  const bridge = sw.addBridge('br0');
  await sw.addPort(bridge, 'br0');
  await sw.addPort(bridge, 'p1');
  await sw.addPort(bridge, 'p2', { vlanMode: 'access', tag: 10 });
  return { sw, bridge };
}

describe('the views of a bridge', () => {
  test('fdb/show', async () => {
    const { sw, bridge } = await makeSwitch();
    sw.inject('p1', gratuitousArp(hostA));
    sw.advance(12_000);
    sw.inject('p2', gratuitousArp(hostB));
    sw.inject('br0', gratuitousArp('505400000003'));
    addStaticMac(bridge, 'p1', 4000, 'aa:bb:cc:dd:ee:1');
    expect(formatFdb(listFdb(bridge))).toBe(` port  VLAN  MAC                Age
    1     0  50:54:00:00:00:01   12
    2    10  50:54:00:00:00:02    0
LOCAL     0  50:54:00:00:00:03    0
    1  4000  aa:bb:cc:dd:ee:01  static
`);
  });

  test('fdb/stats-show', async () => {
    const { sw, bridge } = await makeSwitch();
    sw.inject('p1', gratuitousArp(hostA));
    expect(formatFdbStats(fdbStats(bridge))).toBe(`Statistics for bridge "br0":
  Current/maximum MAC entries in the table: 1/8192
  Current static MAC entries in the table : 0
  Total number of learned MAC entries     : 1
  Total number of expired MAC entries     : 0
  Total number of evicted MAC entries     : 0
  Total number of port moved MAC entries  : 0
`);
  });

  test('fdb/add says what it overrides, fdb/del what it does not find', async () => {
    const { sw, bridge } = await makeSwitch();
    sw.inject('p1', gratuitousArp(hostA));
    expect(addStaticMac(bridge, 'br0', 0, '50:54:00:00:00:01')).toBe(
      'Overriding already existing dynamic entry on 1\n',
    );
    expect(addStaticMac(bridge, 'p1', 0, '50:54:00:00:00:01')).toBe(
      'Overriding already existing static entry on LOCAL\n',
    );
    expect(addStaticMac(bridge, 'p1', 0, '50:54:00:00:00:01')).toBe('');
    expect(() => addStaticMac(bridge, 'p1', 0, 'x')).toThrow('bad MAC address');
    expect(() => addStaticMac(bridge, 'p9', 0, '50:54:00:00:00:01')).toThrow(
      'software error, odp port is present but no ofp port',
    );
    removeStaticMac(bridge, 0, '50:54:00:00:00:01');
    expect(() => removeStaticMac(bridge, 0, '50:54:00:00:00:01')).toThrow(
      'could not find static mac entry\n',
    );
  });

  test('bridge/dump-flows', async () => {
    const { sw, bridge } = await makeSwitch();
    sw.inject('p1', frameWith());
    sw.advance(3_000);
    expect(
      formatRules(listRules(bridge, sw.clock.now())),
    ).toBe(`duration=3s, n_packets=1, n_bytes=60, priority=0,actions=NORMAL
table_id=254, duration=3s, n_packets=0, n_bytes=0, priority=2,recirc_id=0,actions=drop
table_id=254, duration=3s, n_packets=0, n_bytes=0, priority=0,reg0=0x1,actions=controller(reason=)
table_id=254, duration=3s, n_packets=0, n_bytes=0, priority=0,reg0=0x2,actions=drop
table_id=254, duration=3s, n_packets=0, n_bytes=0, priority=0,reg0=0x3,actions=drop
`);
  });

  test('dpctl/dump-flows', async () => {
    const { sw } = await makeSwitch();
    const frame = frameWith({ tags: readTags('10p3') });
    sw.inject('p1', frame, frame);
    sw.advance(1_500);
    const rows = listFlows(sw.backer, sw.clock.now());
    const options = { isVerbose: false, isNamed: false, style: 'dpctl' } as const;
    expect(
      formatFlows(showFlows(sw.backer.datapath, rows, options), options),
    ).toBe(`recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth(src=50:54:00:00:00:01,dst=50:54:00:00:00:02),eth_type(0x8100),vlan(vid=10,pcp=3),encap(eth_type(0x1234)), packets:1, bytes:60, used:1.500s, actions:100,pop_vlan,2
`);
  });

  test('dpif/dump-flows -m', async () => {
    const { sw, bridge } = await makeSwitch();
    sw.inject('p1', frameWith());
    const rows = listFlows(sw.backer, sw.clock.now(), { of: bridge });
    const options = { isVerbose: true, isNamed: true, style: 'dpif' } as const;
    const text = formatFlows(showFlows(sw.backer.datapath, rows, options), options);
    expect(text).toMatch(/^ufid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} skb_priority\(0\/0\),/);
    expect(text).toMatch(/in_port\(p1\).*, packets:0, bytes:0, used:never, actions:br0\n$/);
  });

  test('dpif/show', async () => {
    const { sw, bridge } = await makeSwitch();
    await sw.addPatch(bridge, 'patch0', 'patch1');
    for (let n = 0; n < 2; n++) sw.inject('p1', frameWith());
    expect(formatBacker(showBacker(sw.backer))).toBe(`dummy@ovs-dummy: hit:1 missed:1
  br0:
    br0 65534/100: (dummy)
    p1 1/1: (dummy)
    p2 2/2: (dummy)
    patch0 3/none: (patch: peer=patch1)
`);
  });

  test('dpctl/show -s', async () => {
    const { sw } = await makeSwitch();
    const text = formatDatapath(await showDatapath(sw.backer, true));
    expect(text.split('\n').slice(0, 8)).toEqual([
      'dummy@ovs-dummy:',
      '  lookups: hit:0 missed:0 lost:0',
      '  flows: 0',
      '  port 0: ovs-dummy (dummy-internal)',
      '    RX packets:0 errors:? dropped:? overruns:? frame:?',
      '    TX packets:0 errors:? dropped:? aborted:? carrier:?',
      '    collisions:?',
      '    RX bytes:0  TX bytes:0',
    ]);
  });

  test('upcall/show', async () => {
    const { sw } = await makeSwitch();
    sw.inject('p1', frameWith());
    expect(formatUpcalls([showUpcalls(sw.backer)])).toBe(`dummy@ovs-dummy:
  flows         : (current 1) (avg 0) (max 0) (limit 10000)
  dump duration : 1ms
  ufid enabled : true

  1: (keys 1)
`);
  });

  test('dpif/show-dp-features', async () => {
    const { sw } = await makeSwitch();
    const lines = formatDatapathFeatures(datapathFeatures(sw.backer)).split('\n');
    expect(lines.slice(0, 3)).toEqual(['Masked set action: Yes', 'Tunnel push pop: Yes', 'Ufid: Yes']);
    for (const line of ['Max VLAN headers: 1', 'Sample nesting: 10', 'Recirc: Yes', 'CT state: Yes'])
      expect(lines).toContain(line);
  });
});
