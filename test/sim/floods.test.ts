/** What floods of a switch's own protocols may cost: tables that end, few packets that leave, and no other port's traffic. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { type BundleConfig, defaultBundleConfig, type OfprotoConfig } from '../../src/ofproto/config.ts';
import { noMonitoring } from '../../src/ofproto/monitoring/monitoring-config.ts';
import type { Ofproto } from '../../src/ofproto/ofproto.ts';
import type { OfprotoPort } from '../../src/ofproto/port.ts';
import { defaultTreePort, type TreeConfig } from '../../src/ofproto/spanning-tree/tree-config.ts';
import type { AddPortOptions } from '../../src/ofproto/switch-ports.ts';
import { Flood, type FloodKind, floodedBfd } from './floods.ts';
import { frameWith, hostB } from './frames.ts';
import { VirtualSwitch } from './virtual-switch.ts';

/** Milliseconds, and frames in each of them. */
const duration = 1000;
const framesAtOnce = 10;
const frameCount = duration * framesAtOnce;

const noTree = {
  stp: { ...defaultTreePort.stp, isWanted: false },
  rstp: { ...defaultTreePort.rstp, isWanted: false },
};
const stp: TreeConfig = {
  ...{ protocol: 'STP', mac: undefined, priority: 0x8000 },
  ...{ helloTime: 2000, maxAge: 20_000, forwardDelay: 15_000 },
};
const rstp: TreeConfig = {
  ...{ protocol: 'RSTP', mac: undefined, priority: 0x8000, replacesStp: false, isStpOnly: false },
  ...{ maxAge: 20, forwardDelay: 15, transmitHoldCount: 6 },
};

interface Flooded {
  readonly bridge: Ofproto;
  readonly port: OfprotoPort;
}

interface Scenario {
  readonly kind: FloodKind;
  readonly what: string;
  readonly bridge?: Partial<OfprotoConfig>;
  /** Of the port that is flooded. */
  readonly bundle?: Partial<BundleConfig>;
  readonly port?: AddPortOptions;
  /** What was heard and is remembered at last, and the most that may be. */
  readonly kept?: (flooded: Flooded) => number;
  readonly mostKept?: number;
  /** Messages that may leave. */
  readonly mostSent: number;
}

const second = duration / 1000;

const scenarios: readonly Scenario[] = [
  { kind: 'BPDU', what: 'STP', bridge: { tree: stp }, mostSent: second + 2 },
  // The hold count at once, and one more with each second.
  { kind: 'BPDU', what: 'RSTP', bridge: { tree: rstp }, mostSent: 6 + 2 * second },
  {
    ...{ kind: 'LACP', what: 'LACP', mostSent: 3 * (second + 1) },
    bundle: {
      lacp: {
        isActive: true,
        isFast: true,
        fallsBack: false,
        systemId: undefined,
        systemPriority: undefined,
      },
    },
  },
  {
    ...{ kind: 'IGMP', what: 'multicast snooping', mostKept: 100, mostSent: 0 },
    bridge: { multicast: { agingTime: 300, maxSize: 100, floodsUnregistered: false } },
    kept: ({ bridge }) => [...(bridge.protocols.multicast.state?.table.groups() ?? [])].length,
  },
  {
    ...{ kind: 'BFD', what: 'BFD', mostSent: frameCount },
    port: { monitoring: { ...noMonitoring, bfd: floodedBfd } },
  },
  {
    ...{ kind: 'CFM', what: 'CFM', mostKept: 256, mostSent: 20 * second + 1 },
    port: {
      monitoring: {
        ...noMonitoring,
        cfm: {
          ...{ mpid: 1n, interval: 100, isExtended: false, isDemand: false, isUp: true },
          ...{ vlan: 0, priority: 0, checksTunnelKey: false },
        },
      },
    },
    kept: ({ port }) => port.monitor?.reportCfm()?.remotes.length ?? 0,
  },
  {
    ...{ kind: 'LLDP', what: 'LLDP', mostKept: 64, mostSent: second },
    port: { discovery: 'on' },
    kept: ({ port }) => [...(port.lldp?.neighbours ?? [])].length,
  },
];

async function makeSwitch({ bridge: config, bundle, port }: Scenario): Promise<[VirtualSwitch, Flooded]> {
  const sw = new VirtualSwitch();
  const bridge = sw.addBridge('br0', { hwaddr: '02:00:00:00:00:0a', ...config });
  for (const name of ['a', 'b']) await sw.addPort(bridge, name, { tree: noTree });
  const number = await sw.addPort(bridge, 'loud', bundle);
  bridge.switchPorts.update(number, port);
  bridge.switchPorts.setBundle('loud', { ...defaultBundleConfig, ...bundle, members: [number] });
  bridge.protocols.all.settled();
  sw.advance(100);
  sw.takeSent();
  const flooded = bridge.ports.get(number);
  if (flooded === undefined) throw new Error('no port');
  return [sw, { bridge, port: flooded }];
}

test.each(scenarios)(
  'a flood of messages for $what is kept within bounds, and other ports forward',
  async (scenario) => {
    const { kind, kept, mostKept, mostSent } = scenario;
    const [sw, flooded] = await makeSwitch(scenario);
    const flood = new Flood(kind, seededRandom(1));
    const got = { b: 0, loud: 0 };
    let sentCount = 0;
    const fromA = (n: number): Uint8Array => {
      sentCount++;
      return frameWith({ dst: hostB, src: n.toString(16).padStart(12, '02000000') });
    };
    for (let at = 0; at < duration; at++) {
      sw.inject('loud', ...Array.from({ length: framesAtOnce }, () => flood.next()));
      if (at % 10 === 0) sw.inject('a', fromA(1), fromA(1000 + at)); // one that is known, and one that is not
      sw.advance(1);
      const { a: _, b = [], loud = [] } = sw.takeSent();
      got.b += b.filter((frame) => frame.startsWith(hostB)).length;
      got.loud += loud.filter((frame) => !frame.startsWith(hostB)).length;
    }
    expect(got.b).toBe(sentCount);
    expect(got.loud).toBeLessThanOrEqual(mostSent);
    if (kept !== undefined && mostKept !== undefined) {
      expect(kept(flooded)).toBeLessThanOrEqual(mostKept);
      expect(kept(flooded)).toBeGreaterThan(mostKept / 2);
    }
    expect(sw.timers.size).toBeLessThanOrEqual(1000);
    expect(sw.backer.flows.count).toBeLessThanOrEqual(sw.backer.revalidator.flowLimit);
    expect(flooded.bridge.macs.size).toBeLessThanOrEqual(8192);
  },
);
