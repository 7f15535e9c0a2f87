/** Meters of a datapath: part of what test/conformance/datapath.ts asks of every one. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Datapath } from '../../src/datapath/provider.ts';
import {
  type DatapathHarness,
  flowFrom,
  openWired,
  output,
  taken,
  until,
  type Wire,
} from './datapath-harness.ts';
import { udpPacket } from './packets.ts';

export function describeDatapathMeters(
  name: string,
  open: (flowCapacity: number) => Promise<DatapathHarness>,
): void {
  describe(`${name}: meters`, () => {
    let harness: DatapathHarness;
    let datapath: Datapath;
    let a: Wire;
    let b: Wire;
    let c: Wire;
    /** Too slow to give a second packet while a test runs. */
    const oneAtOnce = { unit: 'packets', bands: [{ rate: 0.001, burst: 1 }] } as const;

    beforeEach(async () => {
      ({ harness, datapath, a, b, c } = await openWired(open, 8));
    });
    afterEach(() => harness.close());

    const counted = (id: number): number | undefined => datapath.meterStats(id)?.packetCount;

    test('let pass what they allow, count all, and hold for all ports together', async () => {
      const id = datapath.addMeter(oneAtOnce) ?? -1;
      expect(id).toBe(0);
      for (const [n, wire] of [a, b].entries())
        datapath.putFlow({ ...flowFrom(wire, [{ do: 'meter', id }, output(c)]), id: n });
      await datapath.settle();
      for (const wire of [a, b, a]) wire.inject(udpPacket());
      await until(() => counted(id) === 3);
      await datapath.settle();
      expect(c.take().length).toBe(1);
      const bytes = udpPacket().length;
      expect(datapath.meterStats(id)).toEqual({
        packetCount: 3,
        byteCount: 3 * bytes,
        bands: [{ packetCount: 2, byteCount: 2 * bytes }],
      });
      expect(datapath.drops().get('meter')).toBe(2);
    });

    test('may be of what comes in by one port', async () => {
      for (const [n, wire] of [a, b].entries()) datapath.putFlow({ ...flowFrom(wire, [output(c)]), id: n });
      datapath.setPortLimits(a.port, [oneAtOnce, { unit: 'kilobits', bands: [{ rate: 1, burst: 8000 }] }]);
      await datapath.settle();
      for (const wire of [a, a, b, b, a]) wire.inject(udpPacket());
      expect((await taken(c, 3)).length).toBe(3);
      await until(() => datapath.drops().get('policed') === 2);
      datapath.setPortLimits(a.port, []);
      await datapath.settle();
      a.inject(udpPacket(), udpPacket());
      expect((await taken(c, 2)).length).toBe(2);
    });

    test('begin anew when they are changed, and pass everything when they are gone', async () => {
      const id = datapath.addMeter(oneAtOnce) ?? -1;
      datapath.putFlow(flowFrom(a, [{ do: 'meter', id }, output(b)]));
      await datapath.settle();
      a.inject(udpPacket());
      await until(() => counted(id) === 1);
      datapath.changeMeter(id, oneAtOnce);
      expect(datapath.meterStats(id)?.packetCount).toBe(0);
      await datapath.settle();
      a.inject(udpPacket(), udpPacket());
      await until(() => counted(id) === 2);
      datapath.deleteMeter(id);
      expect(datapath.meterStats(id)).toBeUndefined();
      await datapath.settle();
      a.inject(udpPacket());
      expect(await taken(b, 3)).toHaveLength(3);
      expect(datapath.addMeter(oneAtOnce)).toBe(id);
    });
  });
}
