/** What a datapath tells of packets that it drops: part of what test/conformance/datapath.ts asks of every one. */
import { describe, expect } from 'vitest';
import type { DpDrop, DropWatch, DropWatching } from '../../src/datapath/drop-watch.ts';
import { matchOn } from '../../src/flow/match.ts';
import { slots } from '../../src/flow/slots.ts';
import { flowFrom, until, type Wire } from './datapath-harness.ts';
import { arpRequest, hex, udpPacket } from './packets.ts';
import { type OpenDatapath, wiredTest } from './wired-datapath.ts';

interface DropFixtures {
  /** Injects packets and waits for their drops: of wire a, since there is nothing to do; of wire b, for congestion. */
  readonly dropped: (wire: Wire, ...packets: readonly Uint8Array[]) => Promise<void>;
  /** All that was told of dropped packets. */
  readonly seen: DpDrop[];
  readonly watch: (wanted: Partial<DropWatch>) => Promise<DropWatching>;
}

export function describeDatapathDrops(name: string, open: OpenDatapath): void {
  describe(`${name}: drops`, () => {
    const test = wiredTest(open).extend<DropFixtures>({
      dropped: async ({ datapath, a, b }, use) => {
        datapath.putFlow({ ...flowFrom(a, []), id: 0 });
        datapath.putFlow({ ...flowFrom(b, [{ do: 'drop', reason: 'congestion' }]), id: 1 });
        await datapath.settle();
        await use(async (wire, ...packets) => {
          const before = sum(datapath.drops());
          wire.inject(...packets);
          await until(() => sum(datapath.drops()) === before + packets.length);
          await datapath.settle();
        });
      },
      seen: ({ task: _ }, use) => use([]),
      watch: ({ datapath, seen }, use) =>
        use(async (wanted) => {
          const all = { rate: 1000, headSize: 20, match: undefined, ...wanted };
          const watching = datapath.watchDrops(all, (drops) => void seen.push(...drops));
          await datapath.settle();
          return watching;
        }),
    });

    test('are counted by the port that received them', async ({ datapath, a, b, dropped }) => {
      await dropped(a, udpPacket(), arpRequest());
      await dropped(b, udpPacket());
      expect([...datapath.portDrops(a.port)]).toEqual([['explicit', 2]]);
      expect([...datapath.portDrops(b.port)]).toEqual([['congestion', 1]]);
      expect([...datapath.drops()]).toEqual([
        ['explicit', 2],
        ['congestion', 1],
      ]);
    });

    test('are shown to those who watch, with their first bytes and the key that they met the flow with', async ({
      datapath,
      a,
      b,
      seen,
      watch,
      dropped,
    }) => {
      const watching = await watch({});
      await dropped(a, udpPacket());
      await dropped(b, arpRequest());
      await until(() => seen.length === 2);
      expect(seen.map(({ reason, size, head }) => [reason, size, hex(head)])).toEqual([
        ['explicit', udpPacket().length, hex(udpPacket().subarray(0, 20))],
        ['congestion', arpRequest().length, hex(arpRequest().subarray(0, 20))],
      ]);
      expect(seen.map(({ key }) => key[slots.in_port.word])).toEqual([a.port, b.port]);
      watching.stop();
      await datapath.settle();
      await dropped(a, udpPacket());
      expect(seen).toHaveLength(2);
      expect(watching.missedCount).toBe(0);
    });

    test('are shown as far as a match lets them through, to each who watches', async ({
      a,
      b,
      seen,
      watch,
      dropped,
    }) => {
      const one = await watch({ match: matchOn({ eth_type: 0x0806 }) });
      const other = await watch({ match: matchOn({ in_port: b.port }), headSize: 0 });
      await dropped(a, udpPacket(), arpRequest());
      await dropped(b, udpPacket());
      await until(() => seen.length === 2);
      expect(seen.map(({ reason, head }) => [reason, head.length])).toEqual([
        ['explicit', 20],
        ['congestion', 0],
      ]);
      expect([one.missedCount, other.missedCount]).toEqual([0, 0]);
      one.stop();
      other.stop();
    });

    test('are shown no faster than was asked for, and the others are counted', async ({
      a,
      seen,
      watch,
      dropped,
    }) => {
      const watching = await watch({ rate: 0.001 });
      await dropped(a, ...Array.from({ length: 50 }, () => udpPacket()));
      await until(() => seen.length === 1);
      expect(watching.missedCount).toBe(49);
      watching.stop();
    });
  });
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((all, count) => all + count, 0);
}
