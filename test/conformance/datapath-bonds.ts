/** Bonds of a datapath: part of what test/conformance/datapath.ts asks of every one. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bondHashCount } from '../../src/datapath/bond.ts';
import type { Datapath } from '../../src/datapath/provider.ts';
import { type DatapathHarness, flowFrom, openWired, taken, until, type Wire } from './datapath-harness.ts';
import { udpPacket } from './packets.ts';

export function describeDatapathBonds(
  name: string,
  open: (flowCapacity: number) => Promise<DatapathHarness>,
): void {
  describe(`${name}: bonds`, () => {
    let harness: DatapathHarness;
    let datapath: Datapath;
    let a: Wire;
    let b: Wire;
    let c: Wire;

    beforeEach(async () => {
      ({ harness, datapath, a, b, c } = await openWired(open, 8));
    });
    afterEach(() => harness.close());

    const allTo = (wire: Wire) => Array.from({ length: bondHashCount }, () => wire.port);

    test('send by the port of the hash, count what goes out, and count on when ports change', async () => {
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

    test('drop what no port is for, and all once they are gone', async () => {
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
