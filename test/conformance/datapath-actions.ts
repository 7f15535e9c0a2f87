/** The actions that a datapath says it can run: each does what it is to do, and all others are refused. */
import { describe, expect } from 'vitest';
import { Refused } from '../../src/base/errors.ts';
import type { DpAction, DpActionName } from '../../src/datapath/actions.ts';
import { readDpActions } from '../../src/datapath/text/actions.ts';
import { getSlot } from '../../src/flow/key.ts';
import { flowOf, packetFrom, taken, until, whole } from './datapath-harness.ts';
import {
  arpRequest,
  bytesOf,
  get16,
  hasGoodChecksums,
  hasGoodIcmpv6,
  hex,
  tagged,
  udpPacket,
} from './packets.ts';
import { type OpenDatapath, wiredTest } from './wired-datapath.ts';

const controller =
  'userspace(pid=0,controller(reason=1,dont_send=0,continuation=0,recirc_id=0,rule_cookie=0,controller_id=0,max_len=0))';
const mac = '020000000001020000000002';

interface ActionFixtures {
  /** What becomes of one packet on wire b. */
  readonly through: (actions: string, packet: Uint8Array) => Promise<string>;
  /** The key of what comes up. */
  readonly upcallOf: (actions: string, packet: Uint8Array) => Promise<Uint32Array>;
}

