/** Reverse ARP (RFC 903), as switches and hosts send it so that others learn where an address is. */
import { etherType } from './ethernet.ts';
import { arp } from './ip.ts';
import { newFrame } from './new-frame.ts';

const requestReverse = 3;
const everybody = new Uint8Array(6).fill(0xff);

/** A frame from that address to everybody, in a VLAN unless that is 0. */
export function emitRarpRequest(mac: Uint8Array, vlan = 0): Uint8Array {
  const header = { dst: everybody, src: mac, type: etherType.rarp, tci: vlan };
  const { frame, view, at } = newFrame(header, arp.size);
  arp.set.hardware(view, at, 1);
  arp.set.protocol(view, at, etherType.ipv4);
  arp.set.hardwareSize(view, at, 6);
  arp.set.protocolSize(view, at, 4);
  arp.set.operation(view, at, requestReverse);
  frame.set(mac, at + arp.offset.sha);
  frame.set(mac, at + arp.offset.tha);
  return frame;
}
