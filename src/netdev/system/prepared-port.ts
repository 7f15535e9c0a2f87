/**
 * The sockets of a packet port, which its frame path on another thread uses: making and taking down a ring costs the
 * kernel tens of milliseconds, and every socket as long to close. Opened by `../registry.ts`.
 */
import { closeInBackground } from '../../sys/calls/fd.ts';
import type { Direction, PortRing, PortSpec, PreparedPort } from '../provider.ts';
import { openMessageSocket, openReceiveRing, openSendRing, takeAllFrames } from './packet-socket.ts';

/**
 * Slots of 2 KiB of a busy port's first ring of received frames, 256 KiB, and of the one that it gets when that has
 * overflowed: 2 MiB, two milliseconds at half a million frames a second.
 */
const ringSizes = [128, 1024];

type PacketSpec = Extract<PortSpec, { kind: 'packet' }>;

/** Throws SyscallFailed. */
export async function preparePacketPort(spec: PacketSpec): Promise<PreparedPort> {
  const fd = openMessageSocket(spec.name);
  await takeAllFrames(fd, spec.name, spec.ifindex);
  return new PreparedPacketPort({ ...spec, fd });
}

class PreparedPacketPort implements PreparedPort {
  readonly spec: PacketSpec & { readonly fd: number };
  readonly #opened: Set<number>;
  /** What is left to be asked for. */
  readonly #ringSizes = [...ringSizes];
  #hasSendRing = false;
  #isOpen = true;

  constructor(spec: PacketSpec & { readonly fd: number }) {
    this.spec = spec;
    this.#opened = new Set([spec.fd]);
  }

  async openRing(direction: Direction): Promise<PortRing | undefined> {
    const ring = direction === 'send' ? await this.#openSendRing() : await this.#openReceiveRing();
    if (ring === undefined) return undefined;
    this.#opened.add(ring.fd);
    if (this.#isOpen) return ring;
    this.retire(ring.fd);
    return undefined;
  }

  retire(fd: number): void {
    if (this.#opened.delete(fd)) void closeInBackground(fd);
  }

  close(): void {
    this.#isOpen = false;
    for (const fd of this.#opened) this.retire(fd);
  }

  async #openSendRing(): Promise<PortRing | undefined> {
    if (this.#hasSendRing) return undefined;
    this.#hasSendRing = true;
    return { direction: 'send', fd: await openSendRing(this.spec.name, this.spec.ifindex) };
  }

  async #openReceiveRing(): Promise<PortRing | undefined> {
    const { name, ifindex } = this.spec;
    const slotCount = this.#ringSizes.shift();
    if (slotCount === undefined) return undefined;
    const fd = await openReceiveRing(name, slotCount);
    await takeAllFrames(fd, name, ifindex);
    return { direction: 'receive', fd, slotCount };
  }
}
