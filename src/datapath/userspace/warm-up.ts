/**
 * Makes the engine fast before its first packet: code that has run some ten thousand times is compiled to machine code,
 * and an idle switch would take hours to get there, answering each ping from interpreted code. Run once when a worker
 * starts; takes some tens of milliseconds.
 */

import type { Clock } from '../../base/clock.ts';
import { dpPort } from '../../base/units.ts';
import { extractKey } from '../../flow/extract.ts';
import { maskedKey, maskSlot, newKey } from '../../flow/key.ts';
import { datapathWordCount, type SlotName } from '../../flow/slots.ts';
import { Frame } from '../../wire/frame.ts';
import type { DpAction } from '../actions.ts';
import { EndlessPort } from './endless-port.ts';
import { Engine } from './engine.ts';
import type { FrameMemory } from './scratch.ts';
import { makeUpcallMemory, UpcallWriter } from './upcall-ring.ts';

const roundCount = 600;
/** Never used: only, like a real one, no small integer. */
const nativeAddress = 2 ** 46;
const portOptions = { batchSize: 16, slotSize: 256, address: nativeAddress, emptyEvery: 8 };

/** What most packets look like, with zeros behind: ARP, ICMP, UDP and TCP, both kinds of IP, with and without tag. */
const packets = [
  'ffffffffffff 020000000001 0806 0001080006040001 020000000001 0a000001 000000000000 0a000002',
  '020000000002 020000000001 0800 4500005400004000 40010000 0a000001 0a000002 0800000000010001',
  '020000000002 020000000001 0800 4500005400004000 40110000 0a000001 0a000002 03e807d000400000',
  '020000000002 020000000001 0800 4500005400004000 40060000 0a000001 0a000002 03e807d0 00000000 00000000 5010',
  '020000000002 020000000001 86dd 60000000 0028 11 40 fe80000000000001 0000000000000001 fe80000000000001 0000000000000002 03e807d00028',
  '020000000002 020000000001 81000005 0800 4500005400004000 40110000 0a000001 0a000002 03e807d000400000',
].map((text) => {
  const packet = Buffer.alloc(text.includes('8100') ? 102 : 98);
  Buffer.from(text.replaceAll(' ', ''), 'hex').copy(packet);
  return packet;
});

/** Slots whose whole mask makes one flow's mask each: several, since code compiled for one mask fits no other. */
const masks = [
  ['in_port', 'eth_dst', 'eth_type'],
  ['in_port', 'eth_type', 'nw_src', 'nw_proto'],
  ['in_port', 'eth_src', 'eth_type', 'nw_proto'],
  ['in_port', 'eth_type', 'vlan_tpid', 'ipv6_src'],
  ['in_port', 'eth_type', 'vlan_tci'],
] as const satisfies readonly (readonly SlotName[])[];

/** Two engines, because what was compiled for the first must also hold for a fresh one. */
export function warmUp(clock: Clock): void {
  for (let n = 0; n < 2; n++) warmUpOne(clock);
}

function warmUpOne(clock: Clock): void {
  const upcalls = new UpcallWriter(makeUpcallMemory(), () => {});
  const makeMemory = (size: number): FrameMemory => ({ bytes: new Uint8Array(size), address: nativeAddress });
  const engine = new Engine({ clock, upcalls, makeMemory, flowCapacity: packets.length });
  const port = engine.addPort(1, new EndlessPort(packets, portOptions));
  engine.addPort(2, new EndlessPort([], portOptions));
  engine.flowStats.reserve(0);
  for (let round = 0; round < roundCount; round++) {
    // The first packets miss and wait; the rest hit, each flow under its own mask, at first after a search.
    if (round === 2) putFlows(engine);
    if (round % 256 === 2) engine.upcallsDone(round);
    engine.runPort(port);
  }
}

function putFlows(engine: Engine): void {
  packets.forEach((packet, id) => {
    const frame = new Frame(packet);
    frame.end = packet.length;
    frame.inPort = 1;
    const key = newKey();
    extractKey(frame, key);
    const mask = newKey().slice(0, datapathWordCount);
    for (const slot of masks[id % masks.length] ?? []) maskSlot(mask, slot);
    const actions: DpAction[] = [{ do: 'output', port: dpPort(2) }];
    engine.putFlow({ id, generation: 1, key: maskedKey(key, mask), mask, actions });
  });
}
