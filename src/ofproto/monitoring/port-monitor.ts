/** What monitors the link of one port: CFM, BFD or both, run in time. Made by `Monitoring`. */
import { SyscallFailed } from '../../base/errors.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Timer, Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import type { NetdevStats } from '../../netdev/provider.ts';
import { Bfd } from '../../protocols/bfd.ts';
import type { BfdReport, BfdStatus } from '../../protocols/bfd-types.ts';
import { Cfm } from '../../protocols/cfm.ts';
import type { CfmReport, CfmStatus } from '../../protocols/cfm-types.ts';
import type { BfdMessage } from '../../wire/bfd.ts';
import { BfdSender, type PrepareFrame } from './bfd-sender.ts';
import { emitCcmFrame } from './frames.ts';
import type { PortBfd, PortCfm, PortMonitoring } from './monitoring-config.ts';

/** A port of a switch, as far as it is monitored. */
interface MonitoredPort {
  readonly name: string;
  readonly mac: string | undefined;
  /** No device counts what crosses it, but the switch. */
  readonly hasOwnCounters: boolean;
  readonly crossed: { readonly rxPackets: number };
  stats(): NetdevStats | Promise<NetdevStats>;
}

const bfdLog = logger('bfd');
const noAddress = new LimitedSite({ perMinute: 20, burst: 20 });

export interface PortMonitorDeps {
  readonly port: MonitoredPort;
  readonly timers: Timers;
  readonly random: Random;
  /** Sends a frame out of the port. */
  readonly send: (frame: Uint8Array) => void;
  readonly prepare: PrepareFrame;
  /** Numbers for a session of BFD that no other has. */
  readonly takeBfdNumbers: () => { readonly discriminator: number; readonly udpPort: number };
  /** The session is no more. */
  readonly freeDiscriminator: (discriminator: number) => void;
  /** What the database shows of the port may be another. */
  readonly statusChanged: () => void;
  /** `isWorking` is another. */
  readonly verdictChanged: () => void;
}

export class PortMonitor {
  readonly #deps: PortMonitorDeps;
  #config: PortMonitoring = { cfm: undefined, bfd: undefined };
  #cfm: Cfm | undefined;
  #bfd: Bfd | undefined;
  #timer: Timer | undefined;
  #hasNews = false;
  #wasWorking = true;
  /** As the device said last; read ahead, since it cannot be asked at once. */
  #devicePackets = 0;
  #isReading = false;

  constructor(deps: PortMonitorDeps) {
    this.#deps = deps;
  }

  get config(): PortMonitoring {
    return this.#config;
  }

