import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Malformed } from '../../base/errors.ts';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import { dpPort } from '../../base/units.ts';
import { greFlag } from '../../wire/gre.ts';
import type { DpAction, Nat } from '../actions.ts';
import { slowPathReasons, type UserspaceCookie } from '../cookie.ts';
import type { TunnelHeader } from '../tunnel-header.ts';
import { formatDpActions, readDpActions } from './actions.ts';

const u = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });
const bytes = (size: number): fc.Arbitrary<number[]> => fc.array(u(8), { minLength: size, maxLength: size });
const port = u(32).map(dpPort);
/** Left out or `true`. */
const maybe = <K extends string>(name: K): fc.Arbitrary<{ readonly [P in K]?: true }> =>
  fc.boolean().map((is) => (is ? ({ [name]: true } as { [P in K]?: true }) : {})); // just that key

const cookie: fc.Arbitrary<UserspaceCookie> = fc.oneof(
  fc.tuple(u(12), u(3), u(32)).map(([vid, pcp, output]) => {
    // The text shows a tag of VLAN 0 and priority 0 like no tag, and is read as none.
    const tag = (pcp << 13) | vid;
    return { type: 'sFlow' as const, vlanTci: tag === 0 ? 0 : tag | 0x1000, output };
  }),
  fc.subarray([...slowPathReasons]).map((reasons) => ({ type: 'slow_path' as const, reasons })),
  fc.record({
    type: fc.constant('flow_sample' as const),
    probability: u(16),
    collectorSetId: u(32),
    observationDomainId: u(32),
    observationPointId: u(32),
    outputPort: port,
    direction: fc.constantFrom('ingress' as const, 'egress' as const),
  }),
  fc.record({ type: fc.constant('ipfix' as const), outputPort: port }),
  fc.record({
    type: fc.constant('controller' as const),
    reason: u(16),
    isHeldBack: fc.boolean(),
    isContinuation: fc.boolean(),
    recircId: u(32),
    ruleCookie: fc.tuple(u(32), u(32)),
    controllerId: u(16),
    maxSize: u(16),
  }),
  bytes(11).map((list) => ({ type: 'userdata' as const, bytes: list })),
);

const nat: fc.Arbitrary<Nat> = fc.oneof(
  fc.constant({}),
  fc.constant({ direction: 'src' as const }),
  fc
    .tuple(
      fc.constantFrom('src' as const, 'dst' as const),
      fc.constantFrom(4, 16),
      u(7),
      u(8),
      maybe('isPersistent'),
    )
    .map(([direction, size, low, offset, persistent]) => ({
      direction,
      range: {
        min: [10, ...new Array<number>(size - 2).fill(1), low],
        max: [10, ...new Array<number>(size - 2).fill(1), low + 1],
        ...(offset === 0 ? {} : { minPort: offset, maxPort: offset + 1 }),
      },
      ...persistent,
      choosesPortBy: 'random' as const,
    })),
);

const udp = fc.record({ src: u(16), dst: u(16), checksum: u(16) });
const ip4 = fc.record({
  version: fc.constant(4 as const),
  src: bytes(4),
  dst: bytes(4),
  protocol: u(8),
  tos: u(8),
  ttl: u(8),
  fragment: u(16),
});
const ip6 = fc.record({
  version: fc.constant(6 as const),
  src: bytes(16),
  dst: bytes(16),
  label: u(20),
  protocol: u(8),
  trafficClass: u(8),
  hopLimit: u(8),
});
const geneveOption = fc.record({ class: u(16), type: u(8), data: fc.constantFrom(0, 4, 8).chain(bytes) });
const tunnel: fc.Arbitrary<TunnelHeader['tunnel']> = fc.oneof(
  fc.record({ type: fc.constant('vxlan' as const), udp, flags: u(32), vni: u(24) }),
  fc.record({
    type: fc.constant('geneve' as const),
    udp,
    isOam: fc.boolean(),
    isCritical: fc.boolean(),
    vni: u(24),
    options: fc.array(geneveOption, { maxLength: 3 }),
  }),
  fc.record({
    type: fc.constant('gre' as const),
    flags: fc.constant(greFlag.checksum | greFlag.key),
    protocol: u(16),
    checksum: u(16),
    key: u(32),
  }),
  fc.record({
    type: fc.constant('erspan' as const),
    version: fc.constant(1 as const),
    sessionId: u(10),
    index: u(32),
  }),
  fc.record({
    type: fc.constant('erspan' as const),
    version: fc.constant(2 as const),
    sessionId: u(10),
    direction: u(1),
    hardwareId: u(6),
  }),
  fc
    .record({ type: fc.constant('gtpu' as const), udp, flags: u(8), messageType: u(8), teid: u(32) })
    .chain((whole) => maybe('hasSequence').map((numbered) => ({ ...whole, ...numbered }))),
);
const header: fc.Arbitrary<TunnelHeader> = fc
  .tuple(bytes(6), bytes(6), fc.oneof(ip4, ip6), tunnel)
  .map(([dst, src, ip, inside]) => ({
    ethernet: { dst, src, type: ip.version === 4 ? 0x0800 : 0x86dd },
    ip,
    tunnel: inside,
  }));

