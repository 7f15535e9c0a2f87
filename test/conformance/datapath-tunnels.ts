/**
 * Packets that a datapath puts into tunnels and takes out: part of what test/conformance/datapath.ts asks of every one.
 */
import { describe, expect } from 'vitest';
import type { DpPort } from '../../src/base/units.ts';
import type { DpPacket, Upcall } from '../../src/datapath/provider.ts';
import { readDpActions } from '../../src/datapath/text/actions.ts';
import { formatKey } from '../../src/datapath/text/key.ts';
import { getSlot, maskSlot, newKey } from '../../src/flow/key.ts';
import { packetMask } from '../../src/flow/packet-mask.ts';
import type { TunnelType } from '../../src/netdev/tunnel/tunnel-config.ts';
import { gso } from '../../src/wire/frame.ts';
import { flowOf, packetFrom, taken, until, whole } from './datapath-harness.ts';
import { bytesOf, get16, hasGoodChecksums, hex, tcpPacket, udpPacket } from './packets.ts';
import { bare, inner, type Kind, key6, kinds, push, tunnelPort, usualPort } from './tunnel-kinds.ts';
import { type IpVersion, outerGre, outerPacket, outerSize, outerUdp } from './tunnel-packets.ts';
import { type OpenDatapath, wiredTest } from './wired-datapath.ts';

interface TunnelFixtures {
  readonly addTunnel: (type: TunnelType) => Promise<DpPort>;
  /** What becomes of packets that come in on wire a, on wire b. */
  readonly through: (actions: string, ...packets: readonly Uint8Array[]) => Promise<string[]>;
  /** What comes up of a packet that came out of the tunnel. */
  readonly opened: (packet: Uint8Array) => Promise<Upcall>;
  /** Sees that a packet in a tunnel is dropped as one that makes no sense. */
  readonly refused: (packet: Uint8Array) => Promise<void>;
}

