/**
 * A network device of the kernel as a netdev: its state follows the link monitor, its counters come from rtnetlink,
 * its driver from ethtool. What `system/` attaches to and what `tap/` makes are both this.
 */

import { isDeepStrictEqual } from 'node:util';
import { coverageCounter } from '../base/coverage.ts';
import { errnos, syscallFailed } from '../base/errno.ts';
import { SyscallFailed } from '../base/errors.ts';
import { logger } from '../base/log.ts';
import type { Timer, Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';
import { readDriverInfo, readEthernetSettings, readLinkStatus } from '../sys/calls/device.ts';
import { addDefaultRoute, setInterfaceAddress } from '../sys/calls/interface-address.ts';
import { type Link, type LinkCounters, readLink, setLink } from '../sys/netlink/link.ts';
import type { LinkMonitor } from '../sys/netlink/monitor.ts';
import { readCounters } from './link-counters.ts';
import { linkModesOf } from './link-modes.ts';
import { LinkPoller } from './link-poller.ts';
import type {
  Netdev,
  NetdevConfig,
  NetdevState,
  NetdevStats,
  PollsLink,
  PortSpec,
  TakesAddresses,
} from './provider.ts';
import { KernelQos } from './qos/kernel-qos.ts';
import type { HasQos } from './qos/port-qos.ts';
import { schedulerClock } from './qos/scheduler-clock.ts';
import type { ShapedDevice } from './qos/shaper.ts';

const asked = coverageCounter('netdev_get_stats');

const log = logger('netdev');
const bridgeLog = logger('bridge');

export interface KernelDevice {
  /** As configured; the kernel's name for it, `link.name`, may be shorter. */
  readonly name: string;
  readonly type: string;
  readonly link: Link;
  readonly portSpec: PortSpec;
  readonly monitor: LinkMonitor;
  readonly timers: Timers;
  /** Ours, made by the switch: it takes the configured address, and its host's transmissions are our receptions. */
  readonly isOurs: boolean;
  readonly isAdopted: boolean;
  /**
   * What tells of a device that outlives its name: frames go on passing where it was moved to, and while it is renamed.
   */
  readonly hold?: DeviceHold;
  /** Ends what keeps the device open, and the device if it is ours; resolves when that is done. */
  readonly close: () => Promise<void>;
  /** Ends what keeps the device open, and no more. */
  readonly leave: () => Promise<void>;
}

export interface DeviceHold {
  /** False once it is deleted, in whatever network namespace. */
  readonly isAttached: () => boolean;
  /** True for it alone, also when it comes back with another index. */
  readonly isOn: (link: Link) => boolean;
}

/** The kernel tells nobody here of a device that is deleted elsewhere. */
const awayLookMs = ms(1000);
/** What a device that says nothing of its speed is taken to send; bit/s. */
const unknownSpeed = 10_000_000_000;

export class KernelNetdev implements Netdev, TakesAddresses, HasQos, PollsLink {
  readonly name: string;
  readonly type: string;
  readonly portSpec: PortSpec;
  readonly isAdopted: boolean;
  readonly qos: KernelQos;
  onChange: () => void = () => {};
  readonly #device: KernelDevice;
  readonly #poller: LinkPoller;
  readonly #stopListening: () => void;
  /** As last seen under its name. */
  #link: Link;
  readonly #changesAtOpen: number;
  #changeNumber = 1;
  #state: NetdevState | undefined;
  #isGone = false;
  /** Set while it carries frames in another network namespace, or under another name. */
  #awayTimer: Timer | undefined;
  /** As said last. */
  #refusedOptions: NetdevConfig['options'] = new Map();

  constructor(device: KernelDevice) {
    this.#device = device;
    this.name = device.name;
    this.type = device.type;
    this.portSpec = device.portSpec;
    this.isAdopted = device.isAdopted;
    this.#link = device.link;
    this.#changesAtOpen = device.link.runningChanges;
    this.qos = new KernelQos(device.name, () => this.#shaped());
    this.#poller = new LinkPoller({
      timers: device.timers,
      ask: () => readLinkStatus(device.link.name),
      onChange: () => this.#linkPolled(),
    });
    this.#stopListening = device.monitor.listen(() => this.#follow(), device.link.name);
  }

  get state(): NetdevState {
    this.#state ??= this.#look();
    return this.#state;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  async configure(config: NetdevConfig): Promise<void> {
    const { options, mtuRequest, mac } = config;
    this.#refuseOptions(options);
    if (mtuRequest !== undefined && mtuRequest !== this.#link.mtu) {
      const reason = this.#trySet({ mtu: mtuRequest });
      if (reason !== undefined) log.warn(`failed to set MTU for network device ${this.name}: ${reason}`);
    }
    if (this.#device.isOurs && mac !== undefined && mac.toLowerCase() !== this.#link.mac) {
      const reason = this.#trySet({ mac });
      if (reason !== undefined) bridgeLog.err(`interface ${this.name}: setting MAC failed (${reason})`);
    }
  }

  async setUp(isUp: boolean): Promise<void> {
    if (isUp === this.#link.isUp || this.#awayTimer !== undefined) return;
    this.#set({ isUp }, `failed to set ${this.name} ${isUp ? 'up' : 'down'}`);
  }

  pollLink(interval: number | undefined): void {
    if (!this.#isGone) this.#poller.poll(interval);
  }

  setIpv4(address: string, netmask: string): void {
    setInterfaceAddress(this.#link.name, address, netmask);
  }

  addGateway(address: string): void {
    addDefaultRoute(address);
  }

  async stats(): Promise<NetdevStats> {
    asked.total++;
    const isHere = !this.#isGone && this.#awayTimer === undefined;
    const counters = !isHere ? undefined : await readCounters(this.#link.ifindex);
    if (counters === undefined) return new Map();
    return statsOf(counters, this.#device.isOurs);
  }

  async leave(): Promise<void> {
    this.#detach();
    await this.#device.leave();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#detach();
    await this.#device.close();
  }

  /** Throws SyscallFailed while it is not here. */
  #shaped(): ShapedDevice {
    const { name } = this;
    if (this.#isGone || this.#awayTimer !== undefined) throw syscallFailed('qdisc', errnos.ENODEV, name);
    const { ifindex, mtu } = this.#link;
    const linkSpeed = usualSpeed(this.state) ?? unknownSpeed;
    return { name, ifindex, mtu, linkSpeed, clock: schedulerClock(), now: this.#device.timers.clock.now() };
  }

  #detach(): void {
    this.#stopListening();
    this.#awayTimer?.cancel();
    this.#isGone = true;
    this.#poller.poll(undefined);
  }

  /** A device of the kernel has none. */
  #refuseOptions(options: NetdevConfig['options']): void {
    if (isDeepStrictEqual(options, this.#refusedOptions)) return;
    this.#refusedOptions = options;
    if (options.size > 0) log.warn(`${this.name}: arguments provided to device that is not configurable`);
  }

  /** Why the kernel refused; undefined when it did not. */
  #trySet(settings: Parameters<typeof setLink>[1]): string | undefined {
    try {
      this.#set(settings, this.name);
      return undefined;
    } catch (error) {
      if (!(error instanceof SyscallFailed)) throw error;
      return error.reason;
    }
  }

  /** What the kernel makes of it is known before this returns. Throws SyscallFailed. */
  #set(settings: Parameters<typeof setLink>[1], tried: string): void {
    if (this.#awayTimer !== undefined) throw syscallFailed('ioctl', errnos.ENODEV, tried);
    setLink(this.#link.ifindex, settings, tried);
    this.#device.monitor.refresh();
  }

  /** A device with another name keeps the state that it had under this one. */
  #follow(): void {
    if (this.#isGone) return;
    const { monitor, hold } = this.#device;
    const known = monitor.known(this.#link.ifindex);
    const link = this.#awayTimer === undefined ? known : this.#returned();
    this.#changeNumber++;
    if (link?.name === this.#link.name) {
      this.#link = link;
      this.#awayTimer?.cancel();
      this.#awayTimer = undefined;
      this.#state = undefined;
    } else {
      if (known === undefined) this.#state = this.#vanished();
      else this.#keepLast(monitor.lastUnder(this.#link.name));
      if (hold?.isAttached() === true) this.#stayAway(hold);
      else this.#isGone = true;
    }
    this.onChange();
  }

  /** It may have changed just before it was renamed. */
  #keepLast(last: Link | undefined): void {
    if (last === undefined || last === this.#link || last.ifindex !== this.#link.ifindex) return;
    this.#link = last;
    this.#state = undefined;
  }

  #linkPolled(): void {
    if (this.#isGone || this.#awayTimer !== undefined) return;
    this.#changeNumber++;
    this.#state = undefined;
    this.onChange();
  }

  /** Its index may be another's meanwhile. */
  #returned(): Link | undefined {
    const link = readLink(this.#link.name);
    if (link === undefined || this.#device.hold?.isOn(link) !== true) return undefined;
    return this.#device.monitor.known(link.ifindex);
  }

  /** Looks now and then whether the device still is. */
  #stayAway(hold: DeviceHold): void {
    const { isAttached } = hold;
    this.#awayTimer?.cancel();
    this.#awayTimer = this.#device.timers.after(awayLookMs, () => {
      if (isAttached()) this.#stayAway(hold);
      else this.#follow();
    });
  }

  #vanished(): NetdevState {
    const { isRunning, runningChanges } = this.#link;
    return {
      ifindex: 0,
      mac: undefined,
      mtu: undefined,
      isUp: false,
      hasCarrier: false,
      linkResets: runningChanges + (isRunning ? 1 : 0) - this.#changesAtOpen,
      linkSpeed: undefined,
      duplex: undefined,
      linkModes: undefined,
      status: new Map(),
      changeNumber: this.#changeNumber,
    };
  }

  #look(): NetdevState {
    const link = this.#link;
    const settings = readEthernetSettings(this.name);
    return {
      ifindex: link.ifindex,
      mac: link.mac,
      mtu: link.mtu,
      isUp: link.isUp,
      hasCarrier: this.#poller.isUp ?? link.isRunning,
      linkResets: link.runningChanges - this.#changesAtOpen,
      linkSpeed: settings?.speed === undefined ? undefined : settings.speed * 1_000_000,
      duplex: settings?.speed === undefined ? undefined : settings.duplex,
      linkModes: settings && linkModesOf(settings),
      status: this.#status(),
      changeNumber: this.#changeNumber,
    };
  }

  #status(): ReadonlyMap<string, string> {
    const info = readDriverInfo(this.name);
    if (info === undefined) return new Map();
    return new Map([
      ['driver_name', info.driver],
      ['driver_version', info.version],
      ['firmware_version', info.firmware],
    ]);
  }
}

/** As far as it is one of those that OpenFlow tells apart; bit/s. */
function usualSpeed({ linkModes, linkSpeed }: NetdevState): number | undefined {
  return linkModes?.current.some((mode) => /^\d/.test(mode)) ? linkSpeed : undefined;
}

/** The kernel's names in the column's words. Of our own device, its host's sending is our receiving. */
function statsOf(c: LinkCounters, isSwapped: boolean): NetdevStats {
  const received = [c.rx_packets, c.rx_bytes, c.rx_errors, c.rx_dropped] as const;
  const sent = [c.tx_packets, c.tx_bytes, c.tx_errors, c.tx_dropped] as const;
  const [rx, tx] = isSwapped ? [sent, received] : [received, sent];
  return new Map([
    ['rx_packets', rx[0]],
    ['rx_bytes', rx[1]],
    ['rx_errors', rx[2]],
    ['rx_dropped', rx[3]],
    ['tx_packets', tx[0]],
    ['tx_bytes', tx[1]],
    ['tx_errors', tx[2]],
    ['tx_dropped', tx[3]],
    ['collisions', c.collisions],
    ['rx_crc_err', c.rx_crc_errors],
    ['rx_frame_err', c.rx_frame_errors],
    ['rx_over_err', c.rx_over_errors],
    ['rx_missed_errors', c.rx_missed_errors],
    ['rx_multicast_packets', isSwapped ? 0 : c.multicast],
    ['tx_aborted_err', c.tx_aborted_errors],
    ['tx_carrier_err', c.tx_carrier_errors],
  ]);
}
