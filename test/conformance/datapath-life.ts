/** Ports and flows of a datapath as its owner sees them, while it is there and when another comes after it. */
import { describe, expect } from 'vitest';
import { dpPort } from '../../src/base/units.ts';
import type { Ufid } from '../../src/datapath/ufid.ts';
import { flowFrom, output, statsOf, taken, until } from './datapath-harness.ts';
import { arpRequest, hex, udpPacket } from './packets.ts';
import { type OpenDatapath, wiredTest } from './wired-datapath.ts';

const someUfid = '00112233-4455-4677-8899-aabbccddeeff' as Ufid;

export function describeDatapathLife(name: string, open: OpenDatapath): void {
  describe(`${name}: ports, flows and owners`, () => {
    const test = wiredTest(open);

    test('counts output to a port that is gone, under traffic', async ({ datapath, a, b, c }) => {
      datapath.putFlow(flowFrom(a, [output(b), output(c)]));
      await datapath.settle();
      a.inject(...Array.from({ length: 100 }, () => udpPacket()));
      await datapath.removePort(b.port);
      expect(datapath.ports().has(b.port)).toBe(false);
      a.inject(udpPacket());
      await taken(c, 101);
      await until(() => (datapath.drops().get('noSuchPort') ?? 0) >= 1);
    });

    test('numbers of removed ports are free again, taken ones are not given', async ({
      harness,
      datapath,
      b,
    }) => {
      expect((await harness.addWire(b.port)).port).toBe(4);
      await datapath.removePort(b.port);
      expect((await harness.addWire()).port).toBe(2);
      expect((await harness.addWire(dpPort(0))).port).toBe(0);
    });

    test('a port says what it is', ({ datapath, a }) => {
      expect(datapath.ports().get(a.port)).toMatchObject({ name: a.device.name, type: a.device.type });
      expect(datapath.ports().get(a.port)?.ifindex).toBe(a.device.ifindex);
    });

    test('lists flows as they were put, under the ufids they were given', ({ datapath, a, b, c }) => {
      const one = flowFrom(a, [output(b)], 0);
      const two = { ...flowFrom(b, [output(c)], 1), ufid: someUfid };
      datapath.putFlow(one);
      datapath.putFlow(two);
      expect([...datapath.flows()]).toEqual([one, two]);
    });

    test('left by its owner, it forwards on and is found as it was, or ends: as it says', async ({
      harness,
      datapath,
      upcalls,
      a,
      b,
    }) => {
      const flow = flowFrom(a, [output(b)]);
      datapath.putFlow(flow);
      await datapath.settle();
      a.inject(udpPacket());
      expect(await taken(b, 1)).toEqual([hex(udpPacket())]);
      const left = [...datapath.ports().keys()];
      await datapath.detach();
      if (!datapath.features.keepsForwarding) {
        const next = await harness.reopen();
        expect([[...next.ports()], [...next.flows()]]).toEqual([[], []]);
        return;
      }
      a.inject(udpPacket());
      expect(await taken(b, 1)).toEqual([hex(udpPacket())]);
      b.inject(udpPacket());
      const next = await harness.reopen();
      expect([...next.ports().keys()]).toEqual(left);
      expect([...next.flows()].map(({ ufid }) => ufid)).toEqual([flow.ufid]);
      expect(statsOf(next, 0)?.packetCount).toBe(2);
      expect(next.stats()).toMatchObject({ missCount: 1, lostCount: 1 });
      expect(await next.addPort(b.device)).toBe(b.port);
      a.inject(udpPacket());
      expect(await taken(b, 1)).toEqual([hex(udpPacket())]);
      b.inject(arpRequest());
      expect(upcalls).toEqual([]);
    });

    test('destroyed, nothing of it is found', async ({ harness, datapath, a, b }) => {
      datapath.putFlow(flowFrom(a, [output(b)]));
      await datapath.destroy();
      await datapath.destroy();
      const next = await harness.reopen();
      expect([[...next.ports()], [...next.flows()]]).toEqual([[], []]);
    });
  });
}
