/**
 * What every datapath must do, whatever runs it. A provider's own test calls `describeDatapath` with a way to make
 * one and to reach the far side of its ports.
 */
import { describe, expect } from 'vitest';
import type { DpAction } from '../../src/datapath/actions.ts';
import type { DpFlow } from '../../src/datapath/provider.ts';
import { maskSlot, newKey, writeSlot } from '../../src/flow/key.ts';
import { describeDatapathActions } from './datapath-actions.ts';
import { describeDatapathBonds } from './datapath-bonds.ts';
import { describeDatapathDrops } from './datapath-drops.ts';
import {
  type DatapathHarness,
  flowFrom,
  keyOf,
  output,
  packed,
  packetFrom,
  sendUp,
  setField,
  statsOf,
  taken,
  toController,
  until,
  type Wire,
  whole,
} from './datapath-harness.ts';
import { describeDatapathLife } from './datapath-life.ts';
import { describeDatapathMeters } from './datapath-meters.ts';
import { describeSharing } from './datapath-sharing.ts';
import { describeDatapathTunnels } from './datapath-tunnels.ts';
import { arpRequest, bytesOf, get16, hasGoodChecksums, hex, hostA, tagged, udpPacket } from './packets.ts';
import { type OpenDatapath, wiredTest } from './wired-datapath.ts';

/** The whole suite, with one worker and with several. */
export function describeDatapath(
  name: string,
  open: (flowCapacity: number, workerCount: number) => Promise<DatapathHarness>,
): void {
  for (const workerCount of [1, 3]) {
    const title = `${name} of ${workerCount} worker${workerCount === 1 ? '' : 's'}`;
    const openOne: OpenDatapath = (flowCapacity) => open(flowCapacity, workerCount);
    describeDatapathActions(title, openOne);
    describeForwarding(title, openOne);
    describeDatapathLife(title, openOne);
    describeDatapathMeters(title, openOne);
    describeDatapathBonds(title, openOne);
    describeDatapathDrops(title, openOne);
    describeSharing(title, openOne);
    describeDatapathTunnels(title, openOne);
  }
}

interface ForwardingFixtures {
  /** Nothing more comes out of the wire although all that was asked has been done. */
  readonly silent: (wire: Wire) => Promise<void>;
}

