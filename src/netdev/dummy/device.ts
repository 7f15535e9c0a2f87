/**
 * A network device that exists only in this process: frames come in by `receive` (tests, `netdev-dummy/receive`) and go
 * out to `onTransmit` and to capture files. Deterministic: nothing here waits or runs by itself.
 */

import type { Clock } from '../../base/clock.ts';
import { emptyMap } from '../../base/empty-map.ts';
import { errnos, syscallFailed } from '../../base/errno.ts';
import { compareBytes } from '../../base/text.ts';
import { ethernet, vlanTag } from '../../wire/ethernet.ts';
import { emptyCounters } from '../counters.ts';
import { ownDeviceState } from '../own-state.ts';
import type { NetdevState, PortCounters } from '../provider.ts';
import { answerToArp, type DummyAddresses } from './addresses.ts';
import { Capture } from './capture.ts';
import type { FrameLink, FrameLinkOptions, OpenFrameLink } from './frame-link.ts';
import { QueueCounters } from './queue-counters.ts';

const queueLimit = 100;
const defaultMtu = 1500;

/** The dummy devices of one switch, as the kernel has the real ones: by name, for providers, commands and tests. */
export class DummyDevices {
  readonly #byName = new Map<string, DummyDevice>();
  readonly #openLink: OpenFrameLink;
  /** Told of each device when it is made. */
  onMade: (device: DummyDevice) => void = () => {};
  /** Told of one whose state or addresses changed. */
  onChanged: (name: string) => void = () => {};
  /** Told of each when it is gone for good. */
  onGone: (name: string) => void = () => {};
  #nextNumber = 0;

  /** Without `openLink`, no frames come from outside by sockets. */
  constructor(openLink: OpenFrameLink = () => undefined) {
    this.#openLink = openLink;
  }

  get(name: string): DummyDevice | undefined {
    return this.#byName.get(name);
  }

