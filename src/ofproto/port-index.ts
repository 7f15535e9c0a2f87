/**
 * Which port a packet came in by, and where patch ports lead. Two of these are a pair when each names the other; they may
 * be in any bridges of one datapath. A frame sent to one is at once received by the other, within one translation.
 */

import { SyscallFailed } from '../base/errors.ts';
import { type DpPort, dpPort } from '../base/units.ts';
import { isTunnelled } from '../flow/packet-mask.ts';
import { slots } from '../flow/slots.ts';
import type { Ofproto } from './ofproto.ts';
import type { OfprotoPort } from './port.ts';
import type { PortOfSwitch } from './port-of-switch.ts';
import { TunnelIndex } from './tunnels/tunnel-index.ts';

/** Every port of the switches that share a datapath, by its number there or by its name. */
export class PortIndex {
  readonly #ofDpPort = new Map<DpPort, PortOfSwitch>();
  readonly #patches = new Map<string, PortOfSwitch>();
  readonly #tunnels = new TunnelIndex();
  /** Each has become a tunnel like another one, and waits for that to become yet another, or go. */
  readonly #overshadowed = new Map<OfprotoPort, PortOfSwitch>();

  /** Throws SyscallFailed EEXIST where it is a tunnel like one that is there. */
  add(ofproto: Ofproto, port: OfprotoPort): void {
    const own = { ofproto, port };
    if (port.tunnel !== undefined) this.#tunnels.add(own);
    else if (port.dpPort !== undefined) this.#ofDpPort.set(port.dpPort, own);
    else this.#patches.set(port.name, own);
  }

  /** Of a port that was there. */
  addAgain(ofproto: Ofproto, port: OfprotoPort): void {
    try {
      this.add(ofproto, port);
    } catch (why) {
      if (!(why instanceof SyscallFailed)) throw why;
      port.isOvershadowed = true;
      this.#overshadowed.set(port, { ofproto, port });
    }
  }

  remove(port: OfprotoPort): void {
    this.#overshadowed.delete(port);
    port.isOvershadowed = false;
    if (this.#tunnels.remove(port)) this.#uncover();
    if (port.dpPort !== undefined) {
      if (this.#ofDpPort.get(port.dpPort)?.port === port) this.#ofDpPort.delete(port.dpPort);
    } else if (this.#patches.get(port.name)?.port === port) this.#patches.delete(port.name);
  }

  #uncover(): void {
    for (const [port, own] of this.#overshadowed) {
      if (!this.#tunnels.hasRoomFor(port)) continue;
      this.#overshadowed.delete(port);
      port.isOvershadowed = false;
      this.#tunnels.add(own);
    }
  }

  /** By which a packet with that key came in, which the datapath has made. */
  inputOf(key: Uint32Array): PortOfSwitch | undefined {
    return isTunnelled(key) ? this.#tunnels.find(key) : this.ofDpPort(dpPort(key[slots.in_port.word] ?? 0));
  }

  /** Of those that are no tunnels. */
  ofDpPort(number: DpPort): PortOfSwitch | undefined {
    return this.#ofDpPort.get(number);
  }

  get hasTunnels(): boolean {
    return !this.#tunnels.isEmpty;
  }

  /** The port of that number; of tunnels that share it, the first. */
  firstOn(number: DpPort): PortOfSwitch | undefined {
    const plain = this.ofDpPort(number);
    if (plain !== undefined) return plain;
    for (const tunnel of this.#tunnels) if (tunnel.port.dpPort === number) return tunnel;
    return undefined;
  }

  /** In the order in which they came. */
  get tunnels(): Iterable<PortOfSwitch> {
    return this.#tunnels;
  }

  /** undefined unless the other end is there and names this port as its peer. */
  peerOf(port: OfprotoPort): PortOfSwitch | undefined {
    if (port.patchPeer === undefined) return undefined;
    const peer = this.#patches.get(port.patchPeer);
    return peer?.port.patchPeer === port.name ? peer : undefined;
  }
}