function describeForwarding(name: string, open: OpenDatapath): void {
  describe(name, () => {
    const capacity = 8;
    const test = wiredTest(open, capacity).extend<ForwardingFixtures>({
      silent: ({ datapath }, use) =>
        use(async (wire) => {
          await datapath.settle();
          expect(wire.take().map(hex)).toEqual([]);
        }),
    });

    test('outputs a packet that matches a flow, unchanged', async ({ datapath, a, b, c, silent }) => {
      datapath.putFlow(flowFrom(a, [output(b)]));
      await datapath.settle();
      a.inject(udpPacket());
      expect(await taken(b, 1)).toEqual([hex(udpPacket())]);
      await silent(c);
    });

    test('floods one packet to several ports', async ({ datapath, a, b, c }) => {
      datapath.putFlow(flowFrom(a, [output(b), output(c)]));
      await datapath.settle();
      a.inject(arpRequest());
      expect(await taken(b, 1)).toEqual([hex(arpRequest())]);
      expect(await taken(c, 1)).toEqual([hex(arpRequest())]);
    });

    test('sends back out of the input port when told so', async ({ datapath, a }) => {
      datapath.putFlow(flowFrom(a, [output(a)]));
      await datapath.settle();
      a.inject(udpPacket());
      expect(await taken(a, 1)).toEqual([hex(udpPacket())]);
    });

    test('keeps the order of packets', async ({ datapath, a, b }) => {
      datapath.putFlow(flowFrom(a, [output(b)]));
      await datapath.settle();
      const packets = Array.from({ length: 100 }, (_, n) => udpPacket({ source: n + 1 }));
      a.inject(...packets);
      expect(await taken(b, 100)).toEqual(packets.map(hex));
    });

    test('changes after an output do not reach what was sent before', async ({ datapath, a, b, c }) => {
      const actions: DpAction[] = [
        output(b),
        { do: 'push_vlan', tpid: 0x8100, tci: 0x1064 },
        output(c),
        { do: 'pop_vlan' },
        output(b),
      ];
      datapath.putFlow(flowFrom(a, actions));
      await datapath.settle();
      a.inject(udpPacket());
      expect(await taken(b, 2)).toEqual([hex(udpPacket()), hex(udpPacket())]);
      expect(await taken(c, 1)).toEqual([hex(tagged(udpPacket(), 0x64))]);
    });

    test('pops a tag', async ({ datapath, a, b }) => {
      datapath.putFlow(flowFrom(a, [{ do: 'pop_vlan' }, output(b)]));
      await datapath.settle();
      a.inject(tagged(udpPacket(), 5));
      expect(await taken(b, 1)).toEqual([hex(udpPacket())]);
    });

    test('sets addresses and ports and keeps the checksums right', async ({ datapath, a, b }) => {
      const fields = [
        setField('eth_src', '02 00 00 00 00 99'),
        setField('nw_src', 'c0 a8 01 07'),
        setField('nw_ttl', '3f'),
        setField('nw_tos', 'b8', 'fc'),
        setField('tp_dst', '00 35'),
      ];
      datapath.putFlow(flowFrom(a, [{ do: 'set', header: 'eth', fields }, output(b)]));
      await datapath.settle();
      a.inject(udpPacket());
      const [sent] = await taken(b, 1);
      const bytes = bytesOf(sent ?? '');
      expect(hex(bytes.subarray(6, 12))).toBe('020000000099');
      expect(hex(bytes.subarray(26, 30))).toBe('c0a80107');
      expect([bytes[15], bytes[22], get16(bytes, 36)]).toEqual([0xb8, 0x3f, 53]);
      expect(hasGoodChecksums(bytes)).toBe(true);
    });

    test('cuts one output and not the next', async ({ datapath, a, b, c }) => {
      datapath.putFlow(flowFrom(a, [{ do: 'trunc', maxSize: 20 }, output(b), output(c)]));
      await datapath.settle();
      a.inject(udpPacket());
      expect(await taken(b, 1)).toEqual([hex(udpPacket().subarray(0, 20))]);
      expect(await taken(c, 1)).toEqual([hex(udpPacket())]);
    });

    test('drops by an empty action list and names it', async ({ datapath, upcalls, a }) => {
      datapath.putFlow(flowFrom(a, []));
      await datapath.settle();
      a.inject(udpPacket());
      await until(() => datapath.drops().get('explicit') === 1);
      expect(upcalls).toEqual([]);
    });

    test('sends a miss up with its key and bytes intact', async ({ datapath, upcalls, a }) => {
      a.inject(tagged(udpPacket(), 7));
      await until(() => upcalls.length === 1);
      const [upcall] = upcalls;
      expect(upcall?.reason).toBe('miss');
      expect(hex(upcall?.bytes ?? new Uint8Array())).toBe(hex(tagged(udpPacket(), 7)));
      expect(whole(upcall)).toEqual(keyOf(tagged(udpPacket(), 7), a));
      expect(datapath.stats().missCount).toBe(1);
    });

    test('sends up on purpose and goes on', async ({ datapath, upcalls, a, b }) => {
      datapath.putFlow(flowFrom(a, [sendUp, output(b)]));
      await datapath.settle();
      a.inject(udpPacket());
      await until(() => upcalls.length === 1);
      expect(upcalls[0]?.reason).toEqual({ cookie: toController });
      expect(await taken(b, 1)).toEqual([hex(udpPacket())]);
    });

    test('misses that come while the first is answered follow it through the new flow, in order', async ({
      datapath,
      upcalls,
      a,
      b,
    }) => {
      datapath.onUpcalls = (batch) => {
        upcalls.push(...batch);
        for (const packet of batch) datapath.putFlow(flowFrom(a, [output(b)]), packet);
      };
      const packets = Array.from({ length: 20 }, (_, n) => udpPacket({ payload: (n + 16).toString(16) }));
      a.inject(...packets);
      expect(await taken(b, 20)).toEqual(packets.map(hex));
      expect(upcalls.length).toBe(1);
    });

    test('first packets of different connections all go up', async ({ upcalls, a }) => {
      a.inject(...Array.from({ length: 50 }, (_, n) => udpPacket({ source: n + 1 })));
      await until(() => upcalls.length === 50);
    });

    test('executes in order with the flows put before it', async ({ datapath, a, b }) => {
      datapath.putFlow(flowFrom(a, [output(b)]));
      datapath.execute(packetFrom(a), [output(b)]);
      await datapath.settle();
      a.inject(arpRequest());
      expect(await taken(b, 2)).toEqual([hex(udpPacket()), hex(arpRequest())]);
    });

    test('an executed packet may be sent up again', async ({ datapath, upcalls, a }) => {
      datapath.execute(packetFrom(a), [sendUp]);
      await until(() => upcalls.length === 1);
      expect(whole(upcalls[0])).toEqual(keyOf(udpPacket(), a));
    });

    test('a flow of the same id takes the place of the old one and keeps its counters', async ({
      datapath,
      a,
      b,
      c,
      silent,
    }) => {
      datapath.putFlow(flowFrom(a, [output(b)]));
      await datapath.settle();
      a.inject(udpPacket());
      await taken(b, 1);
      datapath.putFlow(flowFrom(a, [output(c)]));
      await datapath.settle();
      a.inject(udpPacket());
      expect(await taken(c, 1)).toEqual([hex(udpPacket())]);
      await silent(b);
      await until(() => statsOf(datapath, 0)?.packetCount === 2);
    });

    test('a flow of the same id and another match leaves nothing of the old one', async ({
      datapath,
      upcalls,
      a,
      b,
      c,
    }) => {
      datapath.putFlow(flowFrom(a, [output(c)]));
      datapath.putFlow(flowFrom(b, [output(c)]));
      await datapath.settle();
      a.inject(udpPacket());
      await until(() => upcalls.length === 1);
      b.inject(udpPacket());
      expect(await taken(c, 1)).toEqual([hex(udpPacket())]);
    });

    test('a deleted flow misses; its id starts from zero when used again', async ({
      datapath,
      upcalls,
      a,
      b,
      c,
    }) => {
      datapath.putFlow(flowFrom(a, [output(b)]));
      await datapath.settle();
      a.inject(udpPacket());
      await taken(b, 1);
      datapath.deleteFlow(0);
      expect(statsOf(datapath, 0)).toBeUndefined();
      await datapath.settle();
      a.inject(udpPacket());
      await until(() => upcalls.length === 1);
      datapath.putFlow(flowFrom(b, [output(c)]));
      expect(statsOf(datapath, 0)).toEqual({ packetCount: 0, byteCount: 0, usedAt: 0, tcpFlags: 0 });
      await datapath.settle();
      expect(statsOf(datapath, 0)?.packetCount).toBe(0);
    });

    test('flushing deletes all flows', async ({ datapath, upcalls, a, b, c }) => {
      datapath.putFlow(flowFrom(a, [output(c)], 0));
      datapath.putFlow(flowFrom(b, [output(c)], 1));
      datapath.flushFlows();
      await datapath.settle();
      expect(datapath.stats().flowCount).toBe(0);
      a.inject(udpPacket());
      b.inject(udpPacket());
      await until(() => upcalls.length === 2);
    });

    test('masks are honoured: bits outside do not matter, bits inside do', async ({
      datapath,
      upcalls,
      a,
      b,
    }) => {
      const key = keyOf(udpPacket(), a);
      const mask = newKey();
      maskSlot(mask, 'in_port');
      maskSlot(mask, 'tp_src');
      datapath.putFlow({ id: 0, ...packed(key, mask), actions: [output(b)] });
      await datapath.settle();
      const other = udpPacket({ payload: '5a' });
      a.inject(udpPacket(), other, udpPacket({ source: 1001 }));
      expect(await taken(b, 2)).toEqual([hex(udpPacket()), hex(other)]);
      await until(() => upcalls.length === 1);
      expect(datapath.stats()).toMatchObject({ hitCount: 2, missCount: 1, flowCount: 1, maskCount: 1 });
    });

    test('counts packets, bytes and the time of use', async ({ datapath, a, b }) => {
      datapath.putFlow(flowFrom(a, [output(b)]));
      await datapath.settle();
      a.inject(udpPacket(), udpPacket(), arpRequest());
      await taken(b, 3);
      const size = 2 * udpPacket().length + arpRequest().length;
      await until(() => (statsOf(datapath, 0)?.usedAt ?? 0) > 0 && statsOf(datapath, 0)?.byteCount === size);
      expect(statsOf(datapath, 0)).toMatchObject({ packetCount: 3, tcpFlags: 0 });
      await until(() => datapath.portCounters(b.port)?.txPackets === 3);
      await until(() => datapath.portCounters(a.port)?.rxPackets === 3);
      expect(datapath.portCounters(a.port)?.rxBytes).toBe(size);
    });

    test('refuses flows beyond its capacity and goes on', async ({ datapath }) => {
      for (let id = 0; id <= capacity; id++) datapath.putFlow(flowOf(id));
      await datapath.settle();
      expect(datapath.flowCapacity).toBe(capacity);
      expect(datapath.stats().flowCount).toBe(capacity);
      expect(statsOf(datapath, capacity)).toBeUndefined();
      datapath.deleteFlow(0);
      datapath.putFlow(flowOf(capacity));
      expect(statsOf(datapath, capacity)).toBeDefined();
    });

    test('drops what is longer than the MTU of the output, tags aside', async ({ datapath, a, b }) => {
      const size = udpPacket().length;
      datapath.setPortMtu(b.port, size - 14);
      datapath.putFlow(flowFrom(a, [output(b)]));
      await datapath.settle();
      a.inject(tagged(udpPacket(), 9), udpPacket({ payload: '414243444546' }), udpPacket());
      expect(await taken(b, 2)).toEqual([hex(tagged(udpPacket(), 9)), hex(udpPacket())]);
      await until(() => datapath.drops().get('tooLong') === 1);
    });

    test('sends packets up with the checksum that they would have on the wire', async ({
      datapath,
      upcalls,
      a,
    }) => {
      const offload = { checksumStart: 34, checksumOffset: 6, gsoType: 0, gsoSize: 0, headerSize: 0 };
      const packet = udpPacket({ isPartial: true });
      const set: DpAction = { do: 'set', header: 'eth', fields: [setField('nw_dst', '0a 00 00 63')] };
      datapath.execute({ ...packetFrom(a, packet), offload }, [set, sendUp]);
      await until(() => upcalls.length === 1);
      const [upcall] = upcalls;
      expect(upcall?.offload).toBeUndefined();
      const bytes = upcall?.bytes ?? new Uint8Array();
      expect(get16(bytes, 32)).toBe(0x63);
      expect(hasGoodChecksums(bytes)).toBe(true);
    });

    test('very short frames do no harm', async ({ datapath, upcalls, a }) => {
      datapath.putFlow(
        flowFrom(a, [
          { do: 'pop_vlan' },
          { do: 'push_vlan', tpid: 0x8100, tci: 0x1001 },
          { do: 'set', header: 'eth', fields: [setField('eth_src', hostA)] },
          sendUp,
        ]),
      );
      await datapath.settle();
      a.inject(...Array.from({ length: 30 }, (_, size) => udpPacket().subarray(0, size + 14)));
      await until(() => upcalls.length === 30);
    });

    /** Never matches what the tests inject; every id another key. */
    function flowOf(id: number): DpFlow {
      const key = newKey();
      const mask = newKey();
      writeSlot(key, 'eth_src', [2, 0, 0, 1, 0, id]);
      maskSlot(mask, 'eth_src');
      return { id, ...packed(key, mask), actions: [] };
    }
  });
}
