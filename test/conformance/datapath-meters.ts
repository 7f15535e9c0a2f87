/** Meters of a datapath: part of what test/conformance/datapath.ts asks of every one. */
import { describe, expect } from 'vitest';
import { flowFrom, output, taken, until } from './datapath-harness.ts';
import { udpPacket } from './packets.ts';
import { type OpenDatapath, wiredTest } from './wired-datapath.ts';

interface MeterFixtures {
  /** Packets that a meter has had. */
  readonly counted: (id: number) => number | undefined;
}

export function describeDatapathMeters(name: string, open: OpenDatapath): void {
  describe(`${name}: meters`, () => {
    const test = wiredTest(open).extend<MeterFixtures>({
      counted: ({ datapath }, use) => use((id) => datapath.meterStats(id)?.packetCount),
    });
    /** Too slow to give a second packet while a test runs. */
    const oneAtOnce = { unit: 'packets', bands: [{ rate: 0.001, burst: 1 }] } as const;

    test('let pass what they allow, count all, and hold for all ports together', async ({
      datapath,
      a,
      b,
      c,
      counted,
    }) => {
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

    test('may be of what comes in by one port', async ({ datapath, a, b, c }) => {
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

    test('begin anew when they are changed, and pass everything when they are gone', async ({
      datapath,
      a,
      b,
      counted,
    }) => {
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
