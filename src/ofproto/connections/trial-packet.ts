/** A packet that a controller is sent to see whether it decides what becomes of it: of a host that does not exist. */
import type { Random } from '../../base/random.ts';
import { matchOn } from '../../flow/match.ts';
import { ethernet, etherType } from '../../wire/ethernet.ts';
import { arp } from '../../wire/ip.ts';
import type { PacketForController } from '../controllers.ts';
import { localPort } from '../port.ts';

/** Reverse ARP's "request reverse", RFC 903. */
const requestReverse = 3;
const everyTable = 0xff;
const noMatch = 0;

export function trialPacket(random: Random): PacketForController {
  return {
    bytes: rarpRequest(random.u32()),
    inPort: localPort,
    table: everyTable,
    cookie: undefined,
    reason: noMatch,
    metadata: matchOn({ in_port: localPort }),
    userdata: new Uint8Array(0),
    controllerId: 0,
    continuation: undefined,
  };
}

/** As hosts send it when they come or move, so that switches learn the address; of Nicira's addresses. */
function rarpRequest(number: number): Uint8Array {
  const frame = new Uint8Array(ethernet.size + arp.size);
  const view = new DataView(frame.buffer);
  const mac = Uint8Array.of(0x00, 0x23, 0x20, 0x80 | ((number >>> 16) & 0x7f), number >>> 8, number);
  frame.fill(0xff, 0, 6);
  frame.set(mac, ethernet.offset.src);
  ethernet.set.type(view, 0, etherType.rarp);
  const at = ethernet.size;
  arp.set.hardware(view, at, 1);
  arp.set.protocol(view, at, etherType.ipv4);
  arp.set.hardwareSize(view, at, 6);
  arp.set.protocolSize(view, at, 4);
  arp.set.operation(view, at, requestReverse);
  frame.set(mac, at + arp.offset.sha);
  frame.set(mac, at + arp.offset.tha);
  return frame;
}
