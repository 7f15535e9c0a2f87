/** A packet that a controller is sent to see whether it decides what becomes of it: of a host that does not exist. */
import type { Random } from '../../base/random.ts';
import { matchOn } from '../../flow/match.ts';
import { emitRarpRequest } from '../../wire/rarp.ts';
import type { PacketForController } from '../controllers.ts';
import { localPort } from '../port.ts';

const everyTable = 0xff;
const noMatch = 0;

export function trialPacket(random: Random): PacketForController {
  return {
    bytes: emitRarpRequest(strangeMac(random.u32())),
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

/** One of Nicira's addresses. */
function strangeMac(number: number): Uint8Array {
  return Uint8Array.of(0x00, 0x23, 0x20, 0x80 | ((number >>> 16) & 0x7f), number >>> 8, number);
}
