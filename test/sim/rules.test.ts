/** What comes out of a bridge whose rules change packets: frames in, frames out. */
import { describe, expect, test } from 'vitest';
import { formatDpActions } from '../../src/datapath/text/actions.ts';
import { readKey } from '../../src/datapath/text/key.ts';
import { composeFrame } from '../../src/flow/compose.ts';
import { extractKey } from '../../src/flow/extract.ts';
import { formatMatch } from '../../src/flow/format-match.ts';
import { newKey } from '../../src/flow/key.ts';
import { packetMask } from '../../src/flow/packet-mask.ts';
import { removeRules } from '../../src/ofproto/tables/flow-transaction.ts';
import { portText } from '../../src/openflow/ports.ts';
import { frameOf } from '../conformance/memory-port.ts';
import { VirtualSwitch } from './virtual-switch.ts';

const addresses = 'eth(src=50:54:00:00:00:01,dst=50:54:00:00:00:02)';
const packets = {
  udp: `${addresses},eth_type(0x0800),ipv4(src=1.2.3.4,dst=5.6.7.8,proto=17,tos=0,ttl=64,frag=no),udp(src=5,dst=6)`,
  arp: `${addresses},eth_type(0x0806),arp(sip=1.2.3.4,tip=5.6.7.8,op=1,sha=50:54:00:00:00:01,tha=00:00:00:00:00:00)`,
};

async function switchWith(...rules: readonly string[]): Promise<VirtualSwitch> {
  const sw = new VirtualSwitch();
  const bridge = sw.addBridge('br0', { failMode: 'secure' });
  for (const name of ['p1', 'p2', 'p3']) await sw.addPort(bridge, name);
  for (const rule of rules) sw.addFlow(bridge, rule);
  return sw;
}

function send(sw: VirtualSwitch, packet: keyof typeof packets): void {
  sw.inject('p1', composeFrame(readKey(packets[packet]).key));
}

/** What left by each port, as matches, with the checksums looked at. */
function sent(sw: VirtualSwitch): Record<string, string[]> {
  const described = (hex: string): string => {
    const key = newKey();
    extractKey(frameOf(Uint8Array.from(Buffer.from(hex, 'hex'))), key, 2);
    return formatMatch(key, packetMask(key), { ports: portText });
  };
  return Object.fromEntries(
    Object.entries(sw.takeSent()).map(([port, frames]) => [port, frames.map(described)]),
  );
}

describe('rules', () => {
  test('change headers for the outputs behind them, and for no other', async () => {
    const sw = await switchWith('udp,actions=output:2,mod_nw_dst:9.9.9.9,mod_tp_dst:99,dec_ttl,output:3');
    for (let n = 0; n < 2; n++) {
      send(sw, 'udp'); // the second one by the flow of the first
      const { p2, p3 } = sent(sw);
      expect(p2?.[0]).toContain('nw_dst=5.6.7.8,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no,tp_src=5,tp_dst=6');
      expect(p3?.[0]).toContain('nw_dst=9.9.9.9,nw_tos=0,nw_ecn=0,nw_ttl=63,nw_frag=no,tp_src=5,tp_dst=99');
    }
    expect(sw.backer.flows.count).toBe(1);
  });

  test('may need the slow path: each packet is changed all the same', async () => {
    const sw = await switchWith('arp,actions=set_field:2->arp_op,output:2');
    for (let n = 0; n < 3; n++) {
      send(sw, 'arp');
      expect(sent(sw).p2?.[0]).toContain('arp_op=2');
    }
    const [flow] = sw.backer.flows;
    expect(formatDpActions(flow?.actions ?? [])).toBe('userspace(pid=0,slow_path(action))');
    sw.advance(600); // looked at again, it stays what it is
    expect([...sw.backer.flows].length).toBe(1);
  });

  test('push tags and labels, which later ports do not get', async () => {
    const sw = await switchWith(
      'actions=push_vlan:0x8100,set_vlan_vid:7,output:2,pop_vlan,push_mpls:0x8847,output:3',
    );
    send(sw, 'udp');
    const { p2, p3 } = sent(sw);
    expect(p2?.[0]).toContain('dl_vlan=7');
    expect(p3?.[0]).toContain('mpls_label=0,mpls_tc=0,mpls_ttl=64,mpls_bos=1');
    expect(p3?.[0]).not.toContain('dl_vlan');
  });

  test('for a controller that is not there count what they send', async () => {
    const sw = await switchWith('actions=CONTROLLER,output:2');
    send(sw, 'udp');
    expect(Object.keys(sent(sw))).toEqual(['p2']);
    expect([...sw.backer.drops.totals]).toEqual([['noController', 1]]);
  });

  test('that lead into each other end, and drop the packet', async () => {
    const sw = await switchWith('actions=output:2,resubmit(,0)');
    send(sw, 'udp');
    expect(sent(sw)).toEqual({});
    expect([...sw.backer.drops.totals]).toEqual([['tooDeep', 1]]);
  });

  test('that come and go change what flows do', async () => {
    const sw = await switchWith('priority=1,actions=output:2');
    const [bridge] = sw.backer.bridges.values();
    send(sw, 'udp');
    expect(Object.keys(sent(sw))).toEqual(['p2']);
    if (bridge === undefined) throw new Error('no bridge');
    const rule = sw.addFlow(bridge, 'priority=2,udp,actions=output:3');
    sw.advance(60);
    send(sw, 'udp');
    expect(Object.keys(sent(sw))).toEqual(['p3']);
    removeRules(bridge.tables, [rule]);
    sw.advance(60);
    send(sw, 'udp');
    expect(Object.keys(sent(sw))).toEqual(['p2']);
  });
});
