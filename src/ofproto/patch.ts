/**
 * Where patch ports lead. Two of them are a pair when each names the other; they may be in any bridges of one
 * datapath. A frame sent to one is at once received by the other, within one translation.
 */
import type { DpPort } from '../base/units.ts';
import type { Ofproto } from './ofproto.ts';
import type { OfprotoPort } from './port.ts';

/** A port and the switch it is of. */
export interface PortOfSwitch {
  readonly ofproto: Ofproto;
  readonly port: OfprotoPort;
}

/** Every port of the switches that share a datapath, by its number there or by its name. */
export class PortIndex {
  readonly #ofDpPort = new Map<DpPort, PortOfSwitch>();
  readonly #patches = new Map<string, PortOfSwitch>();

  add(ofproto: Ofproto, port: OfprotoPort): void {
    if (port.dpPort !== undefined) this.#ofDpPort.set(port.dpPort, { ofproto, port });
    else this.#patches.set(port.name, { ofproto, port });
  }

  remove(port: OfprotoPort): void {
    if (port.dpPort !== undefined) {
      if (this.#ofDpPort.get(port.dpPort)?.port === port) this.#ofDpPort.delete(port.dpPort);
    } else if (this.#patches.get(port.name)?.port === port) this.#patches.delete(port.name);
  }

  ofDpPort(number: DpPort): PortOfSwitch | undefined {
    return this.#ofDpPort.get(number);
  }

  /** undefined unless the other end is there and names this port as its peer. */
  peerOf(port: OfprotoPort): PortOfSwitch | undefined {
    if (port.patchPeer === undefined) return undefined;
    const peer = this.#patches.get(port.patchPeer);
    return peer?.port.patchPeer === port.name ? peer : undefined;
  }
}