/** What can be set, by text, since only the reader knows where the bits lie. */
const sets = [
  'set(skb_priority(0x5))',
  'set(skb_mark(0x5/0xf))',
  'set(ct_state(0x21))',
  'set(ct_mark(0x1/0xff))',
  'set(ct_tuple6(src=::1,src_port=5))',
  'set(tunnel(tun_id=0x5,src=1.2.3.4,dst=2.2.2.2,tos=0x1,ttl=64,tp_dst=4789,vxlan(gbp(id=1,flags=0x8)),flags(df|key)))',
  'set(tunnel(tun_id=0x0,ipv6_dst=fe80::1,ttl=64,geneve({class=0x1,type=0x2,len=4,0xa}),flags(csum|key)))',
  'set(tunnel(dst=1.2.3.4,ttl=64,erspan(ver=2,dir=1,hwid=0x7),flags(0)))',
  'set(nsh(ttl=5,spi=0x5/0x0000ffff))',
  'set(mpls(label=5,tc=1,ttl=64,bos=0,label=6,tc=2,ttl=63,bos=1))',
  'set(ipv6(label=0x5/0xff,hlimit=3))',
  'set(nd_ext(nd_reserved=0x0,nd_options_type=1))',
  'set(arp(op=2,sha=50:54:00:00:00:05/ff:ff:ff:00:00:00))',
  'set(tcp_flags(+syn-ack))',
  'set(eth())',
].map((text) => readDpActions(text)[0] as DpAction); // each is one action