  /** Sorted by name. */
  all(): DummyDevice[] {
    return [...this.#byName.values()].sort((a, b) => compareBytes(a.name, b.name));
  }

  /** The address of the n-th is aa:55:aa:55:00:00 + n. Throws SyscallFailed when the name is taken. */
  make(name: string, clock: Clock): DummyDevice {
    if (this.#byName.has(name))
      throw syscallFailed('open', errnos.EEXIST, `could not open network device ${name}`);
    const number = this.takeNumber();
    const mac = `aa:55:aa:55:${hex(number >> 8)}:${hex(number)}`;
    const device = new DummyDevice(name, {
      mac,
      clock,
      openLink: this.#openLink,
      onChanged: () => this.onChanged(name),
      onClosed: () => {
        this.#byName.delete(name);
        this.onGone(name);
        this.onChanged(name);
      },
    });
    this.#byName.set(name, device);
    this.onMade(device);
    return device;
  }

  /** No device will have that number any more. */
  takeNumber(): number {
    return this.#nextNumber++;
  }
}

interface QueuedFrame {
  readonly bytes: Uint8Array;
  readonly queue: number;
}

/** What of the state can be set. */
type Settings = Partial<Pick<NetdevState, 'isUp' | 'mtu' | 'mac' | 'ifindex'>>;

export class DummyDevice {
  readonly name: string;
  readonly counters: PortCounters = emptyCounters();
  readonly queueCounters = new QueueCounters();
  /** Frames that came in and were not fetched yet. */
  readonly queue: QueuedFrame[] = [];
  /** Told after `receive`: the frame path is to be read. */
  onInput: () => void = () => {};
  /** Told of each frame that leaves; the bytes are the receiver's own copy. */
  onTransmit: (frame: Uint8Array) => void = () => {};
  onStateChange: () => void = () => {};
  /** Whether threads poll its queues; then told of changes of what follows, and of how many queues there are. */
  isPolled = false;
  onPolling: () => void = () => {};
  numa = 0;
  /** By queue. */
  queueCores: ReadonlyMap<number, number> = emptyMap;
  isSpread = false;
  readonly #clock: Clock;
  readonly #openLink: OpenFrameLink;
  #link: { readonly open: FrameLink; readonly is: Pick<FrameLinkOptions, 'isActive' | 'remote'> } | undefined;
  readonly #onChanged: () => void;
  #onClosed: () => void;
  #addresses: DummyAddresses = {};
  #isGone = false;
  #state: NetdevState;
  #rxCapture: Capture | undefined;
  #txCapture: Capture | undefined;

  /** Made by `DummyDevices`, which is told when the name is free again. */
  constructor(
    name: string,
    deps: {
      mac: string;
      clock: Clock;
      openLink: OpenFrameLink;
      onChanged: () => void;
      onClosed: () => void;
    },
  ) {
    this.name = name;
    this.#clock = deps.clock;
    this.#openLink = deps.openLink;
    this.#onChanged = deps.onChanged;
    this.#onClosed = deps.onClosed;
    this.#state = ownDeviceState(deps.mac, defaultMtu);
  }

  /** Its own; ARP requests that leave by it for the one of IPv4 are answered. */
  get addresses(): DummyAddresses {
    return this.#addresses;
  }

  set addresses(addresses: DummyAddresses) {
    this.#addresses = addresses;
    this.#onChanged();
  }

  get state(): NetdevState {
    return this.#state;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** It goes by itself, as a device of the kernel may. */
  vanish(): void {
    this.close();
    this.#isGone = true;
    this.onStateChange();
    this.#onChanged();
  }

  set(settings: Settings): void {
    const { isUp: hasCarrier = this.#state.hasCarrier } = settings;
    const next = { ...this.#state, ...settings, hasCarrier };
    if (isSame(next, this.#state)) return;
    this.#state = { ...next, changeNumber: next.changeNumber + 1 };
    this.onStateChange();
  }

  /** A frame arrives from outside, in one of its queues. False when there is no room: it is dropped. */
  receive(frame: Uint8Array, queue = 0): boolean {
    if (this.queue.length >= queueLimit) {
      this.counters.rxDropped++;
      return false;
    }
    this.queue.push({ bytes: frame.slice(), queue });
    this.#rxCapture?.write(frame, this.#clock.wall());
    this.onInput();
    return true;
  }

  /** The first frames that came in by such queues, which are then no longer here. */
  take(most: number, isWanted: (queue: number) => boolean): QueuedFrame[] {
    const taken: QueuedFrame[] = [];
    const left: QueuedFrame[] = [];
    for (const frame of this.queue) (taken.length < most && isWanted(frame.queue) ? taken : left).push(frame);
    this.queue.splice(0, this.queue.length, ...left);
    return taken;
  }

  /** A frame leaves. False when it is shorter than a header or longer than the MTU allows. */
  transmit(frame: Uint8Array): boolean {
    const isTagged = frame[12] === 0x81 && frame[13] === 0;
    const limit = (this.#state.mtu ?? defaultMtu) + ethernet.size + (isTagged ? vlanTag.size : 0);
    if (frame.byteLength < ethernet.size || frame.byteLength > limit) return false;
    this.#txCapture?.write(frame, this.#clock.wall());
    this.onTransmit(frame);
    this.#link?.open.send(frame);
    const { mac } = this.#state;
    const answer = mac === undefined ? undefined : answerToArp(frame, this.#addresses.ipv4?.address, mac);
    if (answer !== undefined) this.receive(answer);
    return true;
  }

  /** Undefined where nobody is to be connected to. */
  get isConnected(): boolean | undefined {
    return this.#link?.open.isConnected;
  }

  /** The socket that joins it to another device, if it is open. */
  get link(): Pick<FrameLinkOptions, 'isActive' | 'remote'> | undefined {
    return this.#link?.is;
  }

  /** Joins it to another device; undefined ends that. A link that is as it is to be goes on. */
  join(wanted: Pick<FrameLinkOptions, 'isActive' | 'remote'> | undefined): void {
    const now = this.#link?.is;
    if (now?.remote === wanted?.remote && now?.isActive === wanted?.isActive) return;
    this.#link?.open.close();
    this.#link = undefined;
    if (wanted === undefined) return;
    const open = this.#openLink({ ...wanted, receive: (frame) => void this.receive(frame) });
    if (open !== undefined) this.#link = { open, is: wanted };
  }

  /** Undefined paths end the capture; an unchanged one goes on. Throws SyscallFailed. */
  capture(rxPath: string | undefined, txPath: string | undefined): void {
    if (rxPath === this.#rxCapture?.path && txPath === this.#txCapture?.path) return;
    this.#endCapture();
    if (rxPath !== undefined) this.#rxCapture = new Capture(rxPath);
    if (txPath !== undefined) {
      this.#txCapture = txPath === rxPath ? this.#rxCapture : new Capture(txPath);
    }
  }

  close(): void {
    this.join(undefined);
    this.#endCapture();
    this.#onClosed();
    this.#onClosed = () => {};
  }

  #endCapture(): void {
    this.#rxCapture?.close();
    if (this.#txCapture !== this.#rxCapture) this.#txCapture?.close();
    this.#rxCapture = undefined;
    this.#txCapture = undefined;
  }
}

function hex(value: number): string {
  return (value & 0xff).toString(16).padStart(2, '0');
}

function isSame(a: NetdevState, b: NetdevState): boolean {
  return a.isUp === b.isUp && a.mtu === b.mtu && a.mac === b.mac && a.ifindex === b.ifindex;
}
