/** Addresses that a test gives a dummy device, which answers for the IPv4 one as a host would: RFC 826. */
import { readMac } from '../../base/addresses.ts';
import { ethernet, etherType } from '../../wire/ethernet.ts';
import { arp } from '../../wire/ip.ts';
import type { DeviceAddress } from '../host-network.ts';

/** Undefined for none. */
export interface DummyAddresses {
  readonly ipv4?: DeviceAddress;
  readonly ipv6?: DeviceAddress;
}

const request = 1;
const reply = 2;
const at = ethernet.size;
const answerSize = at + arp.size;

/** What the host with that address says to an ARP request for it; undefined for any other frame. */
export function answerToArp(
  frame: Uint8Array,
  ipv4: Uint8Array | undefined,
  mac: string,
): Uint8Array | undefined {
  if (ipv4 === undefined || frame.length < answerSize) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (ethernet.get.type(view, 0) !== etherType.arp || arp.get.operation(view, at) !== request)
    return undefined;
  const target = frame.subarray(at + arp.offset.tpa, at + arp.offset.tpa + 4);
  if (!target.every((byte, n) => byte === ipv4[n])) return undefined;
  return answerTo(frame, ipv4, readMac(mac));
}

function answerTo(asked: Uint8Array, ipv4: Uint8Array, mac: Uint8Array): Uint8Array {
  const answer = asked.slice(0, answerSize);
  const sender = asked.subarray(at + arp.offset.sha, at + arp.offset.sha + 10); // its two addresses
  answer.set(asked.subarray(ethernet.offset.src, ethernet.offset.src + 6), ethernet.offset.dst);
  answer.set(mac, ethernet.offset.src);
  arp.set.operation(new DataView(answer.buffer), at, reply);
  answer.set(mac, at + arp.offset.sha);
  answer.set(ipv4, at + arp.offset.spa);
  answer.set(sender, at + arp.offset.tha);
  return answer;
}
