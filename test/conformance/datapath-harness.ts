/** What the suites of datapaths share: wires, flows and packets. */
import { expect } from 'vitest';
import type { DpPort } from '../../src/base/units.ts';
import type { DpAction, SlotWrite } from '../../src/datapath/actions.ts';
import type { UserspaceCookie } from '../../src/datapath/cookie.ts';
import type {
  Datapath,
  DpFlow,
  DpFlowStats,
  DpPacket,
  NewDpPort,
  Upcall,
} from '../../src/datapath/provider.ts';
import { readDpActions } from '../../src/datapath/text/actions.ts';
import { readKey } from '../../src/datapath/text/key.ts';
import { ufidOf } from '../../src/datapath/ufid.ts';
import { extractKey } from '../../src/flow/extract.ts';
import { maskSlot, newKey, writeSlot } from '../../src/flow/key.ts';
import { internMask } from '../../src/flow/mask.ts';
import { packKey } from '../../src/flow/match.ts';
import { type SlotName, slots } from '../../src/flow/slots.ts';
import { frameOf } from './memory-port.ts';
import { bytesOf, hex, udpPacket } from './packets.ts';

/** The far side of a port: the wire. */
export interface Wire {
  readonly port: DpPort;
  /** What the port was added as. */
  readonly device: NewDpPort;
  /** Sends frames to the switch. */
  inject(...frames: readonly Uint8Array[]): void;
  /** What has come out since the last call. */
  take(): Uint8Array[];
}

export interface DatapathHarness {
  readonly datapath: Datapath;
  addWire(wanted?: DpPort): Promise<Wire>;
  /** Opens the datapath once more, after its owner has left it or destroyed it. */
  reopen(): Promise<Datapath>;
  /** Ends the one that was opened last. */
  close(): Promise<void>;
}

/** Polls, since the other side may be another thread; for a minute at most. */
export async function until(isDone: () => boolean): Promise<void> {
  for (let n = 0; n < 12_000; n++) {
    if (isDone()) return;
    await new Promise((resolve) => setTimeout(resolve, n < 20 ? 0 : 5));
  }
  expect(isDone()).toBe(true);
}

export const toController: UserspaceCookie = {
  type: 'controller',
  reason: 1,
  isHeldBack: false,
  isContinuation: false,
  recircId: 0,
  ruleCookie: [0x12345678, 0x9abcdef0],
  controllerId: 0,
  maxSize: 128,
};
export const sendUp: DpAction = { do: 'userspace', pid: 0, cookie: toController };

export function output(wire: Wire): DpAction {
  return { do: 'output', port: wire.port };
}

/** All that comes in by that wire. */
export function flowFrom(wire: Wire, actions: readonly DpAction[], id = 0): DpFlow {
  const key = newKey();
  const mask = newKey();
  key[slots.in_port.word] = wire.port;
  maskSlot(mask, 'in_port');
  return { id, ...packed(key, mask), actions };
}

export function packed(key: Uint32Array, mask: Uint32Array): Pick<DpFlow, 'ufid' | 'key' | 'mask'> {
  const packet = packKey(key);
  return { ufid: ufidOf(packet), key: packet, mask: internMask(mask) };
}

/** A flow as text: what it matches and what it does. */
export function flowOf(match: string, actions: string, id: number): DpFlow {
  const { key, mask } = readKey(match);
  return { id, ...packed(key, mask), actions: readDpActions(actions) };
}

/** The key of what came up, with the zeros behind it. */
export function whole(upcall: Upcall | undefined): Uint32Array {
  const key = newKey();
  key.set(upcall?.key ?? []);
  return key;
}

export function packetFrom(wire: Wire, bytes = udpPacket()): DpPacket {
  return { bytes, offload: undefined, key: keyOf(bytes, wire) };
}

export function keyOf(packet: Uint8Array, wire: Wire): Uint32Array {
  const frame = frameOf(packet);
  frame.inPort = wire.port;
  const key = newKey();
  extractKey(frame, key);
  return key;
}

export function setField(slot: SlotName, value: string, mask = 'ff'.repeat(slots[slot].size)): SlotWrite {
  const { word, size, at } = slots[slot];
  const count = ((at + size - 1) >> 2) - word + 1;
  const words = (text: string): number[] => {
    const key = newKey();
    writeSlot(key, slot, bytesOf(text));
    return [...key.subarray(word, word + count)];
  };
  return { slot, value: words(value), mask: words(mask) };
}

/** undefined when the datapath does not hold that flow. */
export function statsOf(datapath: Datapath, id: number): DpFlowStats | undefined {
  const into = { packetCount: -1, byteCount: -1, usedAt: -1, tcpFlags: -1 };
  return datapath.readFlowStats(id, into) ? into : undefined;
}

/** Waits until a wire has given that many frames. */
export async function taken(wire: Wire, count: number): Promise<string[]> {
  const got: Uint8Array[] = wire.take();
  await until(() => {
    got.push(...wire.take());
    return got.length >= count;
  });
  return got.map(hex);
}
