/**
 * Switches on the inline datapath under a clock that the test moves: frames in, frames out, nothing else. For
 * simulations and for the unit tests of src/ofproto.
 */
import { FakeClock } from '../../src/base/clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import { Timers } from '../../src/base/timers.ts';
import { ms, type OfPort } from '../../src/base/units.ts';
import { DummyDatapath } from '../../src/datapath/dummy/datapath.ts';
import { keyValues } from '../../src/flow/key-values.ts';
import { packMatch } from '../../src/flow/match.ts';
import { MatchBuilder } from '../../src/flow/match-text.ts';
import type { DatagramRemote } from '../../src/net/remote.ts';
import { systemTransport, type Transport } from '../../src/net/transport.ts';
import { type HostNetwork, noNetwork } from '../../src/netdev/host-network.ts';
import { ownDeviceState } from '../../src/netdev/own-state.ts';
import type { Netdev, NetdevStats, PortIo } from '../../src/netdev/provider.ts';
import { openPortIo } from '../../src/netdev/registry.ts';
import { Backer } from '../../src/ofproto/backer.ts';
import {
  type BundleConfig,
  type BundleLacp,
  defaultBundleConfig,
  defaultOfprotoConfig,
  type OfprotoConfig,
} from '../../src/ofproto/config.ts';
import { ProcessCounters } from '../../src/ofproto/exporters/host.ts';
import type { Ofproto } from '../../src/ofproto/ofproto.ts';
import { addRule } from '../../src/ofproto/tables/flow-transaction.ts';
import type { Rule } from '../../src/ofproto/tables/rule.ts';
import { TunnelHost } from '../../src/ofproto/tunnels/tunnel-host.ts';
import { readInstructionText } from '../../src/openflow/action-codec.ts';
import { portText } from '../../src/openflow/ports.ts';
import { type BondSettings, defaultBondSettings } from '../../src/protocols/bond-settings.ts';
import { processTotals } from '../../src/vswitchd/report/process-totals.ts';
import { MemoryPort } from '../conformance/memory-port.ts';

export class VirtualSwitch {
  readonly clock = new FakeClock(1000);
  readonly timers = new Timers(this.clock);
  readonly datapath: DummyDatapath;
  readonly backer: Backer;
  /** What exporters have sent. */
  readonly datagrams: (DatagramRemote & { readonly bytes: Uint8Array })[] = [];
  readonly #wires = new Map<string, MemoryPort>();
  #bfdSessionCount = 0;

  /**
   * How bridges that are told to talk OpenFlow do, whom the host sends packets for an address to, and what tunnels know
   * of it.
   */
  constructor(
    transport: Transport = systemTransport,
    neighbourOf?: (address: string) => string | undefined,
    network: HostNetwork = noNetwork,
  ) {
    this.datapath = new DummyDatapath('dummy', 'ovs-dummy', {
      clock: this.clock,
      random: seededRandom(2),
      openPort: (spec): PortIo => {
        if (spec.kind === 'tunnel') return openPortIo(spec);
        const { name } = spec;
        const wire = new MemoryPort();
        this.#wires.set(name, wire);
        return wire;
      },
    });
    this.backer = new Backer({
      datapath: this.datapath,
      timers: this.timers,
      random: seededRandom(1),
      transport,
      neighbourOf,
      tunnelHost: new TunnelHost(network, this.timers),
      exportHost: {
        openDatagrams: ({ host, port }) => ({
          name: `${host}:${port}`,
          localAddress: '192.0.2.1',
          send: (bytes) => this.datagrams.push({ host, port, bytes }),
          close() {},
        }),
        addressOf: () => undefined,
        nextExporterId: () => 1,
        processCounters: new ProcessCounters(() => processTotals([])),
      },
      nextBfdSession: () => this.#bfdSessionCount++,
    });
  }

  addBridge(name: string, config: Partial<OfprotoConfig> = {}): Ofproto {
    return this.backer.addBridge(name, { ...defaultOfprotoConfig, ...config });
  }