export function describeDatapathTunnels(name: string, open: OpenDatapath): void {
  describe(`${name}: tunnels`, () => {
    const test = wiredTest(open).extend<TunnelFixtures>({
      addTunnel: ({ datapath }, use) =>
        use((type) => {
          const spec = { kind: 'tunnel', name: 'tunnel', type, sequence: new SharedArrayBuffer(4) } as const;
          return datapath.addPort({ name: 'tunnel', type, ifindex: 0, spec }, tunnelPort);
        }),
      through: ({ a, b, put }, use) =>
        use(async (actions, ...packets) => {
          await put(['in_port(1)', actions]);
          a.inject(...packets);
          return taken(b, packets.length);
        }),
      opened: ({ a, upcalls, put }, use) =>
        use(async (packet) => {
          await put(['recirc_id(0),in_port(1)', 'tnl_pop(9)']);
          a.inject(packet);
          await until(() => upcalls.length === 1);
          const [upcall] = upcalls;
          if (upcall === undefined) throw new Error('nothing came up');
          return upcall;
        }),
      refused: ({ datapath, a, upcalls, put }, use) =>
        use(async (packet) => {
          const before = datapath.drops().get('tunnelPopError') ?? 0;
          await put(['recirc_id(0),in_port(1)', 'tnl_pop(9)']);
          a.inject(packet);
          await until(() => datapath.drops().get('tunnelPopError') === before + 1);
          expect(upcalls.map(({ bytes }) => hex(bytes))).toEqual([]);
        }),
    });

    test.for(kinds)(
      '$what: a packet goes in, with all headers in front',
      async (kind, { addTunnel, through }) => {
        await addTunnel(kind.type);
        const actions = `${kind.isBare ? 'pop_eth,' : ''}clone(${push(kind)},2)`;
        expect(await through(actions, udpPacket())).toEqual([hex(kind.packet(usualPort))]);
      },
    );

    test.for(kinds)(
      '$what: a packet comes out, with what the headers said in its key',
      async (kind, { addTunnel, opened }) => {
        await addTunnel(kind.type);
        const { bytes, reason, key } = await opened(kind.packet(4321));
        expect([reason, hex(bytes)]).toEqual(['miss', kind.isBare ? bare : inner]);
        expect(textOf(key)).toContain(`tunnel(${kind.key.replace('PORT', '4321')}),in_port(9)`);
        expect(getSlot(whole({ bytes, reason, key, offload: undefined }), 'packet_type')).toBe(
          kind.isBare ? 0x10800 : 0,
        );
      },
    );

    test.for(kinds)(
      '$what: a packet that is cut short, or not right, is dropped by name',
      async (kind, { addTunnel, refused }) => {
        await addTunnel(kind.type);
        const packet = kind.packet(4321);
        const headers = packet.length - (kind.isBare ? bare : inner).length / 2;
        const cuts = [headers - 1, headers - kind.size + 3, headers - kind.size];
        for (const size of cuts) await refused(shortened(packet, kind.ip, size));
        if (kind.ip === 4) await refused(changed(packet, 24, 0x77)); // the checksum of IPv4
        if (kind.key.includes('csum') && !kind.key.includes('-csum'))
          await refused(changed(packet, packet.length - 1, 0xee));
        await refused(udpPacket().subarray(0, 14));
      },
    );

    test('ERSPAN of version 2 tells the time, in tenths of milliseconds', async ({
      datapath,
      addTunnel,
      through,
      opened,
    }) => {
      await addTunnel('ip6erspan');
      const header = 'erspan(ver=2,sid=0x237,dir=1,hwid=0x3f)';
      const action = push({ ip: 6, header, size: 20, number: 108 });
      const before = Math.floor(Date.now() * 10) % 2 ** 32;
      const [sent = ''] = await through(`clone(${action},2)`, udpPacket());
      const timeAt = 2 * (outerSize[6] + 12);
      const time = sent.slice(timeAt, timeAt + 8);
      const expected = hex(outerPacket(6, 47, `100022eb 00000000 20000237 ${time} 0000 03f8 ${inner}`));
      expect(sent).toBe(expected);
      if (datapath.type !== 'dummy') expect(Number(`0x${time}`) - before).toBeLessThan(600_000);
      const { bytes, key } = await opened(bytesOf(sent));
      expect(hex(bytes)).toBe(inner);
      expect(textOf(key)).toContain(`tun_id=0x237,${key6},erspan(ver=2,dir=1,hwid=0x3f),flags(key)`);
    });

    test('numbers grow from packet to packet of a tunnel, whatever the flow', async ({
      a,
      b,
      put,
      addTunnel,
    }) => {
      await addTunnel('gre');
      const one = push({ ip: 4, header: 'gre((flags=0x1000,proto=0x6558),seq=0x0)', size: 8, number: 3 });
      const other = push({
        ip: 4,
        header: 'gre((flags=0xb000,proto=0x6558),csum=0x0,key=0x7,seq=0x0)',
        size: 16,
        number: 3,
      });
      await put(['in_port(1)', `clone(${one},2),clone(${other},2)`]);
      a.inject(udpPacket(), udpPacket());
      expect(await taken(b, 4)).toEqual(
        [
          outerPacket(4, 47, `10006558 00000000 ${inner}`),
          outerGre(4, 'b0006558 CSUM0000 00000007 00000001', inner),
          outerPacket(4, 47, `10006558 00000002 ${inner}`),
          outerGre(4, 'b0006558 CSUM0000 00000007 00000003', inner),
        ].map(hex),
      );
    });

    const vxlan = {
      ip: 4,
      header: 'udp(src=0,dst=4789,csum=0xffff),vxlan(flags=0x8000000,vni=0x7b)',
      size: 16,
      number: 4,
    } as const;
    const plain = { ...vxlan, header: vxlan.header.replace('0xffff', '0x0') } as const;

    test('a connection leaves by one port of those that are set', async ({
      datapath,
      addTunnel,
      through,
    }) => {
      await addTunnel('vxlan');
      const actions = `clone(${push(plain)},2)`;
      const packets = [1, 2, 3, 4, 5, 1].map((source) => udpPacket({ source }));
      const ports = (await through(actions, ...packets)).map((sent) => get16(bytesOf(sent), 34));
      expect(ports[5]).toBe(ports[0]);
      expect(new Set(ports).size).toBeGreaterThan(2);
      for (const port of ports) expect(port >= 32768 && port < 61000).toBe(true);
      datapath.setEgressPorts({ first: 100, last: 102 });
      const few = (await through(actions, ...packets)).map((sent) => get16(bytesOf(sent), 34));
      expect([...new Set(few)].every((port) => port === 100 || port === 101)).toBe(true);
    });

    test('what is behind goes on with the packet in its tunnel, what is in front and outside without', async ({
      a,
      b,
      c,
      put,
      addTunnel,
      through,
    }) => {
      await addTunnel('vxlan');
      const { packet } = kindOf('VXLAN');
      await through(`3,clone(${push(plain)},set(ipv4(ttl=9)),2),3`, udpPacket());
      expect(await taken(c, 2)).toEqual([inner, inner]);
      await put(
        ['recirc_id(0),in_port(1)', `set(skb_mark(0x5)),clone(${push(plain)},recirc(0x3)),recirc(0x4)`],
        ['recirc_id(0x3),in_port(2),skb_mark(0),eth_type(0x0800),ipv4(src=10.1.0.1)', '2'],
        ['recirc_id(0x4),in_port(1),skb_mark(0x5),eth_type(0x0800),ipv4(src=10.0.0.1)', '3'],
      );
      a.inject(udpPacket());
      expect(await taken(b, 1)).toEqual([hex(packet(usualPort))]);
      expect(await taken(c, 1)).toEqual([inner]);
    });

    test('what nobody would see is not put into a tunnel; a cut goes with it', async ({
      addTunnel,
      through,
    }) => {
      await addTunnel('gre');
      const numbered = push({
        ip: 4,
        header: 'gre((flags=0x1000,proto=0x6558),seq=0x0)',
        size: 8,
        number: 3,
      });
      const sent = await through(`clone(${numbered}),trunc(20),clone(${numbered},2)`, udpPacket());
      expect(sent).toEqual([hex(outerPacket(4, 47, `10006558 00000000 ${inner.slice(0, 40)}`))]);
    });

    test('what a device was to do of a packet is done before it goes in', async ({
      datapath,
      a,
      b,
      addTunnel,
    }) => {
      await addTunnel('vxlan');
      await datapath.settle();
      const actions = readDpActions(`clone(${push(vxlan)},2)`);
      const partial = udpPacket({ isPartial: true });
      const offload = { checksumStart: 34, checksumOffset: 6, gsoType: gso.none, gsoSize: 0, headerSize: 0 };
      datapath.execute({ ...packetFrom(a, partial), offload }, actions);
      const [sent = ''] = await taken(b, 1);
      expect(sent.slice(2 * 50)).toBe(inner);
      const long = tcpPacket(2500);
      const segmented = {
        checksumStart: 34,
        checksumOffset: 16,
        gsoType: gso.tcp4,
        gsoSize: 1000,
        headerSize: 54,
      };
      datapath.execute({ ...packetFrom(a, long), offload: segmented }, actions);
      const segments = (await taken(b, 3)).map(bytesOf);
      expect(segments.map((segment) => segment.length)).toEqual([1104, 1104, 604]);
      for (const segment of segments) {
        expect([hasGoodChecksums(segment), hasGoodChecksums(segment.subarray(50))]).toEqual([true, true]);
        expect(get16(segment, 38)).toBe(segment.length - 34);
      }
      const payload = segments.map((segment) => hex(segment.subarray(104))).join('');
      expect(payload).toBe(hex(long.subarray(54)));
    });

    test('a packet in its tunnel whose device was to compute the checksum outside comes out as it is', async ({
      datapath,
      a,
      b,
      put,
      addTunnel,
    }) => {
      await addTunnel('vxlan');
      await put(['recirc_id(0),in_port(9)', '2']);
      const packet = kindOf('VXLAN with a checksum').packet(4321);
      packet[41] = (packet[41] ?? 0) ^ 0xff;
      const offload = { checksumStart: 34, checksumOffset: 6, gsoType: gso.none, gsoSize: 0, headerSize: 0 };
      datapath.execute({ ...packetFrom(a, packet), offload }, readDpActions('tnl_pop(9)'));
      expect(await taken(b, 1)).toEqual([inner]);
    });

    test('a packet that is long because it holds segments comes out as one to be segmented', async ({
      datapath,
      a,
      b,
      put,
      addTunnel,
    }) => {
      await addTunnel('gre');
      await put(['recirc_id(0),in_port(9)', '2']);
      const packet = outerPacket(4, 47, `00006558 ${hex(tcpPacket(2500))}`);
      const at = 38;
      const offload = {
        checksumStart: at + 34,
        checksumOffset: 16,
        gsoType: gso.tcp4,
        gsoSize: 1000,
        headerSize: at + 54,
      };
      datapath.execute(
        { ...packetFrom(a, packet), offload },
        readDpActions('tnl_pop(9),push_vlan(vid=5,pcp=0)'),
      );
      await datapath.settle();
      expect(datapath.drops().size).toBe(0);
      const sent = await taken(b, 1);
      expect(sent.map((text) => text.slice(0, 2 * 34))).toEqual([hex(tcpPacket(2500)).slice(0, 2 * 34)]);
    });

    test('through several tunnels into each other and out again, a packet is what it was', async ({
      datapath,
      a,
      b,
      c,
      put,
      addTunnel,
    }) => {
      await addTunnel('vxlan');
      await put(
        ['recirc_id(0),in_port(1)', `clone(${push(vxlan)},${push(plain)},tnl_pop(9)),3`],
        ['recirc_id(0),tunnel(tun_id=0x7b,src=10.1.0.1),in_port(9),eth(src=02:00:00:00:00:aa)', 'tnl_pop(9)'],
        ['recirc_id(0),tunnel(tun_id=0x7b,src=10.1.0.1),in_port(9),eth(src=02:00:00:00:00:01)', '2'],
      );
      a.inject(udpPacket());
      expect(await taken(b, 1)).toEqual([inner]);
      expect(await taken(c, 1)).toEqual([inner]);
      expect(datapath.stats().recirculatedCount).toBe(2);
    });

    test('a tunnel that leads into itself ends, by name; what is behind goes on', async ({
      datapath,
      a,
      b,
      put,
      addTunnel,
    }) => {
      await addTunnel('vxlan');
      await put(['in_port(1)', 'tnl_pop(9),2'], ['in_port(9)', `${push(plain)},tnl_pop(9)`]);
      const { packet } = kindOf('VXLAN');
      a.inject(packet(4321));
      await until(() => datapath.drops().get('tooManyRecirculations') === 1);
      expect(await taken(b, 1)).toEqual([hex(packet(4321))]);
    });

    test('no packet leaves by the port of a tunnel itself', async ({ datapath, a, b, put, addTunnel }) => {
      await addTunnel('vxlan');
      await put(['in_port(1)', '9,2']);
      a.inject(udpPacket());
      expect(await taken(b, 1)).toEqual([inner]);
      await until(() => datapath.drops().get('noSuchPort') === 1);
    });

    test('without the port of the tunnel, packets are dropped by name', async ({ datapath, a, b, put }) => {
      await put(['in_port(1)', `clone(${push(plain)},2),tnl_pop(9)`]);
      a.inject(kindOf('VXLAN').packet(4321));
      await until(() => datapath.drops().size === 2);
      expect([...datapath.drops()]).toEqual([
        ['tunnelPushError', 1],
        ['noSuchTunnelPort', 1],
      ]);
      expect(b.take()).toEqual([]);
    });

    test('the answer to what came out of a tunnel makes a flow for what follows', async ({
      datapath,
      a,
      b,
      c,
      put,
      addTunnel,
      opened,
    }) => {
      await addTunnel('vxlan');
      const { packet } = kindOf('VXLAN');
      const upcall = await opened(packet(4321));
      const match = 'recirc_id(0),tunnel(tun_id=0x7b,src=10.1.0.1,dst=10.1.0.2),in_port(9)';
      datapath.putFlow(flowOf(match, '2', 1), upcall);
      expect(await taken(b, 1)).toEqual([inner]);
      a.inject(packet(4322));
      expect(await taken(b, 1)).toEqual([inner]);
      // Of that tunnel, nothing is left in the key of a packet that comes otherwise.
      await put(['recirc_id(0),in_port(1)', '3'], [match, '2']);
      a.inject(udpPacket());
      expect(await taken(c, 1)).toEqual([inner]);
    });

    test.for([
      [
        'an unknown flag of VXLAN',
        'vxlan',
        outerUdp(4, { src: 1, dst: 2, hasChecksum: false }, `8800000000007b00${inner}`),
      ],
      [
        'operation and maintenance of VXLAN',
        'vxlan',
        outerUdp(4, { src: 1, dst: 2, hasChecksum: false }, `0d00000300007b00${inner}`),
      ],
      [
        'an unknown protocol in VXLAN',
        'vxlan',
        outerUdp(4, { src: 1, dst: 2, hasChecksum: false }, `0c00000900007b00${inner}`),
      ],
      [
        'another version of Geneve',
        'geneve',
        outerUdp(4, { src: 1, dst: 2, hasChecksum: false }, `4000655800007b00${inner}`),
      ],
      [
        'something else in Geneve',
        'geneve',
        outerUdp(4, { src: 1, dst: 2, hasChecksum: false }, `0000080000007b00${inner}`),
      ],
      ['an unknown flag of GRE', 'gre', outerPacket(4, 47, `40006558${inner}`)],
      ['no protocol in GRE', 'gre', outerPacket(4, 47, `000005dc${inner}`)],
      ['a key in ERSPAN', 'erspan', outerPacket(4, 47, `300088be 00000000 1000007b 00000003 ${inner}`)],
      [
        'another protocol in ERSPAN',
        'erspan',
        outerPacket(4, 47, `10006558 00000000 1000007b 00000003 ${inner}`),
      ],
      [
        'another version of ERSPAN',
        'erspan',
        outerPacket(4, 47, `100088be 00000000 3000007b 00000003 ${inner}`),
      ],
    ] satisfies readonly (readonly [string, TunnelType, Uint8Array])[])(
      '%s is not understood',
      async ([_what, type, packet], { addTunnel, refused }) => {
        await addTunnel(type);
        await refused(packet);
      },
    );

    test('GTP-U that carries no packet of a user comes up whole', async ({ addTunnel, opened }) => {
      await addTunnel('gtpu');
      const packet = outerUdp(4, { src: 1, dst: 2152, hasChecksum: false }, '3001 0004 00000000 00000000');
      const { bytes, key } = await opened(packet);
      expect(hex(bytes)).toBe(hex(packet));
      expect(textOf(key)).toContain('gtpu(flags=0x30,msgtype=1)');
      expect(getSlot(asKey(key), 'nw_dst')).toBe(0x0a010002);
    });

    test('a frame inside that is shorter than its header is dropped by name', async ({
      datapath,
      a,
      put,
      addTunnel,
    }) => {
      await addTunnel('gre');
      await put(['recirc_id(0),in_port(1)', 'tnl_pop(9)']);
      a.inject(outerPacket(4, 47, `00006558 ${inner.slice(0, 26)}`));
      await until(() => datapath.drops().get('tooShort') === 1);
    });
  });
}

function kindOf(what: string): Kind {
  const kind = kinds.find((one) => one.what === what);
  if (kind === undefined) throw new Error(`no ${what}`);
  return kind;
}

/** So many bytes of it, with lengths and checksums to fit, but for that of the payload. */
function shortened(packet: Uint8Array, ip: IpVersion, size: number): Uint8Array {
  return outerPacket(ip, packet[ip === 4 ? 23 : 20] ?? 0, hex(packet.subarray(outerSize[ip], size)));
}

function changed(packet: Uint8Array, at: number, by: number): Uint8Array {
  const copy = packet.slice();
  copy[at] = (copy[at] ?? 0) ^ by;
  return copy;
}

function asKey(words: DpPacket['key']): Uint32Array {
  const key = newKey();
  key.set(words);
  return key;
}

function textOf(words: DpPacket['key']): string {
  const key = asKey(words);
  const mask = packetMask(key);
  for (const slot of ['tun_id', 'tun_tp_src', 'tun_tp_dst', 'tun_metadata', 'tun_metadata_present'] as const)
    maskSlot(mask, slot);
  return formatKey(key, mask);
}
