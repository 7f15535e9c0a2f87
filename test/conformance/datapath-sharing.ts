/** What several ports share in a datapath, whichever workers receive on them: order, counters, answers. */
import { describe, expect } from 'vitest';
import { maskSlot, newKey } from '../../src/flow/key.ts';
import { slots } from '../../src/flow/slots.ts';
import { flowFrom, keyOf, output, packed, statsOf, taken, until } from './datapath-harness.ts';
import { arpRequest, hex, udpPacket } from './packets.ts';
import { type OpenDatapath, wiredTest } from './wired-datapath.ts';

export function describeSharing(name: string, open: OpenDatapath): void {
  describe(`${name}: several ports at once`, () => {
    const test = wiredTest(open);

    test('keeps the order of each port where several send to one', async ({ datapath, a, b, c }) => {
      datapath.putFlow(flowFrom(a, [output(c)], 0));
      datapath.putFlow(flowFrom(b, [output(c)], 1));
      await datapath.settle();
      const packetsOf = (first: number): Uint8Array[] =>
        Array.from({ length: 100 }, (_, n) => udpPacket({ source: first + n }));
      const [ofA, ofB] = [packetsOf(1000), packetsOf(2000)];
      for (let n = 0; n < 100; n++) {
        a.inject(...ofA.slice(n, n + 1));
        b.inject(...ofB.slice(n, n + 1));
      }
      const sent = await taken(c, 200);
      const isOf = (packets: readonly Uint8Array[]) => (text: string) => packets.map(hex).includes(text);
      expect(sent.filter(isOf(ofA))).toEqual(ofA.map(hex));
      expect(sent.filter(isOf(ofB))).toEqual(ofB.map(hex));
    });

    test('sums what the packets of several ports count', async ({ datapath, upcalls, a, b, c }) => {
      const [key, mask] = [keyOf(udpPacket(), a), newKey()];
      maskSlot(mask, 'eth_type');
      datapath.putFlow({ id: 0, ...packed(key, mask), actions: [output(c)] });
      await datapath.settle();
      for (const wire of [a, b, c]) wire.inject(udpPacket(), arpRequest());
      await taken(c, 3);
      await until(() => upcalls.length === 3);
      await until(() => statsOf(datapath, 0)?.byteCount === 3 * udpPacket().length);
      expect(statsOf(datapath, 0)?.packetCount).toBe(3);
      await until(() => datapath.stats().hitCount === 3);
      expect(datapath.stats()).toMatchObject({ hitCount: 3, missCount: 3, flowCount: 1, maskCount: 1 });
      await until(() => datapath.portCounters(c.port)?.txPackets === 3);
      await until(() => datapath.portCounters(c.port)?.rxPackets === 2);
      expect(datapath.portCounters(c.port)?.txBytes).toBe(3 * udpPacket().length);
    });

    test('each port gets the answers to its own misses, in order', async ({ datapath, upcalls, a, b, c }) => {
      datapath.onUpcalls = (batch) => {
        upcalls.push(...batch);
        for (const packet of batch) {
          const wire = packet.key[slots.in_port.word] === a.port ? a : b;
          datapath.putFlow(flowFrom(wire, [output(c)], wire.port), packet);
        }
      };
      const packetsOf = (letter: string): Uint8Array[] =>
        Array.from({ length: 10 }, (_, n) => udpPacket({ payload: `${letter}${n.toString(16)}` }));
      a.inject(...packetsOf('a'));
      b.inject(...packetsOf('b'));
      const sent = await taken(c, 20);
      for (const letter of ['a', 'b']) {
        const own = packetsOf(letter).map(hex);
        expect(sent.filter((text) => own.includes(text))).toEqual(own);
      }
    });
  });
}
