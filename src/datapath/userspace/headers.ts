/**
 * Where a frame's headers lie: what actions that write headers, and software offloads, need to know. One object is
 * reused for all packets. Follows the rules of flow/extract.ts, but looks behind any number of tags.
 */
import { etherTypeOfSnap } from '../../flow/extract.ts';
import { ethernet, etherType, firstEtherType, isVlanType, llcSnap, vlanTag } from '../../wire/ethernet.ts';
import type { Frame } from '../../wire/frame.ts';
import {
  extensionSize,
  ipProtocol,
  ipv4,
  ipv4Fragment,
  ipv6,
  ipv6Fragment,
  ipv6Option,
  isExtension,
  minExtensionSize,
} from '../../wire/ip.ts';

export class Headers {
  /** Behind the tags; 0x05ff when the frame has none. */
  etherType = 0;
  /** Absolute offset of what follows the EtherType. */
  network = 0;
  /** Absolute offset of the transport header; 0 when there is none to be written (later fragments, cut short). */
  transport = 0;
  /** IP protocol of `transport`. */
  protocol = 0;

  /** False when not even the layer-2 header is whole. `packetType` as in a key: 0 = Ethernet. */
  locate(frame: Frame, packetType = 0): boolean {
    const { view, start, end } = frame;
    this.etherType = 0;
    this.network = 0;
    this.transport = 0;
    this.protocol = 0;
    if (packetType !== 0) {
      this.#locateBehindLink(view, start, end, packetType & 0xffff);
      return true;
    }
    if (end - start < ethernet.size) return false;
    let at = start + ethernet.offset.type;
    let type = view.getUint16(at);
    while (isVlanType(type) && end - at >= vlanTag.size + 2) {
      at += vlanTag.size;
      type = view.getUint16(at);
    }
    at += 2;
    if (type < firstEtherType) {
      type = etherTypeOfSnap(view, at, end);
      if (type !== etherType.none) at += llcSnap.size;
    }
    this.#locateBehindLink(view, at, end, type);
    return true;
  }

  /** Bytes behind the IP packet that `locate` found; 0 when there is none. */
  paddingOf({ view, end }: Frame): number {
    const { network } = this;
    let size = 0;
    if (this.etherType === etherType.ipv4) size = ipv4.get.totalSize(view, network);
    else if (this.etherType === etherType.ipv6 && end - network >= ipv6.size)
      size = ipv6.size + ipv6.get.payloadSize(view, network);
    return size === 0 ? 0 : Math.max(0, end - network - size);
  }

  #locateBehindLink(view: DataView, at: number, end: number, type: number): void {
    this.etherType = type;
    this.network = at;
    if (type === etherType.ipv4) this.#locateOver4(view, at, end);
    else if (type === etherType.ipv6) this.#locateOver6(view, at, end);
  }

  #locateOver4(view: DataView, at: number, end: number): void {
    if (end - at < ipv4.size) {
      this.#cutShort();
      return;
    }
    const size = (ipv4.get.versionLength(view, at) & 0x0f) * 4;
    if (size < ipv4.size || size > end - at) {
      this.#cutShort();
      return;
    }
    this.protocol = ipv4.get.protocol(view, at);
    if ((ipv4.get.fragment(view, at) & ipv4Fragment.offset) === 0) this.transport = at + size;
  }

  #locateOver6(view: DataView, at: number, end: number): void {
    if (end - at < ipv6.size) {
      this.#cutShort();
      return;
    }
    let protocol = ipv6.get.nextHeader(view, at);
    let next = at + ipv6.size;
    while (isExtension(protocol)) {
      if (end - next < minExtensionSize) return;
      if (protocol === ipProtocol.fragment && (ipv6Fragment.get.offsetMore(view, next) & 0xfff8) !== 0)
        return;
      const size = extensionSize(view, next, protocol);
      protocol = ipv6Option.get.nextHeader(view, next);
      next += size;
    }
    if (next > end) return;
    this.protocol = protocol;
    this.transport = next;
  }

  /** The IP header is cut short: nothing behind layer 2 may be written. */
  #cutShort(): void {
    this.etherType = etherType.none;
  }
}