const { list } = fc.letrec<{ list: DpAction[]; action: DpAction }>((tie) => ({
  list: fc.array(tie('action'), { maxLength: 3, depthIdentifier: 'actions' }),
  action: fc.oneof(
    { depthIdentifier: 'actions', depthSize: 'small' },
    port.map((to): DpAction => ({ do: 'output', port: to })),
    fc.constantFrom(...sets),
    fc
      .tuple(u(32), cookie, maybe('includesActions'), fc.option(port))
      .map(([pid, why, flag, out]): DpAction => {
        return {
          do: 'userspace',
          pid,
          cookie: why,
          ...flag,
          ...(out === null ? {} : { tunnelOutPort: out }),
        };
      }),
    fc.record({
      do: fc.constant('hash' as const),
      algorithm: fc.constantFrom('l4' as const, 'sym_l4' as const),
      basis: u(32),
    }),
    u(32).map((id): DpAction => ({ do: 'recirc', id })),
    fc.tuple(u(16), u(16)).map(([tpid, tci]): DpAction => ({ do: 'push_vlan', tpid, tci })),
    fc.tuple(u(32), u(16)).map(([lse, etherType]): DpAction => ({ do: 'push_mpls', lse, etherType })),
    fc.tuple(u(32), u(16)).map(([lse, etherType]): DpAction => ({ do: 'add_mpls', lse, etherType })),
    u(16).map((etherType): DpAction => ({ do: 'pop_mpls', etherType })),
    fc.tuple(bytes(6), bytes(6)).map(([src, dst]): DpAction => ({ do: 'push_eth', src, dst })),
    fc.constantFrom<DpAction>({ do: 'pop_vlan' }, { do: 'pop_eth' }, { do: 'pop_nsh' }, { do: 'ct_clear' }),
    fc
      .tuple(u(2), u(6), u(8), u(24), u(8), bytes(16))
      .map(([flags, ttl, nextProtocol, spi, si, metadata]): DpAction => {
        return { do: 'push_nsh', flags, ttl, mdType: 1, nextProtocol, spi, si, metadata };
      }),
    fc
      .tuple(u(32), tie('list'))
      .map(([probability, actions]): DpAction => ({ do: 'sample', probability, actions })),
    tie('list').map((actions): DpAction => ({ do: 'clone', actions })),
    fc
      .tuple(u(16), tie('list'), tie('list'))
      .map(
        ([size, ifGreater, ifLessEqual]): DpAction => ({ do: 'check_pkt_len', size, ifGreater, ifLessEqual }),
      ),
    u(32).map((maxSize): DpAction => ({ do: 'trunc', maxSize })),
    u(32).map((id): DpAction => ({ do: 'meter', id })),
    u(32).map((bond): DpAction => ({ do: 'lb_output', bond })),
    port.map((to): DpAction => ({ do: 'tnl_pop', port: to })),
    fc.tuple(port, header, port).map(
      ([tunnelPort, headers, outPort]): DpAction => ({
        do: 'tnl_push',
        tunnelPort,
        header: headers,
        outPort,
      }),
    ),
    fc.tuple(u(16), u(32), bytes(4), nat).map(
      ([zone, value, words, translation]): DpAction => ({
        do: 'ct',
        commit: 'commit',
        zone,
        mark: { value, mask: 0xff },
        label: { value: words, mask: [0, 1, 0xffffffff, 5] },
        helper: 'ftp',
        nat: translation,
      }),
    ),
  ),
}));

describe('datapath actions as text', () => {
  it('whatever is printed reads back as the same actions', () => {
    fc.assert(
      fc.property(list, (actions) => {
        const text = formatDpActions(actions);
        const read = readDpActions(text);
        expect(formatDpActions(read)).toBe(text);
        // A sample is printed to a tenth of a percent only.
        if (!text.includes('sample(sample')) expect(read).toEqual(actions);
      }),
      { numRuns: 1000 },
    );
  });

  it('any text is read or Malformed', () => {
    const twisted = fc
      .tuple(
        list.map((actions) => formatDpActions(actions)),
        fc.nat(300),
        fc.nat(5),
        fc.string({ maxLength: 4 }),
      )
      .map(([text, at, gone, put]) => text.slice(0, at) + put + text.slice(at + gone));
    fc.assert(
      fc.property(fc.oneof(twisted, fc.string()), (text) => {
        expectReadOrMalformed(() => readDpActions(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('actions can be cloned to a worker as they are', () => {
    fc.assert(
      fc.property(list, (actions) => {
        expect(structuredClone(actions)).toEqual(actions);
      }),
    );
  });

  it('a number that does not fit is refused, with where it stands', () => {
    expect(() => readDpActions('1,push_vlan(vid=4096,pcp=0)')).toThrow(
      'at byte 16: 4096 does not fit in 12 bits',
    );
    expect(() => readDpActions('ct(zone=70000)')).toThrow('70000 does not fit in 16 bits');
  });

  it('lists that lie too deep in each other are refused', () => {
    expect(() => readDpActions('clone('.repeat(40) + ')'.repeat(40))).toThrow(Malformed);
  });

  it('ports are shown and read by name wherever an action has one', () => {
    const portName = (number: number): string | undefined => (number === 7 ? 'eth7' : undefined);
    expect(
      formatDpActions(readDpActions('clone(7),tnl_pop(7),userspace(pid=1,ipfix(output_port=7))'), {
        portName,
      }),
    ).toBe('clone(eth7),tnl_pop(eth7),userspace(pid=1,ipfix(output_port=eth7))');
    expect(readDpActions('eth7,clone(eth7)', (name) => (name === 'eth7' ? 7 : undefined))).toEqual(
      readDpActions('7,clone(7)'),
    );
  });
});
