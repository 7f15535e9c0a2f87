import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Malformed } from '../../base/errors.ts';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import { dpPort } from '../../base/units.ts';
import { getSlot, setSlot } from '../../flow/key.ts';
import { formatDpActions, readDpActions } from './actions.ts';
import { formatKey, readKey } from './key.ts';

const l2 = 'eth(src=50:54:00:00:00:05,dst=50:54:00:00:00:07)';
const head = 'recirc_id(0),in_port(1),packet_type(ns=0,id=0)';

/** Texts that the reference prints for flows of its userspace datapath. */
const flows = [
  `${head},${l2},eth_type(0x0800),ipv4(frag=no)`,
  `${head},${l2},eth_type(0x8100),vlan(vid=5,pcp=1),encap(eth_type(0x0800),ipv4(frag=no))`,
  `${head},eth(),eth_type(0x8100),vlan(vid=9,pcp=1/0x0),encap(eth_type(0x0800),ipv4(src=10.1.0.1/255.255.0.0,proto=17,tos=0x20/0xfc,frag=first))`,
  `${head},eth(src=50:54:00:00:00:05),eth_type(0x0806),arp(op=1,sha=50:54:00:00:00:05/ff:ff:00:00:00:00)`,
  `${head},eth_type(0x0800),ipv4(dst=192.168.0.2,proto=6,frag=no),tcp(src=4098/0xf000),tcp_flags(-syn+ack)`,
  `${head},eth_type(0x8847),mpls(label=5/0xfffff,tc=1/0,ttl=64/0xff,bos=1/0)`,
  `${head},eth_type(0x86dd),ipv6(src=fe80::1/ffff:ffff:ffff:ffff::,label=0x12,proto=17,frag=no),udp(dst=6)`,
  `${head},eth_type(0x8100),vlan(vid=5,pcp=1),encap()`,
  `${head},${l2},eth_type(0x88a8),vlan(vid=1,pcp=0),encap(eth_type(0x8100),vlan(vid=2,pcp=0),encap(eth_type(0x86dd)))`,
].map((text) => text.replace('eth(),', ''));

const pad = 'recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0x1234)';
const overIpv4 = 'recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0x0800),ipv4(frag=no)';
/** Metadata as the reference prints it. */
const metadata = [
  `tunnel(tun_id=0x7f10354,src=10.10.10.10,dst=20.20.20.20,ttl=64,flags(csum|key)),${pad}`,
  `tunnel(tun_id=0x1/0xff,src=1.1.1.1,dst=2.2.2.2/255.0.0.0,ttl=64/0xf,flags(+df-csum+key)),${pad}`,
  `tunnel(tun_id=0x1,src=1.1.1.1,dst=2.2.2.2,ttl=64,vxlan(gbp(id=10/0xff,flags=0xb)),flags(df|csum|key)),${pad}`,
  `tunnel(tun_id=0x1,dst=2.2.2.2,ttl=64,erspan(ver=1,idx=0x7/0xffffffff),flags(df|key)),${pad}`,
  `tunnel(tun_id=0x1,dst=2.2.2.2,ttl=64,erspan(ver=2,dir=1,hwid=0x7/0xf),flags(df|key)),${pad}`,
  `tunnel(tun_id=0x1,dst=2.2.2.2,ttl=64,gtpu(flags=0x7,msgtype=1),flags(df|key)),${pad}`,
  `tunnel(tun_id=0x1,dst=2.2.2.2,ttl=64,geneve({class=0xffff,type=0x80,len=8,0xa0000000b/0xffffffff0000ffff}{class=0x1,type=0x2,len=0}),flags(df|key)),${pad}`,
  `tunnel(tun_id=0x1,ipv6_src=2001:cafe::1,ipv6_dst=2001:cafe::2/ffff::,ttl=64,flags(oam|key)),${pad}`,
  `skb_priority(0x5),skb_mark(0x5/0xf),ct_state(+new+trk),ct_zone(0x5),ct_mark(0x5/0xff),ct_label(0x1),${overIpv4}`,
  `ct_tuple4(src=10.0.0.1/255.0.0.0,proto=17,tp_src=1,tp_dst=2),${overIpv4}`,
  'ct_tuple6(src=fe80::1,dst=fe80::2/ffff::,proto=17,src_port=1,dst_port=2/0xff),recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0x86dd),ipv6(frag=no)',
  'recirc_id(0x5),dp_hash(0x5/0xff),in_port(1),packet_type(ns=0,id=0),eth_type(0x1234)',
  'recirc_id(0),in_port(1),packet_type(ns=1,id=0x800),eth_type(0x0800),ipv4(src=1.2.3.4,frag=no)',
  'recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0x8847),mpls(label=100,tc=7,ttl=100,bos=0,label=5,tc=0,ttl=1,bos=1)',
];