export function describeDatapathActions(name: string, open: OpenDatapath): void {
  describe(`${name}: actions`, () => {
    const test = wiredTest(open).extend<ActionFixtures>({
      through: ({ a, b, put }, use) =>
        use(async (actions, packet) => {
          await put(['in_port(1)', `${actions},2`]);
          a.inject(packet);
          const [sent = ''] = await taken(b, 1);
          return sent;
        }),
      upcallOf: ({ a, upcalls, put }, use) =>
        use(async (actions, packet) => {
          upcalls.length = 0;
          await put(['in_port(1)', actions]);
          a.inject(packet);
          await until(() => upcalls.length === 1);
          return whole(upcalls[0]);
        }),
    });

    test('metadata that is set decides when the packet is looked up again, and is gone with the packet', async ({
      a,
      b,
      c,
      put,
    }) => {
      await put(
        [
          'recirc_id(0),in_port(1),eth_type(0x0800)',
          'set(skb_mark(0x5)),set(skb_priority(0x7/0xff)),recirc(0x7)',
        ],
        ['recirc_id(0),in_port(1),eth_type(0x0806)', 'recirc(0x7)'],
        ['recirc_id(0x7),in_port(1),skb_mark(0x5),skb_priority(0x7)', '2'],
        ['recirc_id(0x7),in_port(1),skb_mark(0)', '3'],
      );
      a.inject(udpPacket(), arpRequest());
      expect(await taken(b, 1)).toEqual([hex(udpPacket())]);
      expect(await taken(c, 1)).toEqual([hex(arpRequest())]);
    });

    test('a packet that is looked up again in vain comes up as it is then, and goes on with the answer', async ({
      datapath,
      upcalls,
      a,
      b,
      c,
      put,
    }) => {
      await put(['recirc_id(0),in_port(1)', 'set(udp(dst=53)),set(skb_mark(0x5)),recirc(0x9),3']);
      a.inject(udpPacket());
      await until(() => upcalls.length === 1);
      const [upcall] = upcalls;
      const key = whole(upcall);
      expect(upcall?.reason).toBe('miss');
      expect([getSlot(key, 'recirc_id'), getSlot(key, 'tp_dst'), getSlot(key, 'pkt_mark')]).toEqual([
        9, 53, 5,
      ]);
      expect(get16(upcall?.bytes ?? new Uint8Array(), 36)).toBe(53);
      datapath.putFlow(flowOf('recirc_id(0x9),in_port(1),skb_mark(0x5)', '2', 1), upcall);
      const [sent = ''] = await taken(b, 1);
      expect([get16(bytesOf(sent), 36), hasGoodChecksums(bytesOf(sent))]).toEqual([53, true]);
      a.inject(udpPacket());
      expect(await taken(b, 1)).toEqual([sent]);
      expect(await taken(c, 2)).toEqual([sent, sent]); // what follows recirc goes on
      expect(datapath.stats().missCount).toBe(1);
    });

    test('a packet that is looked up again and again ends, by name', async ({ datapath, a, b, put }) => {
      await put(['in_port(1)', 'recirc(0x1),2']);
      a.inject(udpPacket());
      await until(() => datapath.drops().get('tooManyRecirculations') === 1);
      expect((await taken(b, 1)).length).toBeGreaterThan(0);
    });

    test('a symmetric hash is the same in both directions, the other differs, by basis too', async ({
      upcallOf,
    }) => {
      const reply = bytesOf(hex(udpPacket()));
      reply.set([10, 0, 0, 2, 10, 0, 0, 1], 26);
      reply.set([0x07, 0xd0, 0x03, 0xe8], 34);
      const hash = async (actions: string, packet: Uint8Array): Promise<number> =>
        getSlot(await upcallOf(`${actions},${controller}`, packet), 'dp_hash');
      const symmetric = await hash('hash(sym_l4(5))', udpPacket());
      expect(await hash('hash(sym_l4(5))', reply)).toBe(symmetric);
      expect(await hash('hash(sym_l4(6))', udpPacket())).not.toBe(symmetric);
      const directed = await hash('hash(l4(0))', udpPacket());
      expect(await hash('hash(l4(0))', reply)).not.toBe(directed);
      expect(await hash('hash(l4(0))', udpPacket({ source: 1001 }))).not.toBe(directed);
      expect(await hash('hash(l4(0)),set(ipv4(ttl=9))', udpPacket())).toBe(directed);
    });

    test('what a clone does to its packet, and what it drops, is not seen behind it', async ({
      datapath,
      a,
      b,
      c,
      put,
    }) => {
      await put([
        'in_port(1)',
        'clone(push_vlan(vid=5,pcp=0),set(eth(src=02:00:00:00:00:99)),2,clone(pop_vlan,2),2),3',
      ]);
      a.inject(udpPacket());
      const changed = udpPacket();
      changed[11] = 0x99;
      expect(await taken(b, 3)).toEqual([tagged(changed, 5), changed, tagged(changed, 5)].map(hex));
      expect(await taken(c, 1)).toEqual([hex(udpPacket())]);
      await put(['in_port(1)', 'clone(drop),clone(trunc(20)),2']);
      a.inject(udpPacket());
      expect(await taken(b, 1)).toEqual([hex(udpPacket())]);
      expect(datapath.drops().get('branchDrops')).toBe(1);
    });

    test('a sample of everything takes each packet, one of nothing none', async ({ a, b, c, put }) => {
      await put([
        'in_port(1)',
        'sample(sample=0%,actions(3)),sample(sample=100%,actions(push_vlan(vid=5,pcp=0),2)),2',
      ]);
      a.inject(...Array.from({ length: 20 }, () => udpPacket()));
      const sent = await taken(b, 40);
      expect(sent.filter((frame) => frame === hex(tagged(udpPacket(), 5))).length).toBe(20);
      expect(c.take()).toEqual([]);
    });

    test('a sample of half takes some and leaves some', async ({ datapath, a, b, c, put }) => {
      await put(['in_port(1)', 'sample(sample=50%,actions(3)),2']);
      for (let n = 0; n < 4; n++) {
        a.inject(...Array.from({ length: 100 }, () => udpPacket()));
        await taken(b, 100);
      }
      await datapath.settle();
      const count = c.take().length;
      // Outside of this once in 10^15 runs.
      expect(count).toBeGreaterThan(120);
      expect(count).toBeLessThan(280);
    });

    test('a check of the length looks at the packet without padding, as it would be sent', async ({
      a,
      b,
      c,
      put,
    }) => {
      const padded = Uint8Array.from([...udpPacket(), ...new Array<number>(13).fill(0)]);
      await put(['in_port(1)', 'check_pkt_len(size=47,gt(2),le(push_vlan(vid=5,pcp=0),3))']);
      a.inject(udpPacket(), padded, udpPacket({ payload: '414243444546' }));
      expect(await taken(c, 2)).toEqual([tagged(udpPacket(), 5), tagged(padded, 5)].map(hex));
      expect(await taken(b, 1)).toEqual([hex(udpPacket({ payload: '414243444546' }))]);
      // A cut counts for the check but not inside it, and goes with the next clone or output.
      await put(['in_port(1)', 'trunc(40),check_pkt_len(size=40,gt(3),le(2)),clone(2),2,2']);
      a.inject(udpPacket());
      const all = hex(udpPacket());
      expect(await taken(b, 4)).toEqual([all, all.slice(0, 80), all, all]);
    });

    test('labels are pushed in front of each other behind the tags, changed and popped', async ({
      through,
    }) => {
      const ip = hex(udpPacket().subarray(14));
      const push =
        'push_mpls(label=5,tc=1,ttl=64,bos=1,eth_type=0x8847),push_mpls(label=6,tc=0,ttl=63,bos=0,eth_type=0x8847)';
      expect(await through(push, tagged(udpPacket(), 7))).toBe(
        `${hex(udpPacket().subarray(0, 12))}8100000788470000603f00005340${ip}`,
      );
      const back = `${push},set(mpls(label=9/0xfffff)),pop_mpls(eth_type=0x8847)`;
      expect(await through(back, udpPacket())).toBe(`${hex(udpPacket().subarray(0, 12))}884700005340${ip}`);
      expect(await through(`${back},pop_mpls(eth_type=0x800)`, udpPacket())).toBe(hex(udpPacket()));
      expect(await through('pop_mpls(eth_type=0x800)', udpPacket())).toBe(hex(udpPacket()));
      const set = 'set(mpls(label=9,tc=7/0,ttl=1,bos=0/0))';
      const inPlace = await through(
        `push_mpls(label=5,tc=1,ttl=64,bos=1,eth_type=0x8847),${set}`,
        udpPacket(),
      );
      expect(inPlace.slice(28, 36)).toBe('00009301');
    });

    test('a label in front of the whole packet leaves one without an Ethernet header', async ({
      datapath,
      upcalls,
      a,
      b,
      c,
      put,
      through,
      upcallOf,
    }) => {
      const wrap = 'add_mpls(label=5,tc=0,ttl=64,bos=1,eth_type=0x8847)';
      const key = await upcallOf(`${wrap},${controller}`, udpPacket());
      expect([getSlot(key, 'packet_type'), getSlot(key, 'eth_type'), getSlot(key, 'mpls_lse')]).toEqual([
        0x18847, 0x8847, 0x5140,
      ]);
      expect(hex(upcalls[0]?.bytes ?? new Uint8Array())).toBe(`00005140${hex(udpPacket())}`);
      expect(
        await through(`${wrap},push_eth(src=02:00:00:00:00:02,dst=02:00:00:00:00:01)`, udpPacket()),
      ).toBe(`${mac}884700005140${hex(udpPacket())}`);
      expect(await through(`${wrap},pop_mpls(eth_type=0x6558)`, udpPacket())).toBe(hex(udpPacket()));
      await put(['in_port(1)', `${wrap},2,3`]);
      a.inject(udpPacket());
      await until(() => datapath.drops().get('wrongPacketType') === 2);
      expect([...b.take(), ...c.take()]).toEqual([]);
    });

    test('an Ethernet header is popped with its tags, and another pushed', async ({
      datapath,
      upcalls,
      a,
      b,
      put,
      through,
      upcallOf,
    }) => {
      const key = await upcallOf(`pop_eth,${controller}`, tagged(udpPacket(), 7));
      expect([getSlot(key, 'packet_type'), getSlot(key, 'tp_dst')]).toEqual([0x10800, 2000]);
      expect(hex(upcalls[0]?.bytes ?? new Uint8Array())).toBe(hex(udpPacket().subarray(14)));
      const push = 'push_eth(src=02:00:00:00:00:02,dst=02:00:00:00:00:01)';
      expect(
        await through(
          `pop_eth,set(ipv4(ttl=9)),set(eth(src=02:00:00:00:00:77)),${push}`,
          tagged(udpPacket(), 7),
        ),
      ).toMatch(new RegExp(`^${mac}0800`));
      await put(['in_port(1)', `${push},2`]);
      a.inject(udpPacket());
      await until(() => datapath.drops().get('wrongPacketType') === 1);
      expect(b.take()).toEqual([]);
    });

    test('an NSH header is pushed, changed and popped', async ({ through, upcallOf }) => {
      const push = 'push_nsh(flags=1,ttl=63,mdtype=1,np=3,spi=0x5,si=255,c1=0x11223344,c2=0x2,c3=0x3,c4=0x4)';
      const outer = 'push_eth(src=02:00:00:00:00:02,dst=02:00:00:00:00:01)';
      const context = '11223344000000020000000300000004';
      expect(await through(`${push},${outer}`, udpPacket())).toBe(
        `${mac}894f1fc60103000005ff${context}${hex(udpPacket())}`,
      );
      const key = await upcallOf(`${push},${outer},${controller}`, udpPacket());
      expect([getSlot(key, 'nsh_ttl'), getSlot(key, 'nsh_path'), getSlot(key, 'nsh_c1')]).toEqual([
        63, 0x5ff, 0x11223344,
      ]);
      const set = 'set(nsh(flags=2,ttl=9,si=254,c2=0xff/0x000000ff))';
      const changed = context.replace('00000002', '000000ff');
      expect(await through(`${push},${set},${outer}`, udpPacket())).toBe(
        `${mac}894f22460103000005fe${changed}${hex(udpPacket())}`,
      );
      expect(await through(`${push},pop_nsh()`, udpPacket())).toBe(hex(udpPacket()));
      const nested = `${push},${push},pop_nsh(),pop_nsh()`;
      expect(await through(nested, udpPacket())).toBe(hex(udpPacket()));
      const long = `push_nsh(flags=0,ttl=63,mdtype=2,np=3,spi=0x5,si=255,md2=0x${'ab'.repeat(244)})`;
      const header = `0fff0203000005ff${'ab'.repeat(244)}`; // 63 words
      expect(await through(`${long},${outer}`, udpPacket())).toBe(`${mac}894f${header}${hex(udpPacket())}`);
    });

    test('what neighbours say of themselves is set with a right checksum', async ({ through }) => {
      const solicitation = bytesOf(
        `333300000002 020000000001 86dd 60000000 0020 3a ff fe800000000000000000000000000001
         fe800000000000000000000000000002 8700 7a1b 00000000 fe800000000000000000000000000002 0101020000000001`.replaceAll(
          /\s/g,
          '',
        ),
      );
      const actions =
        'set(nd(target=fe80::5,sll=02:00:00:00:00:44)),set(nd_ext(nd_reserved=0x80000000,nd_options_type=2)),set(ipv6(hlimit=3,label=0x5))';
      expect(hasGoodIcmpv6(solicitation)).toBe(true);
      const sent = bytesOf(await through(actions, solicitation));
      expect(hasGoodIcmpv6(sent)).toBe(true);
      expect(hex(sent.subarray(58))).toBe('80000000fe8000000000000000000000000000050201020000000044');
    });

    test('a drop ends the packet and counts its reason', async ({ datapath, a, b, c }) => {
      datapath.putFlow({
        ...flowOf('in_port(1)', '2', 0),
        actions: [...readDpActions('2'), { do: 'drop', reason: 'tooManyResubmits' }, ...readDpActions('3')],
      });
      await datapath.settle();
      a.inject(udpPacket());
      expect(await taken(b, 1)).toEqual([hex(udpPacket())]);
      await until(() => datapath.drops().get('tooManyResubmits') === 1);
      expect(c.take()).toEqual([]);
    });

    test('a packet that is sent up has the key, and the bytes, that it has at that point of its actions', async ({
      upcalls,
      a,
      put,
    }) => {
      const actions = `set(udp(src=7)),${controller},push_vlan(vid=9,pcp=1),set(skb_mark(0x3)),${controller},pop_vlan`;
      await put(['in_port(1)', `${actions},2`]);
      a.inject(udpPacket());
      await until(() => upcalls.length === 2);
      const [first, second] = upcalls.map(whole);
      expect(
        [first, second].map(
          (key) => key && [getSlot(key, 'tp_src'), getSlot(key, 'vlan_tci'), getSlot(key, 'pkt_mark')],
        ),
      ).toEqual([
        [7, 0, 0],
        [7, 0x3009, 3],
      ]);
      expect(upcalls.map(({ bytes }) => bytes.length)).toEqual([udpPacket().length, udpPacket().length + 4]);
    });

    test('whose owner wants the actions gets them beside the packet', async ({ upcalls, a, put }) => {
      await put([
        'in_port(1)',
        '2,sample(sample=100%,actions(userspace(pid=0,ipfix(output_port=2),actions,tunnel_out_port=3)))',
      ]);
      a.inject(udpPacket());
      await until(() => upcalls.length === 1);
      expect(upcalls[0]?.reason).toEqual({
        cookie: { type: 'ipfix', outputPort: 2 },
        tunnelOutPort: 3,
        actions: readDpActions(
          '2,sample(sample=100%,actions(userspace(pid=0,ipfix(output_port=2),actions,tunnel_out_port=3)))',
        ),
      });
    });

    test.for<[DpActionName, string]>([
      ['lb_output', 'lb_output(1)'],
      ['meter', 'meter(1)'],
      ['ct', 'ct(commit)'],
      ['ct_clear', 'clone(2,ct_clear)'],
      ['tnl_pop', 'sample(sample=1%,actions(tnl_pop(4)))'],
    ])('%s is refused, by name, by a datapath that cannot run it', ([action, text], { datapath, a }) => {
      if (datapath.features.actions.has(action)) return;
      const actions = readDpActions(text);
      const message = `datapath ${datapath.name} cannot run the action ${action}`;
      expect(() => datapath.putFlow({ ...flowOf('in_port(1)', '2', 0), actions })).toThrow(message);
      expect(() => datapath.execute(packetFrom(a), actions)).toThrow(Refused);
      expect([...datapath.flows()]).toEqual([]);
    });

    test('what cannot be set, and lists that lie too deep in each other, are refused', ({ datapath, a }) => {
      const deep =
        'clone('.repeat(datapath.features.maxNesting + 1) + ')'.repeat(datapath.features.maxNesting + 1);
      for (const text of ['set(in_port(5))', 'set(tcp_flags(syn))', deep])
        expect(() => datapath.execute(packetFrom(a), readDpActions(text))).toThrow(Refused);
      const wrongLabel: DpAction = { do: 'push_mpls', lse: 0, etherType: 0x0800 };
      expect(() => datapath.execute(packetFrom(a), [wrongLabel])).toThrow('push_mpls of the EtherType 0x800');
    });
  });
}
