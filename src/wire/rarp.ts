/** Reverse ARP (RFC 903), as switches and hosts send it so that others learn where an address is. */
import { ethernet, etherType, vlanTag } from './ethernet.ts';
import { arp } from './ip.ts';

const requestReverse = 3;

/** A frame from that address to everybody, in a VLAN unless that is 0. */
export function emitRarpRequest(mac: Uint8Array, vlan = 0): Uint8Array {
  const tagSize = vlan === 0 ? 0 : vlanTag.size;
  const at = ethernet.size + tagSize;
  const frame = new Uint8Array(at + arp.size);
  const view = new DataView(frame.buffer);
  frame.fill(0xff, 0, 6);
  frame.set(mac, ethernet.offset.src);
  if (tagSize > 0) {
    vlanTag.set.tpid(view, ethernet.offset.type, etherType.vlan);
    vlanTag.set.tci(view, ethernet.offset.type, vlan);
  }
  ethernet.set.type(view, tagSize, etherType.rarp);
  arp.set.hardware(view, at, 1);
  arp.set.protocol(view, at, etherType.ipv4);
  arp.set.hardwareSize(view, at, 6);
  arp.set.protocolSize(view, at, 4);
  arp.set.operation(view, at, requestReverse);
  frame.set(mac, at + arp.offset.sha);
  frame.set(mac, at + arp.offset.tha);
  return frame;
}
