/** Joins the IPFIX exporters of a switch to its ports, to collectors and to time. */
import { isDeepStrictEqual } from 'node:util';
import { orderAsHashed } from '../../base/hash-order.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import { encodeText } from '../../base/text.ts';
import type { Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import type { CookieOf } from '../../datapath/cookie.ts';
import type { Upcall } from '../../datapath/provider.ts';
import { getSlot } from '../../flow/key.ts';
import type { IpfixStats } from '../../openflow/messages/ipfix.ts';
import { ipProtocol } from '../../wire/ip.ts';
import type { OfprotoPort } from '../port.ts';
import { Collectors } from './collectors.ts';
import type { ExportHost } from './host.ts';
import { IpfixExporter } from './ipfix.ts';
import type { BridgeIpfixConfig, FlowIpfixConfig, IpfixConfig } from './ipfix-config.ts';
import { ipfixSampleOf, isTunnelType } from './ipfix-sample.ts';

const log = logger('ipfix');
const disabled = new LimitedSite({ perMinute: 1, burst: 5 });

const collectorPort = 4739;
const longestObserver = 254;
const every = 0xffffffff;
/** Of the datapath. */
const noPort = 0xffffffff;
/** UDP ports of BFD, by which the switch itself looks after its links. */
const bfdPorts: ReadonlySet<number> = new Set([3784, 3785]);

export interface IpfixRunnerDeps {
  readonly host: ExportHost;
  readonly timers: Timers;
  /** Of the switch, by its number in the datapath. */
  readonly portOf: (dpPort: number) => OfprotoPort | undefined;
  /** It is to be run at once. */
  readonly due: (runner: IpfixRunner) => void;
}

/** One exporter and where it sends to. */
class Sending {
  readonly exporter: IpfixExporter;
  #collectors: Collectors;
  #sentCount = 0;
  /** Of collectors before. */
  #errorCount = 0;
  readonly #host: ExportHost;

  constructor(
    id: number,
    config: IpfixConfig,
    collectors: Collectors,
    { host, timers }: IpfixRunnerDeps,
    due: () => void,
  ) {
    this.#host = host;
    this.#collectors = collectors;
    this.exporter = new IpfixExporter(config, {
      ...{ id, clock: timers.clock, due, errorCount: () => this.errorCount },
      send: (message) => {
        this.#sentCount += this.#collectors.count;
        this.#collectors.send(message);
      },
    });
  }

  get errorCount(): number {
    return this.#errorCount + this.#collectors.errorCount;
  }

  configure(config: IpfixConfig): void {
    this.#errorCount = this.errorCount;
    this.#collectors.close();
    this.#collectors = new Collectors(config.targets, collectorPort, this.#host.openDatagrams);
    this.exporter.configure(config);
  }

  close(): void {
    this.exporter.close();
    this.#collectors.close();
  }

  stats(collectorSet: number): IpfixStats {
    const { flows, currentFlows, packets, ipv4Packets, ipv6Packets, ...errors } = this.exporter.counters;
    return {
      collectorSet,
      totalFlows: BigInt(flows),
      currentFlows: BigInt(Math.max(0, currentFlows)),
      packets: BigInt(packets),
      ipv4Packets: BigInt(ipv4Packets),
      ipv6Packets: BigInt(ipv6Packets),
      errorPackets: BigInt(errors.errorPackets),
      ipv4ErrorPackets: BigInt(errors.ipv4ErrorPackets),
      ipv6ErrorPackets: BigInt(errors.ipv6ErrorPackets),
      sentPackets: BigInt(Math.max(0, this.#sentCount - this.errorCount)),
      sendErrors: BigInt(this.errorCount),
    };
  }
}

export class IpfixRunner {
  readonly #deps: IpfixRunnerDeps;
  #bridgeConfig: BridgeIpfixConfig | undefined;
  #bridge: Sending | undefined;
  /** Of the exporter of all packets, should there be one. */
  readonly #bridgeId: number;
  /** By the number of their collectors. */
  readonly #flows = new Map<number, Sending>();

  constructor(deps: IpfixRunnerDeps) {
    this.#deps = deps;
    this.#bridgeId = deps.host.nextExporterId();
  }

  configure(bridge: BridgeIpfixConfig | undefined, flows: FlowIpfixConfig): void {
    this.#bridge = this.#configureOne(this.#bridge, this.#bridgeConfig, bridge, () => this.#bridgeId);
    this.#bridgeConfig = bridge;
    for (const [id, config] of flows) {
      const before = this.#flows.get(id);
      const { nextExporterId } = this.#deps.host;
      const made = this.#configureOne(before, before?.exporter.config, config, nextExporterId);
      if (made !== undefined) this.#flows.set(id, made);
      else this.#flows.delete(id);
    }
    for (const [id, gone] of this.#flows) {
      if (flows.has(id)) continue;
      gone.close();
      this.#flows.delete(id);
    }
  }

  /** Of 2^32-1 packets, so many are sampled as they come in, and as they go out; undefined where none are. */
  get input(): number | undefined {
    return this.#bridgeConfig?.samplesInput === true ? this.#probability : undefined;
  }

  get output(): number | undefined {
    return this.#bridgeConfig?.samplesOutput === true ? this.#probability : undefined;
  }

  /** Collectors of all packets, and of those that actions sample for that number, are told of tunnels. */
  get samplesTunnels(): boolean {
    return this.#bridgeConfig?.samplesTunnels === true;
  }

  samplesTunnelsOf(collectorSet: number): boolean {
    return this.#flows.get(collectorSet)?.exporter.config.samplesTunnels === true;
  }

  get #probability(): number | undefined {
    if (this.#bridge === undefined || this.#bridgeConfig === undefined) return undefined;
    return Math.max(1, Math.floor(every / this.#bridgeConfig.sampling));
  }

  addPacket(upcall: Pick<Upcall, 'key' | 'bytes'>, cookie: CookieOf<'ipfix'>): void {
    const { key } = upcall;
    const isBfd = getSlot(key, 'nw_proto') === ipProtocol.udp && bfdPorts.has(getSlot(key, 'tp_dst'));
    if (this.#bridge === undefined || this.#bridgeConfig === undefined || isBfd) return;
    const { domain, point } = this.#bridgeConfig;
    const packets = Math.floor(every / (this.#probability ?? every));
    this.#add(this.#bridge, upcall, cookie, { domain, point, packets, direction: undefined });
  }

  addSampled(upcall: Pick<Upcall, 'key' | 'bytes'>, cookie: CookieOf<'flow_sample'>): void {
    const sending = this.#flows.get(cookie.collectorSetId);
    if (sending === undefined) return;
    this.#add(sending, upcall, cookie, {
      domain: cookie.observationDomainId,
      point: cookie.observationPointId,
      packets: Math.floor(0xffff / cookie.probability),
      direction: cookie.direction,
    });
  }

  /** Counters of the bridge's exporter; undefined where it has none. */
  bridgeStats(): IpfixStats | undefined {
    return this.#bridge?.stats(0);
  }

  /** Of those of flows, in the order in which the reference lists them. */
  flowStats(): IpfixStats[] {
    return orderAsHashed([...this.#flows], ([id]) => id).map(([id, sending]) => sending.stats(id));
  }

  run(): Ms {
    const all = [...this.#flows.values(), ...(this.#bridge === undefined ? [] : [this.#bridge])];
    return ms(Math.min(Number.POSITIVE_INFINITY, ...all.map(({ exporter }) => exporter.run())));
  }

  close(): void {
    this.configure(undefined, new Map());
  }

  #configureOne(
    sending: Sending | undefined,
    before: IpfixConfig | undefined,
    config: IpfixConfig | undefined,
    newId: () => number,
  ): Sending | undefined {
    if (config === undefined) {
      sending?.close();
      return undefined;
    }
    if (isDeepStrictEqual(config, before)) return sending;
    const { length } = encodeText(config.virtualObserver ?? '');
    if (length > longestObserver) {
      const limit = `should not be longer than ${longestObserver} bytes.`;
      log.limited('warn', disabled, `Virtual obsevation ID too long (${length} bytes), ${limit}`);
      sending?.close();
      return undefined;
    }
    if (sending !== undefined) {
      sending.configure(config);
      return sending;
    }
    const { host } = this.#deps;
    const collectors = new Collectors(config.targets, collectorPort, host.openDatagrams);
    if (collectors.count > 0)
      return new Sending(newId(), config, collectors, this.#deps, () => this.#deps.due(this));
    log.limited('warn', disabled, 'no collectors could be initialized, IPFIX exporter disabled');
    return undefined;
  }

  #add(
    { exporter }: Sending,
    upcall: Pick<Upcall, 'key' | 'bytes'>,
    { outputPort, isForwarded = false }: CookieOf<'ipfix' | 'flow_sample'>,
    {
      direction,
      ...said
    }: {
      readonly domain: number;
      readonly point: number;
      readonly packets: number;
      readonly direction: 'ingress' | 'egress' | undefined;
    },
  ): void {
    const { portOf } = this.#deps;
    const input = portOf(getSlot(upcall.key, 'in_port'));
    const hasTunnel = outputPort === noPort && getSlot(upcall.key, 'tun_dst') !== 0;
    exporter.addPacket(
      ipfixSampleOf(upcall, {
        ...{ ...said, isForwarded, input, output: portOf(outputPort) },
        isEgress: direction === undefined ? outputPort !== noPort : direction === 'egress',
        isTunnelled: exporter.config.samplesTunnels && hasTunnel && isTunnelType(input?.netdev.type ?? ''),
      }),
    );
  }
}