describe('datapath flow text', () => {
  it.each([...flows, ...metadata])('reads and writes %s', (text) => {
    const { key, mask } = readKey(text);
    expect(formatKey(key, mask)).toBe(text);
  });

  it('shows every label down to the bottom of the stack', () => {
    const { key } = readKey('eth_type(0x8847),mpls(label=5,tc=1,ttl=64,bos=0)');
    const { mask } = readKey('eth_type(0x8847)');
    setSlot(key, 'mpls_lse2', 0x0000713f);
    const text = 'mpls(label=5/0x0,tc=1/0,ttl=64/0x0,bos=0/0,label=7/0x0,tc=0/0,ttl=63/0x0,bos=1/0)';
    expect(formatKey(key, mask, { isVerbose: true })).toContain(`,eth_type(0x8847),${text}`);
    setSlot(mask, 'mpls_lse', 0xffffffff);
    setSlot(mask, 'mpls_lse2', 0xffffffff);
    expect(formatKey(key, mask)).toContain(',mpls(label=5,tc=1,ttl=64,bos=0,label=7,tc=0,ttl=63,bos=1)');
    expect(formatKey(key, readKey('eth_type(0x8847)').mask)).not.toContain('mpls');
  });

  it('shows of NSH what was looked at, and no context where there is none', () => {
    const packet = `recirc_id(0),in_port(1),eth_type(0x894f),nsh(ttl=63,mdtype=1,np=3,spi=0x5,si=255,c1=0x1234)`;
    const { key, mask } = readKey(packet);
    const shown = 'nsh(ttl=63,mdtype=1,np=3,spi=0x5,si=255,c1=0x1234)';
    expect(formatKey(key, mask)).toBe(`${head},eth_type(0x894f),${shown}`);
    const { mask: some } = readKey('in_port(1),eth_type(0x894f),nsh(ttl=0x3c/0x3c,c1=0/0xff00)');
    expect(formatKey(key, some)).toContain('nsh(ttl=0x3f/0x3c,c1=0x1234/0x0000ff00)');
    setSlot(key, 'nsh_mdtype', 2);
    expect(formatKey(key, readKey('eth_type(0x894f)').mask)).toContain('nsh(c1=0x0,c2=0x0,c3=0x0,c4=0x0)');
  });

  it('shows nothing of TCP flags that were not looked at', () => {
    const { key } = readKey('eth_type(0x0800),ipv4(proto=6,frag=no),tcp(src=1,dst=2),tcp_flags(syn)');
    expect(formatKey(key, readKey('eth_type(0x0800)').mask, { isVerbose: true })).toContain(
      ',tcp_flags(0/0)',
    );
  });

  it('shows masked flags by sign', () => {
    const { key, mask } = readKey(`${head},eth_type(0x0800),ipv4(proto=6,frag=no),tcp_flags(-syn+ack)`);
    expect(formatKey(key, mask)).toBe(`${head},eth_type(0x0800),ipv4(proto=6,frag=no),tcp_flags(-syn+ack)`);
  });

  it('shows every group of the packet in verbose text, and names of ports', () => {
    const { key } = readKey(
      `in_port(1),${l2},eth_type(0x0806),arp(sip=192.168.0.1,tip=192.168.0.2,op=1,sha=50:54:00:00:00:05,tha=00:00:00:00:00:00)`,
    );
    const { mask } = readKey(`recirc_id(0),in_port(1),${l2},eth_type(0x0806)`);
    expect(
      formatKey(key, mask, { isVerbose: true, portName: (port) => (port === 1 ? 'p1' : undefined) }),
    ).toBe(
      `skb_priority(0/0),skb_mark(0/0),ct_state(0/0),ct_zone(0/0),ct_mark(0/0),ct_label(0/0),recirc_id(0),dp_hash(0/0),in_port(p1),packet_type(ns=0,id=0),${l2},eth_type(0x0806),arp(sip=192.168.0.1/0.0.0.0,tip=192.168.0.2/0.0.0.0,op=1/0,sha=50:54:00:00:00:05/00:00:00:00:00:00,tha=00:00:00:00:00:00/00:00:00:00:00:00)`,
    );
  });

  it('keeps a frame without EtherType apart', () => {
    const { key, mask } = readKey('recirc_id(0),in_port(1),eth_type(0x05ff)');
    expect(getSlot(key, 'eth_type')).toBe(0x5ff);
    expect(formatKey(key, mask)).toBe(`${head},eth_type(0/0xffff)`);
  });

  it('prints actions as the reference does', () => {
    expect(formatDpActions([])).toBe('drop');
    expect(
      formatDpActions([
        { do: 'pop_vlan' },
        { do: 'push_vlan', tpid: 0x8100, tci: 0x3005 },
        { do: 'push_vlan', tpid: 0x88a8, tci: 0x1006 },
        { do: 'set', header: 'ipv4', fields: [{ slot: 'nw_dst', value: [0x01020304], mask: [0xffffffff] }] },
        { do: 'trunc', maxSize: 64 },
        { do: 'output', port: dpPort(2) },
      ]),
    ).toBe(
      'pop_vlan,push_vlan(vid=5,pcp=1),push_vlan(tpid=0x88a8,vid=6,pcp=0),set(ipv4(dst=1.2.3.4)),trunc(64),2',
    );
  });

  it.each([
    'drop',
    '1',
    '1,2,3',
    'pop_vlan,push_vlan(vid=5,pcp=1),push_vlan(tpid=0x88a8,vid=6,pcp=0,cfi=0)',
    'set(ipv4(dst=1.2.3.4)),set(tcp(src=80,dst=443)),2',
    'set(eth(src=50:54:00:00:00:05/ff:ff:ff:00:00:00)),trunc(64),2',
    'set(ipv6(src=fe80::1,hlimit=64)),userspace(pid=0,slow_path(cfm))',
  ])('reads and writes the actions %s', (text) => {
    expect(formatDpActions(readDpActions(text))).toBe(text);
  });

  it('takes names of ports in actions', () => {
    expect(readDpActions('p1 , 3', (name) => (name === 'p1' ? 1 : undefined))).toEqual([
      { do: 'output', port: 1 },
      { do: 'output', port: 3 },
    ]);
  });

  it.each([
    'nonsense',
    '1,nonsense',
    'push_vlan(pcp=1)',
    'push_vlan(vid=4096)',
    'set(what(1))',
    'set(',
    'trunc(x)',
    '(1)',
  ])('refuses the actions %s', (text) => {
    expect(() => readDpActions(text)).toThrow(Malformed);
  });

  it('takes any text as a key or as Malformed', () => {
    const twisted = fc
      .tuple(fc.constantFrom(...flows, ...metadata), fc.nat(200), fc.nat(4), fc.string({ maxLength: 4 }))
      .map(([text, at, gone, put]) => text.slice(0, at) + put + text.slice(at + gone));
    fc.assert(
      fc.property(fc.oneof(twisted, fc.string()), (text) => {
        expectReadOrMalformed(() => readKey(text));
      }),
      { numRuns: 2000 },
    );
  });
});
