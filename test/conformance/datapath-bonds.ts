/** Bonds of a datapath: part of what test/conformance/datapath.ts asks of every one. */
import { describe, expect } from 'vitest';
import { bondHashCount } from '../../src/datapath/bond.ts';
import { flowFrom, taken, until, type Wire } from './datapath-harness.ts';
import { udpPacket } from './packets.ts';
import { type OpenDatapath, wiredTest } from './wired-datapath.ts';

export function describeDatapathBonds(name: string, open: OpenDatapath): void {
  describe(`${name}: bonds`, () => {
    const test = wiredTest(open);

    const allTo = (wire: Wire) => Array.from({ length: bondHashCount }, () => wire.port);

    test('send by the port of the hash, count what goes out, and count on when ports change', async ({
      datapath,
      a,
      b,
      c,
    }) => {
      datapath.setBond(7, allTo(b));
      datapath.putFlow(flowFrom(a, [{ do: 'lb_output', bond: 7 }]));
      await datapath.settle();
      a.inject(udpPacket());
      expect(await taken(b, 1)).toHaveLength(1);
      datapath.setBond(7, allTo(c));
      await datapath.settle();
      a.inject(udpPacket());
      expect(await taken(c, 1)).toHaveLength(1);
      const bytes = Array.from({ length: bondHashCount }, (_, hash) => datapath.bondBytes(7, hash));
      expect(bytes.filter((count) => count > 0)).toEqual([2 * udpPacket().length]);
      expect([...datapath.bonds().keys()]).toEqual([7]);
    });

    test('drop what no port is for, and all once they are gone', async ({ datapath, a, b }) => {
      datapath.setBond(7, []);
      datapath.putFlow(flowFrom(a, [{ do: 'lb_output', bond: 7 }]));
      await datapath.settle();
      a.inject(udpPacket());
      await until(() => datapath.drops().get('noSuchPort') === 1);
      datapath.setBond(7, allTo(b));
      await datapath.settle();
      a.inject(udpPacket());
      await taken(b, 1);
      datapath.deleteBond(7);
      await datapath.settle();
      a.inject(udpPacket());
      await until(() => datapath.drops().get('noSuchPort') === 2);
      expect([...datapath.bonds()]).toEqual([]);
    });
  });
}
