/** Joins LLDP to the ports of one switch: makes what speaks it, runs that in time, and sends for it. */
import { isDeepStrictEqual } from 'node:util';
import { readMac } from '../../base/addresses.ts';
import { logger } from '../../base/log.ts';
import type { Timer } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import { ethDst, readMacNumber } from '../../flow/mac.ts';
import { Lldp } from '../../protocols/lldp.ts';
import { etherType } from '../../wire/ethernet.ts';
import { emitLldp, type LldpUnit, lldpAddress } from '../../wire/lldp.ts';
import { frameOf } from '../../wire/new-frame.ts';
import type { OfprotoConfig } from '../config.ts';
import type { OfprotoPort } from '../port.ts';
import { payloadOf } from '../protocols/payload.ts';
import type { ProtocolDeps } from '../protocols/protocol-deps.ts';
import type { SwitchProtocol } from '../protocols/switch-protocol.ts';

const log = logger('bridge');
const groupAddress = readMacNumber(lldpAddress);
const noMac = '00:00:00:00:00:00';

export type DiscoveryDeps = Pick<ProtocolDeps, 'timers' | 'config' | 'send' | 'changed' | 'status'>;

export class Discovery implements SwitchProtocol {
  readonly #deps: DiscoveryDeps;
  readonly #timers = new Map<OfprotoPort, Timer | undefined>();

  constructor(deps: DiscoveryDeps) {
    this.#deps = deps;
  }

  /**
   * Differs: LLDP announces the system name and the services of a bridge on the ports of that bridge only; services end
   * when the bridge has no AutoAttach row any more; and a service whose VLAN changes is announced with the new one. The
   * reference announces them on all ports, keeps the services, and keeps the first VLAN.
   */
  configured(before: OfprotoConfig): void {
    const { autoAttach } = this.#deps.config();
    if (isDeepStrictEqual(autoAttach, before.autoAttach)) return;
    const tell = (what: string, [service, vlan]: readonly [number, number]): void =>
      log.info(`${what} isid=${service}, vlan=${vlan}`);
    const { services } = autoAttach;
    const gone = [...before.autoAttach.services].filter(([service, vlan]) => services.get(service) !== vlan);
    for (const one of gone) tell('Deleting', one);
    const come = [...services].filter(([service, vlan]) => before.autoAttach.services.get(service) !== vlan);
    for (const one of come) tell('Adding', one);
    for (const port of this.#timers.keys()) this.#configure(port);
  }

  portConfigured(port: OfprotoPort): void {
    const { discovery } = port;
    if (discovery === 'unset') {
      this.portRemoved(port);
      return;
    }
    if (port.lldp === undefined && discovery === 'off') return;
    const wasEnabled = port.lldp?.isEnabled === true;
    this.#configure(port);
    if (wasEnabled !== (discovery === 'on')) this.#deps.changed();
  }

  portRemoved(port: OfprotoPort): void {
    if (port.lldp === undefined) return;
    if (port.lldp.isEnabled) this.#deps.changed();
    port.lldp = undefined;
    this.#timers.get(port)?.cancel();
    this.#timers.delete(port);
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer?.cancel();
    this.#timers.clear();
  }

  receive(port: OfprotoPort, flow: Uint32Array, frame: Uint8Array): void {
    const isForUs = ethDst(flow) === groupAddress;
    port.lldp?.receive(isForUs ? payloadOf(frame, flow) : undefined, this.#now);
    this.#run(port);
  }

  get #now(): Ms {
    return this.#deps.timers.clock.now();
  }

  #configure(port: OfprotoPort): void {
    port.lldp ??= this.#makeLldp(port);
    port.lldp.configure({ ...this.#deps.config().autoAttach, isEnabled: port.discovery === 'on' }, this.#now);
    this.#run(port);
  }

  #makeLldp(port: OfprotoPort): Lldp {
    return new Lldp(
      { name: port.name, mac: port.mac ?? noMac },
      {
        send: (unit) => this.#send(port, unit),
        attach: (vlan, isWanted) => this.#deps.status.attached(port, vlan, isWanted),
      },
    );
  }

  /** A flood of frames changes nothing of when it is to run again, and leaves no timers behind. */
  #run(port: OfprotoPort): void {
    const due = port.lldp?.run(this.#now) ?? ms(Number.POSITIVE_INFINITY);
    const timer = this.#timers.get(port);
    if (timer?.due === due && due > this.#now) return;
    timer?.cancel();
    const isNeeded = due !== Number.POSITIVE_INFINITY;
    this.#timers.set(port, isNeeded ? this.#deps.timers.at(due, () => this.#run(port)) : undefined);
  }

  #send(port: OfprotoPort, unit: LldpUnit): void {
    if (port.mac === undefined) return;
    const header = { dst: readMac(lldpAddress), src: readMac(port.mac), type: etherType.lldp };
    this.#deps.send(port, frameOf(header, emitLldp(unit)));
  }
}
