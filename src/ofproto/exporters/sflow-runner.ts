/** Joins the sFlow agent of a switch to its ports, to collectors and to time. */
import { readIpv4, readIpv6 } from '../../base/addresses.ts';
import { SyscallFailed } from '../../base/errors.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import type { CookieOf } from '../../datapath/cookie.ts';
import type { SentUp, Upcall } from '../../datapath/provider.ts';
import { isIpAddress } from '../../net/remote.ts';
import type { SFlowPart } from '../../wire/sflow.ts';
import type { OfprotoPort } from '../port.ts';
import { Collectors } from './collectors.ts';
import type { ExportHost } from './host.ts';
import { SFlowAgent, type SFlowConfig } from './sflow.ts';
import { countersOfPort, countersOfProcess } from './sflow-counters.ts';
import { type SFlowPort, sFlowSampleOf } from './sflow-sample.ts';

const log = logger('sflow');
const addressLog = logger('socket_util');
const noCollectors = new LimitedSite({ perMinute: 1, burst: 5 });

const collectorPort = 6343;
const tickInterval = 1000;
/** Types of tunnels, whose ports are known without an interface index. */
const tunnels: ReadonlySet<string> = new Set(['gre', 'vxlan', 'lisp', 'geneve']);

export interface SFlowRunnerDeps {
  readonly host: ExportHost;
  readonly timers: Timers;
  readonly random: Random;
  readonly ports: () => Iterable<OfprotoPort>;
  /** Of these, by its number in the datapath. */
  readonly portOf: (dpPort: number) => OfprotoPort | undefined;
  /** 16 hex digits. */
  readonly datapathId: () => string;
  /** Packets are to be sampled, or no longer. */
  readonly changed: () => void;
}

export class SFlowRunner {
  readonly #deps: SFlowRunnerDeps;
  readonly #config: SFlowConfig;
  readonly #collectors: Collectors;
  #agent: SFlowAgent | undefined;
  #isClosed = false;

  constructor(config: SFlowConfig, deps: SFlowRunnerDeps) {
    this.#deps = deps;
    this.#config = config;
    const { openDatagrams } = deps.host;
    this.#collectors = new Collectors(config.targets, collectorPort, openDatagrams, () => this.#start());
    if (this.#collectors.count === 0)
      log.limited('warn', noCollectors, 'no collectors could be initialized, sFlow disabled');
    else this.#start();
  }

  /** Of 2^32-1 packets, so many are to be sampled. */
  get probability(): number {
    return this.#agent?.probability ?? 0;
  }

  /** As sFlow knows a port of the datapath; 0 where it does not. */
  indexOf(dpPort: number): number {
    return this.#portOf(dpPort)?.index ?? 0;
  }

  addPacket(
    packet: Pick<Upcall, 'key' | 'bytes'>,
    sentUp: SentUp & { readonly cookie: CookieOf<'sFlow'> },
  ): void {
    const { headerSize } = this.#config;
    this.#agent?.addPacket(sFlowSampleOf(packet, sentUp, (port) => this.#portOf(port), headerSize));
  }

  /** When to call `run` next. */
  get due(): Ms {
    const now = this.#deps.timers.clock.now();
    return ms((Math.floor(now / tickInterval) + 1) * tickInterval);
  }

  /** To be called once a second. */
  run(): Ms {
    const agent = this.#agent;
    if (agent !== undefined) void this.#tick(agent);
    return this.due;
  }

  close(): void {
    this.#isClosed = true;
    this.#collectors.close();
    this.#deps.host.processCounters.leave(this);
    this.#agent = undefined;
  }

  /** As soon as it is known by which address the agent is. */
  #start(): void {
    if (this.#agent !== undefined || this.#isClosed) return;
    const address = this.#address();
    if (address === undefined) return;
    const { timers, random, changed } = this.#deps;
    log.info(`creating sFlow agent ${this.#config.subAgent}`);
    const send = (datagram: Uint8Array): void => this.#collectors.send(datagram);
    this.#agent = new SFlowAgent(this.#config, address, { clock: timers.clock, random, send });
    changed();
  }

  #address(): Uint8Array | undefined {
    const { controlAddress } = this.#config;
    const named = this.#namedAddress();
    const { localAddress, isOpening } = this.#collectors;
    const address = named ?? localAddress ?? (isOpening ? undefined : controlAddress);
    if (address !== undefined) return address.includes(':') ? readIpv6(address) : readIpv4(address);
    if (!isOpening) log.err('could not determine IP address for sFlow agent');
    return undefined;
  }

  #namedAddress(): string | undefined {
    const { agent } = this.#config;
    if (agent === undefined) return undefined;
    const address = this.#deps.host.addressOf(agent) ?? (isIpAddress(agent) ? agent : undefined);
    if (address === undefined) addressLog.err(`${agent}: bad IP address "${agent}"`);
    return address;
  }

  async #tick(agent: SFlowAgent): Promise<void> {
    const byIndex = new Map<number, OfprotoPort>();
    for (const port of this.#deps.ports()) {
      const { ifindex } = port.netdev.state;
      if (ifindex > 0) byIndex.set(ifindex, port);
    }
    for (const source of agent.tick(byIndex.keys()))
      agent.addCounters(source, await this.#countersOf(source, byIndex.get(source)));
    if (agent === this.#agent) agent.flush();
  }

  /** Undefined where there is nothing to tell: another switch tells of the process, or the device is on its way out. */
  async #countersOf(source: number, port: OfprotoPort | undefined): Promise<SFlowPart[] | undefined> {
    const { host, datapathId } = this.#deps;
    if (source === this.#agent?.source) {
      const totals = host.processCounters.read(this);
      return totals && countersOfProcess(totals);
    }
    try {
      return port && (await countersOfPort(port, datapathId()));
    } catch (why) {
      if (why instanceof SyscallFailed) return undefined;
      throw why;
    }
  }

  #portOf(dpPort: number): SFlowPort | undefined {
    const netdev = this.#deps.portOf(dpPort)?.netdev;
    if (netdev === undefined) return undefined;
    const { type, state } = netdev;
    return state.ifindex > 0 || tunnels.has(type) ? { index: state.ifindex, type } : undefined;
  }
}
