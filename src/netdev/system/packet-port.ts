/**
 * The frame path of a kernel device, over packet sockets. It starts with a socket alone, which costs next to nothing;
 * when it gets busy it asks for rings, one way at a time (`TakesRings`), and moves over to them without losing what has
 * come in. Runs on a datapath worker; nothing here allocates for a frame.
 */
import { closeFd } from '../../sys/calls/fd.ts';
import type { Memory } from '../../sys/calls/memory.ts';
import { level, readOption, sendRing, socketOption } from '../../sys/calls/socket.ts';
import type { Frame, FrameBatch } from '../../wire/frame.ts';
import { emptyCounters } from '../counters.ts';
import type { Direction, PortCounters, PortIo, PortRing, TakesRings } from '../provider.ts';
import { DeviceSender } from './device-sender.ts';
import type { FrameReceiver } from './frame-receiver.ts';
import { MessageReceiver } from './message-receiver.ts';
import {
  mapReceiveRing,
  mapSendRing,
  openMessageSocket,
  packetStatisticsOption,
  startReceiving,
  takeAllFramesNow,
} from './packet-socket.ts';
import { RingReceiver } from './ring-receiver.ts';
import { SendRing } from './send-ring.ts';

/** Empty `receive` calls between two looks at the socket's error. */
const emptyCallsPerErrorCheck = 16;

/** Opens the frame path, on a prepared socket that stays its opener's when there is one. Throws SyscallFailed. */
export function openPacketPort(name: string, ifindex: number, prepared?: number): PacketPort {
  const fd = prepared ?? openMessageSocket(name);
  if (prepared === undefined) takeAllFramesNow(fd, name, ifindex);
  try {
    startReceiving(fd, name, ifindex);
  } catch (error) {
    if (prepared === undefined) closeFd(fd);
    throw error;
  }
  return new PacketPort({ name, ifindex, fd, isOwner: prepared === undefined });
}

/** The device of a port, and its first socket. */
interface PortDevice {
  readonly name: string;
  readonly ifindex: number;
  readonly fd: number;
  /** Whether closing the port closes that socket. */
  readonly isOwner: boolean;
}

export class PacketPort implements PortIo, TakesRings {
  readonly takesOffloads = true;
  onBusy: (direction: Direction) => void = () => {};
  onRetired: (fd: number) => void = () => {};
  readonly counters: PortCounters = emptyCounters();
  readonly #device: PortDevice;
  readonly #sender: DeviceSender;
  readonly #statistics = new Uint32Array(2);
  #receiver: FrameReceiver;
  /** Takes over when the receiver has nothing left. */
  #next: FrameReceiver | undefined;
  #hasAskedForRing = false;
  #sendMemory: Memory | undefined;
  #emptyCalls = 0;
  #isOpen = true;

  /** `makeReceiver`: for the JIT warm-up. */
  constructor(device: PortDevice, makeReceiver?: (counters: PortCounters) => FrameReceiver) {
    this.#device = device;
    this.#receiver = makeReceiver?.(this.counters) ?? new MessageReceiver(device.fd, this.counters);
    this.#sender = new DeviceSender(device, this.counters, () => this.onBusy('send'));
  }

  /** The socket on which new frames come in. */
  get fd(): number {
    return (this.#next ?? this.#receiver).fd;
  }

  receive(batch: FrameBatch): number {
    batch.count = 0;
    if (!this.#isOpen) return 0;
    let count = this.#receiver.receive(batch);
    if (count === 0) {
      this.#afterEmpty();
      if (this.#next === undefined) return 0;
      this.#useNext(this.#next);
      count = this.#receiver.receive(batch);
    }
    if (this.#receiver.isPressed) {
      this.#countLost();
      this.#askForRing();
    }
    batch.count = count;
    return count;
  }

  release(): void {
    this.#receiver.release();
  }

  send(frame: Frame, queue = 0): void {
    this.#sender.send(frame, queue);
  }

  flush(): void {
    this.#sender.flush();
  }

  useRing(ring: PortRing): void {
    if (!this.#isOpen) return;
    const { fd } = ring;
    if (ring.direction === 'send') {
      this.#sendMemory = mapSendRing(fd);
      this.#sender.useRing(new SendRing(this.#sendMemory, () => sendRing(fd)));
      return;
    }
    const { name, ifindex } = this.#device;
    const memory = mapReceiveRing(fd, ring.slotCount);
    try {
      startReceiving(fd, name, ifindex, this.#receiver.fd);
    } catch (error) {
      memory.unmap();
      throw error;
    }
    this.#next = new RingReceiver(fd, memory, this.counters);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#receiver.close();
    this.#next?.close();
    this.#sender.close();
    this.#sendMemory?.unmap();
    if (this.#device.isOwner) closeFd(this.#device.fd);
  }

  #useNext(next: FrameReceiver): void {
    this.#countLost();
    const { fd } = this.#receiver;
    this.#receiver.close();
    this.#receiver = next;
    this.#next = undefined;
    this.#hasAskedForRing = false;
    this.#sender.useSocket(next.fd);
    this.onRetired(fd);
  }

  #askForRing(): void {
    if (this.#hasAskedForRing) return;
    this.#hasAskedForRing = true;
    this.onBusy('receive');
  }

  /** The kernel counts what it found no room for until it is asked. */
  #countLost(): void {
    if (!readOption(this.#receiver.fd, level.packet, packetStatisticsOption, this.#statistics)) return;
    const lostCount = this.#statistics[1] ?? 0;
    this.counters.rxDropped += lostCount;
    if (lostCount > 0) this.#askForRing();
  }

  /** A device that goes down leaves an error on the socket, and waiting for it ends at once until it is fetched. */
  #afterEmpty(): void {
    if (++this.#emptyCalls < emptyCallsPerErrorCheck) return;
    this.#emptyCalls = 0;
    readOption(this.#receiver.fd, level.socket, socketOption.error, this.#statistics);
    this.#countLost();
  }
}
