/** Where the current packet goes, as it is: out of a port, by a member of a bond, or up. */
import { ethernetPacket } from '../../flow/packet-type.ts';
import type { TxPort, WrapsPackets } from '../../netdev/provider.ts';
import { ethernet, isVlanType, vlanTag } from '../../wire/ethernet.ts';
import { type Frame, gso } from '../../wire/frame.ts';
import type { SentUp } from '../provider.ts';
import type { SharedPortCounters } from './counters.ts';
import type { CurrentPacket } from './current-packet.ts';
import type { FrameFinisher } from './frame-finisher.ts';
import { hashL4 } from './hash.ts';
import { hasOffload } from './offload.ts';

/** An output as the engine keeps it. */
export interface Output {
  readonly tx: TxPort;
  /** Bytes of the longest untagged frame. */
  maxSize: number;
  /** Something is queued; in the engine's list of ports to flush. */
  isDirty: boolean;
  /** Where the main thread reads what it sent. */
  readonly counters: SharedPortCounters;
  /** Packets that it was given since the last flush. */
  queuedCount: number;
  /** By which of its queues a packet with that key goes out, where that is not as the packet says itself. */
  chooseQueue?: ((key: Uint32Array) => number) | undefined;
  /** Set for a port that tunnels share. */
  readonly tunnel?: WrapsPackets | undefined;
}

/** What outputs need of the engine. */
export interface OutputHost {
  /** By number. */
  readonly outputs: readonly (Output | undefined)[];
  /** Remembers to flush the port. */
  markDirty(output: Output): void;
  /** The port by which a frame of so many bytes leaves a bond; undefined where there is none. */
  memberOf(bond: number, hash: number, size: number): number | undefined;
  sendUp(reason: SentUp, frame: Frame, key: Uint32Array): void;
}

export class PacketOutputs {
  readonly #host: OutputHost;
  readonly #packet: CurrentPacket;
  readonly #finisher: FrameFinisher;

  constructor(host: OutputHost, packet: CurrentPacket, finisher: FrameFinisher) {
    this.#host = host;
    this.#packet = packet;
    this.#finisher = finisher;
  }

  toPort(port: number): void {
    const packet = this.#packet;
    const to = this.#host.outputs[port];
    const maxSize = packet.takeMaxSize();
    if (to === undefined || to.tunnel !== undefined) {
      packet.lose('noSuchPort'); // no frame leaves by the port of a tunnel
      return;
    }
    if (packet.packetType !== ethernetPacket) {
      packet.lose('wrongPacketType'); // devices take Ethernet frames
      return;
    }
    const { frame } = packet;
    const size = frame.end - frame.start;
    if (maxSize < size) {
      this.#sendCut(to, maxSize);
      return;
    }
    if (frame.gsoType === gso.none && size > to.maxSize && isTooLong(frame, to.maxSize)) {
      packet.lose('tooLong');
      return;
    }
    if (hasOffload(frame) && !to.tx.takesOffloads) this.#sendFinished(to);
    else this.#send(to, frame);
  }

  /** By the member that the packet's connection chooses. */
  toBond(bond: number): void {
    const packet = this.#packet;
    packet.refreshKey();
    const { frame } = packet;
    const port = this.#host.memberOf(bond, hashL4(packet.key, 0), frame.end - frame.start);
    if (port === undefined) packet.lose('noSuchPort');
    else this.toPort(port);
  }

  /** Who gets the packet can finish nothing: it gets frames as they would be on the wire, where that can be said. */
  up(reason: SentUp): void {
    const packet = this.#packet;
    const maxSize = packet.takeMaxSize();
    packet.refreshKey();
    const send = (frame: Frame): void => {
      const { end } = frame;
      frame.end = Math.min(end, frame.start + maxSize);
      this.#host.sendUp(reason, frame, packet.key);
      frame.end = end;
    };
    const { frame } = packet;
    if (!hasOffload(frame) || !this.#finisher.each(send)) send(frame);
  }

  /** Apart from the usual way, on which nothing is allocated: this makes a function. */
  #sendFinished(to: Output): void {
    if (!this.#finisher.each((frame) => this.#send(to, frame))) this.#packet.lose('badOffload');
  }

  /** A port keeps the description of offloads in front of the frame's bytes, and a cut frame has another: so a copy. */
  #sendCut(to: Output, size: number): void {
    const cut = this.#packet.copyCut(size);
    if (cut !== undefined) this.#send(to, cut);
  }

  #send(to: Output, frame: Frame): void {
    const packet = this.#packet;
    to.tx.send(frame, to.chooseQueue === undefined ? packet.queue : to.chooseQueue(packet.key));
    frame.isQueued = true;
    to.queuedCount++;
    if (!to.isDirty) this.#host.markDirty(to);
  }
}

/** Bounds `maxSize` are those of an untagged frame: a tag comes on top, as the kernel's devices see it. */
function isTooLong({ view, start, end }: Frame, maxSize: number): boolean {
  const type = view.getUint16(start + ethernet.offset.type);
  const tagSize = isVlanType(type) ? vlanTag.size : 0;
  return end - start > maxSize + tagSize;
}