  /** One of them says that the link works; true without any. */
  get isWorking(): boolean {
    if (this.#cfm === undefined && this.#bfd === undefined) return true;
    const cfm = this.#cfm?.status;
    const isSound = cfm !== undefined && cfm.faults.length === 0 && cfm.isRemoteUp !== false;
    return isSound || this.#bfd?.status.isForwarding === true;
  }

  configure(config: PortMonitoring): void {
    this.#config = config;
    this.#configureCfm(config.cfm);
    this.#configureBfd(config.bfd);
    this.#hasNews = true;
    this.#readPackets();
    this.#wakeAt(this.#now);
  }

  #configureCfm(config: PortCfm | undefined): void {
    if (config === undefined) this.#cfm = undefined;
    else if (this.#cfm !== undefined) this.#cfm.configure(config, this.#now);
    else {
      const { port, random, send } = this.#deps;
      const deps = {
        rxPackets: () => this.#rxPackets,
        send: (message: Parameters<typeof emitCcmFrame>[0]) => {
          const { cfm } = this.#config;
          if (cfm !== undefined && port.mac !== undefined) send(emitCcmFrame(message, port.mac, cfm, random));
        },
        statusChanged: () => this.#noteNews(),
      };
      this.#cfm = new Cfm(port.name, config, deps, this.#now);
    }
  }

  #configureBfd(config: PortBfd | undefined): void {
    for (const text of config?.unusableAddresses ?? [])
      bfdLog.limited('err', noAddress, `"${text}" is not a valid IP address`);
    if (config === undefined) this.#endBfd();
    else if (this.#bfd !== undefined) this.#bfd.configure(config, this.#now);
    else {
      const { port, random, prepare, takeBfdNumbers } = this.#deps;
      const { discriminator, udpPort } = takeBfdNumbers();
      const sender = new BfdSender(udpPort, prepare);
      const deps = {
        random,
        rxPackets: () => this.#rxPackets,
        send: (message: BfdMessage) => {
          const { bfd } = this.#config;
          if (bfd !== undefined && port.mac !== undefined) sender.send(message, port.mac, bfd);
        },
        statusChanged: () => this.#noteNews(),
      };
      this.#bfd = new Bfd(port.name, discriminator, config, deps, this.#now);
    }
  }

  #endBfd(): void {
    if (this.#bfd !== undefined) this.#deps.freeDiscriminator(this.#bfd.discriminator);
    this.#bfd = undefined;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#endBfd();
  }

  /** What follows the Ethernet header of a frame of CFM. */
  receiveCcm(payload: Uint8Array, source: string): void {
    this.#cfm?.receive(payload, source, this.#now);
    this.#follow();
  }

  /** What a datagram for BFD carries. */
  receiveBfd(payload: Uint8Array, ttl: number): void {
    this.#bfd?.receive(payload, ttl, this.#now);
    this.#follow();
  }

  /** Packets of whatever kind have come. */
  received(): void {
    if (this.#config.bfd?.forwardsIfReceiving !== true) return;
    this.#bfd?.received(this.#now);
    this.#follow();
  }

  overrideFault(isFaulty: boolean | undefined): void {
    this.#cfm?.overrideFault(isFaulty);
    this.#follow();
  }

  overrideForwarding(forwards: boolean | undefined): void {
    this.#bfd?.overrideForwarding(forwards);
    this.#follow();
  }

  get cfmStatus(): CfmStatus | undefined {
    return this.#cfm?.status;
  }

  get bfdStatus(): BfdStatus | undefined {
    return this.#bfd?.status;
  }

  reportCfm(): CfmReport | undefined {
    return this.#cfm?.report(this.#now);
  }

  reportBfd(): BfdReport | undefined {
    return this.#bfd?.report(this.#now);
  }

  /** Whole milliseconds: messages and reports tell no less. */
  get #now(): Ms {
    return ms(Math.floor(this.#deps.timers.clock.now()));
  }

  #noteNews(): void {
    this.#hasNews = true;
  }

  /** After something came: what follows from it is done outside of the packet's own way. */
  #follow(): void {
    this.#wakeAt(this.#hasNews ? this.#now : (this.#bfd?.dueAfter(this.#now) ?? this.#now));
  }

  readonly #run = (): void => {
    this.#timer = undefined;
    const now = this.#now;
    const due = Math.min(
      this.#cfm?.run(now) ?? Number.POSITIVE_INFINITY,
      this.#bfd?.run(now) ?? Number.POSITIVE_INFINITY,
    );
    if (due !== Number.POSITIVE_INFINITY) this.#wakeAt(ms(due));
    this.#readPackets();
    if (this.#hasNews) this.#tellNews();
  };

  #tellNews(): void {
    const { statusChanged, verdictChanged } = this.#deps;
    this.#hasNews = false;
    statusChanged();
    if (this.isWorking === this.#wasWorking) return;
    this.#wasWorking = this.isWorking;
    verdictChanged();
  }

  /** A timer that goes off too early does no harm, and is cheaper than to set another. */
  #wakeAt(due: Ms): void {
    if (this.#timer !== undefined && this.#timer.due <= due) return;
    this.#timer?.cancel();
    this.#timer = this.#deps.timers.at(due, this.#run);
  }

  get #rxPackets(): number {
    const { port } = this.#deps;
    return port.hasOwnCounters ? port.crossed.rxPackets : this.#devicePackets;
  }

  #readPackets(): void {
    const { port } = this.#deps;
    const { cfm, bfd } = this.#config;
    const isOfUse = cfm?.isDemand === true || (bfd?.decayMinRx ?? 0) > 0;
    if (!isOfUse || port.hasOwnCounters || this.#isReading) return;
    this.#isReading = true;
    void this.#readDevice();
  }

  async #readDevice(): Promise<void> {
    try {
      const stats = await this.#deps.port.stats();
      this.#devicePackets = stats.get('rx_packets') ?? 0;
    } catch (why) {
      if (!(why instanceof SyscallFailed)) throw why;
      this.#devicePackets = 0;
    }
    this.#isReading = false;
  }
}
