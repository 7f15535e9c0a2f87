/**
 * Joins CFM and BFD to the ports of one switch.
 * Differs: packets for another address of a session are its own as soon as that is configured; the reference goes on
 * forwarding them as long as there is a flow for them.
 */
import { logger } from '../../base/log.ts';
import { isUsableCfm } from '../../protocols/cfm.ts';
import type { OfprotoPort } from '../port.ts';
import type { ProtocolDeps } from '../protocols/protocol-deps.ts';
import type { SwitchProtocol } from '../protocols/switch-protocol.ts';
import type { PortMonitoring } from './monitoring-config.ts';
import { PortMonitor } from './port-monitor.ts';

const log = logger('ofproto');

/** RFC 5881 section 4: source ports are of this range, and each session has one of its own. */
const firstUdpPort = 49152;
const udpPortCount = 16384;

export interface MonitoringDeps extends ProtocolDeps {
  /** The switch's. */
  readonly name: string;
  /** How many sessions of BFD the daemon has had before the one that is about to be made. */
  readonly nextBfdSession: () => number;
}

export class Monitoring implements SwitchProtocol {
  readonly #deps: MonitoringDeps;
  readonly #monitors = new Map<OfprotoPort, PortMonitor>();
  readonly #discriminators = new Set<number>();

  constructor(deps: MonitoringDeps) {
    this.#deps = deps;
  }

  portConfigured(port: OfprotoPort): void {
    const config = this.#usable(port);
    if (config.cfm === undefined && config.bfd === undefined) {
      this.portRemoved(port);
      return;
    }
    if (this.#monitors.get(port)?.config === config) return;
    const monitor = this.#monitors.get(port) ?? this.#makeMonitor(port);
    this.#monitors.set(port, monitor);
    port.monitor = monitor;
    monitor.configure(config);
    this.#deps.changed(); // other packets may be theirs
  }

  portRemoved(port: OfprotoPort): void {
    const monitor = this.#monitors.get(port);
    if (monitor === undefined) return;
    monitor.stop();
    this.#monitors.delete(port);
    port.monitor = undefined;
    this.#deps.changed();
    this.#deps.status.port(port);
    this.#deps.linkChanged(port);
  }

  stop(): void {
    for (const monitor of this.#monitors.values()) monitor.stop();
    this.#monitors.clear();
  }

  /** What of it makes sense. */
  #usable(port: OfprotoPort): PortMonitoring {
    const { monitoring: config, ofPort, name } = port;
    if (config.cfm === undefined || isUsableCfm(config.cfm)) return config;
    const where = `${this.#deps.name}: CFM configuration on port ${ofPort} (${name})`;
    log.warn(`${where} failed (Invalid argument)`);
    return { ...config, cfm: undefined };
  }

  #makeMonitor(port: OfprotoPort): PortMonitor {
    const { timers, random, send, prepare, status, linkChanged } = this.#deps;
    return new PortMonitor({
      port,
      timers,
      random,
      send: (frame) => send(port, frame),
      prepare: (frame, options) => prepare(port, frame, options),
      takeBfdNumbers: () => this.#takeBfdNumbers(),
      freeDiscriminator: (discriminator) => void this.#discriminators.delete(discriminator),
      statusChanged: () => status.port(port),
      verdictChanged: () => linkChanged(port),
    });
  }

  #takeBfdNumbers(): { readonly discriminator: number; readonly udpPort: number } {
    let discriminator = 0;
    while (discriminator === 0 || this.#discriminators.has(discriminator))
      discriminator = this.#deps.random.u32();
    this.#discriminators.add(discriminator);
    return { discriminator, udpPort: firstUdpPort + (this.#deps.nextBfdSession() % udpPortCount) };
  }
}