  /** A port with a bundle of its own, as one Port row with one Interface makes it. */
  async addPort(
    bridge: Ofproto,
    name: string,
    vlans: Partial<BundleConfig> = {},
    wanted?: OfPort,
  ): Promise<OfPort> {
    const number = await bridge.switchPorts.add(
      netdevOf(name, false),
      wanted === undefined ? {} : { wanted },
    );
    bridge.switchPorts.setBundle(name, { ...defaultBundleConfig, ...vlans, members: [number] });
    return number;
  }

  /** A port of several interfaces. */
  async addBond(
    bridge: Ofproto,
    name: string,
    interfaces: readonly string[],
    settings: Partial<BondSettings> = {},
    lacp?: BundleLacp,
  ): Promise<void> {
    const members: OfPort[] = [];
    for (const each of interfaces) members.push(await bridge.switchPorts.add(netdevOf(each, false)));
    const bond = { ...defaultBondSettings, ...settings };
    bridge.switchPorts.setBundle(name, { ...defaultBundleConfig, members, bond, lacp });
  }

  /** The cable of a port is plugged in or pulled out. */
  setCarrier(bridge: Ofproto, name: string, hasCarrier: boolean): void {
    const port = [...bridge.ports.values()].find((p) => p.name === name);
    if (port === undefined) throw new Error(`no port ${name}`);
    Object.assign(port.netdev.state, { hasCarrier });
    bridge.switchPorts.update(port.ofPort);
    this.advance(50); // flows are translated again
  }

  async addPatch(bridge: Ofproto, name: string, peer: string): Promise<OfPort> {
    const number = await bridge.switchPorts.add(netdevOf(name, true), { patchPeer: peer });
    bridge.switchPorts.setBundle(name, { ...defaultBundleConfig, members: [number] });
    return number;
  }

  async removePort(bridge: Ofproto, name: string): Promise<void> {
    const port = [...bridge.ports.values()].find((p) => p.name === name);
    bridge.switchPorts.removeBundle(name);
    if (port !== undefined) await bridge.switchPorts.remove(port.ofPort);
  }

  /** A rule as ovs-ofctl takes it: "table=1,priority=5,tcp,actions=output:2". */
  addFlow(bridge: Ofproto, text: string): Rule {
    const [match = '', actions = ''] = text.split('actions=');
    const context = { ports: portText };
    const made = { table: 0, priority: 32768 };
    const builder = new MatchBuilder();
    for (const { name, value } of keyValues(match)) {
      if (name === 'table' || name === 'priority') made[name] = Number(value);
      else if (!builder.take(name, value, portText)) throw new Error(`no field ${name}`);
    }
    const rule = { ...made, match: packMatch(builder.key, builder.mask) };
    return addRule(bridge.tables, { ...rule, actions: readInstructionText(actions, context) });
  }

  inject(port: string, ...frames: readonly Uint8Array[]): void {
    const wire = this.#wires.get(port);
    if (wire === undefined) throw new Error(`no port ${port}`);
    wire.inject(...frames);
  }

  /** What came out of each port since the last time, in hex; ports without frames are left out. */
  takeSent(): Record<string, string[]> {
    const sent: Record<string, string[]> = {};
    for (const [name, wire] of this.#wires) {
      const frames = wire.sent.splice(0).map(({ bytes }) => Buffer.from(bytes).toString('hex'));
      if (frames.length > 0) sent[name] = frames;
    }
    return sent;
  }

  /** Lets time pass, with everything that is due on the way. */
  advance(milliseconds: number): void {
    this.timers.advance(this.clock, ms(milliseconds));
  }
}

function netdevOf(name: string, isPatch: boolean): Netdev {
  return {
    name,
    type: isPatch ? 'patch' : 'dummy',
    state: ownDeviceState('00:00:00:00:00:00', undefined),
    portSpec: isPatch ? undefined : { kind: 'dummy', name },
    onChange: () => {},
    isGone: false,
    isAdopted: false,
    configure: async () => {},
    setUp: async () => {},
    stats: async (): Promise<NetdevStats> => new Map(),
    leave: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}
