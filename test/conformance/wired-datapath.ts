/** A datapath with three ports and their wires, made for each test that asks for it or for a part of it. */
import { test } from 'vitest';
import { dpPort } from '../../src/base/units.ts';
import type { Datapath, Upcall } from '../../src/datapath/provider.ts';
import { type DatapathHarness, flowOf, type Wire } from './datapath-harness.ts';

export type OpenDatapath = (flowCapacity: number) => Promise<DatapathHarness>;

interface WiredDatapath {
  readonly harness: DatapathHarness;
  readonly datapath: Datapath;
  /** All that have come so far. */
  readonly upcalls: Upcall[];
  /** Of port 1. */
  readonly a: Wire;
  /** Of port 2. */
  readonly b: Wire;
  /** Of port 3. */
  readonly c: Wire;
}

interface WiredFixtures extends WiredDatapath {
  readonly wired: WiredDatapath;
  /** Puts flows, by what they match and what they do. */
  readonly put: (...flows: readonly (readonly [match: string, actions: string])[]) => Promise<void>;
}

export function wiredTest(open: OpenDatapath, flowCapacity = 8) {
  return test.extend<WiredFixtures>({
    wired: async ({ task: _ }, use) => {
      const wired = await wire(await open(flowCapacity));
      await use(wired);
      await wired.harness.close();
    },
    harness: ({ wired }, use) => use(wired.harness),
    datapath: ({ wired }, use) => use(wired.datapath),
    upcalls: ({ wired }, use) => use(wired.upcalls),
    a: ({ wired }, use) => use(wired.a),
    b: ({ wired }, use) => use(wired.b),
    c: ({ wired }, use) => use(wired.c),
    put: ({ datapath }, use) =>
      use(async (...flows) => {
        flows.forEach(([match, actions], id) => void datapath.putFlow(flowOf(match, actions, id)));
        await datapath.settle();
      }),
  });
}

async function wire(harness: DatapathHarness): Promise<WiredDatapath> {
  const { datapath } = harness;
  const upcalls: Upcall[] = [];
  datapath.onUpcalls = (batch) => {
    upcalls.push(...batch);
  };
  const a = await harness.addWire(dpPort(1));
  const b = await harness.addWire(dpPort(2));
  const c = await harness.addWire(dpPort(3));
  return { harness, datapath, upcalls, a, b, c };
}
