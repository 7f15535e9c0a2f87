/** What happens to frames that are fragments, in whole engines; which of them belong together is conntrack/fragments/. */
import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryPort } from '../../../test/conformance/memory-port.ts';
import { hasGoodChecksums, hex, udpPacket } from '../../../test/conformance/packets.ts';
import { FakeClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { ms } from '../../base/units.ts';
import { ctState } from '../../flow/ct-state.ts';
import { getSlot, newKey, writeSlot } from '../../flow/key.ts';
import { internMask } from '../../flow/mask.ts';
import { slots } from '../../flow/slots.ts';
import { internetChecksum } from '../../wire/checksum.ts';
import { Frame, gso } from '../../wire/frame.ts';
import { configureFragments } from '../conntrack/fragments/report.ts';
import { ConnectionTracker } from '../conntrack/tracker.ts';
import type { DpDropReason } from '../drops.ts';
import { readDpActions } from '../text/actions.ts';
import { SharedPortCounters } from './counters.ts';
import { Engine } from './engine.ts';
import type { EnginePort } from './engine-ports.ts';
import type { RestOfList } from './execute.ts';
import { HeldFragments } from './held-fragments.ts';
import { lowerActions } from './lower.ts';

const [ethernetSize, headerSize] = [14, 20];
const large = udpPacket({ payload: '5a'.repeat(1000) });

/** Those of an untagged packet over IPv4, of so many bytes of data; 0 for the rest. */
function cut(packet: Uint8Array, ...sizes: readonly number[]): Uint8Array[] {
  const data = packet.subarray(ethernetSize + headerSize);
  let offset = 0;
  return sizes.map((size) => {
    const end = size === 0 ? data.length : offset + size;
    const part = Uint8Array.from([
      ...packet.subarray(0, ethernetSize + headerSize),
      ...data.subarray(offset, end),
    ]);
    const view = new DataView(part.buffer, ethernetSize);
    view.setUint16(2, headerSize + end - offset);
    view.setUint16(6, (offset >> 3) | (end < data.length ? 0x2000 : 0));
    view.setUint16(10, 0);
    view.setUint16(10, internetChecksum(view, 0, headerSize));
    offset = end;
    return part;
  });
}

const [first = large, middle = large, last = large] = cut(large, 480, 480, 0);

function frameOf(bytes: Uint8Array, offload: Partial<Frame> = {}): Frame {
  const frame = new Frame(Uint8Array.from(bytes));
  frame.end = bytes.length;
  return Object.assign(frame, offload);
}

/** Receives on port 1, sends on ports 2 and 3. */
class Rig {
  readonly input = new MemoryPort();
  readonly two = new MemoryPort();
  readonly three = new MemoryPort();
  /** Of what went up. */
  readonly keys: Uint32Array[] = [];
  readonly engine: Engine;
  readonly #port: EnginePort;

  constructor(clock: FakeClock, tracker: ConnectionTracker, held: HeldFragments<RestOfList>) {
    this.engine = new Engine({
      random: seededRandom(3),
      clock,
      upcalls: { add: (_reason, _frame, key) => this.keys.push(key.slice()) },
      makeMemory: (size) => ({ bytes: new Uint8Array(size), address: 0 }),
      flowCapacity: 10,
      tracker,
      held,
    });
    this.engine.flows.stats.reserve(0);
    const add = (number: number, tx: MemoryPort, rx?: MemoryPort): EnginePort =>
      this.engine.ports.add(number, tx, rx, new SharedPortCounters());
    this.#port = add(1, this.input, this.input);
    add(2, this.two);
    add(3, this.three);
  }

  /** What packets get that were looked up again with that id, or came in. */
  flow(actions: string, recirculation = 0): void {
    const [mask, key] = [newKey(), newKey()];
    writeSlot(mask, 'recirc_id', [255, 255, 255, 255]);
    writeSlot(key, 'recirc_id', [0, 0, 0, recirculation]);
    const interned = internMask(mask);
    const values = [...interned.words].map((word) => key[word] ?? 0);
    const steps = lowerActions(readDpActions(actions));
    this.engine.flows.put({ id: recirculation, generation: 1, mask: interned, values, steps });
  }

  receive(...frames: readonly (Uint8Array | Frame)[]): void {
    this.input.inject(...frames);
    while (this.engine.runPort(this.#port) > 0);
  }

  execute(bytes: Uint8Array, actions: string, key: Uint32Array): void {
    this.engine.execute({ bytes, key, offload: undefined }, lowerActions(readDpActions(actions)));
  }

  drops(reason: DpDropReason): number {
    return this.engine.totals.dropCount(reason);
  }
}

const texts = (port: MemoryPort): string[] => port.sent.splice(0).map(({ bytes }) => hex(bytes));
const all = [first, middle, last].map(hex);

let clock: FakeClock;
let tracker: ConnectionTracker;
let held: HeldFragments<RestOfList>;
let rig: Rig;

beforeEach(() => {
  clock = new FakeClock(1000);
  tracker = new ConnectionTracker(seededRandom(1));
  held = new HeldFragments(tracker.fragments);
  rig = new Rig(clock, tracker, held);
  configureFragments(tracker.fragments, { of: { version: 4, minSize: 400 } });
});

test('fragments wait for each other and go on as they came', () => {
  rig.flow('ct(commit,zone=1),2');
  rig.receive(last);
  rig.receive(first);
  expect(texts(rig.two)).toEqual([]);
  rig.receive(middle);
  expect(texts(rig.two)).toEqual(all);
  expect(tracker.table.size).toBe(1);
});

test('the device may use its buffers anew meanwhile', () => {
  rig.flow('ct(commit),2');
  const frames = [first, middle].map((bytes) => frameOf(bytes));
  rig.receive(...frames);
  for (const { bytes } of frames) bytes.fill(0xff);
  rig.receive(last);
  expect(texts(rig.two)).toEqual(all);
});

test('each goes on by its own actions, with what came with it', () => {
  const keyOf = (port: number): Uint32Array => {
    const key = newKey();
    writeSlot(key, 'in_port', [0, 0, 0, port]);
    writeSlot(key, 'tun_id', [0, 0, 0, 0, 0, 0, 0, port]);
    writeSlot(key, 'nw_frag', [1]);
    return key;
  };
  const up = 'userspace(pid=0,ipfix(output_port=1))';
  rig.execute(first, `ct(commit,zone=1,mark=9/0xffffffff),2,${up}`, keyOf(1));
  rig.execute(middle, `ct(commit,zone=1,mark=9/0xffffffff),3,${up}`, keyOf(2));
  rig.execute(last, `ct(commit,zone=1,mark=9/0xffffffff),${up}`, keyOf(3));
  expect([texts(rig.two), texts(rig.three)]).toEqual([[all[0]], [all[1]]]);
  expect(rig.keys.map((key) => [getSlot(key, 'in_port'), getSlot(key, 'ct_mark')])).toEqual([
    [1, 9],
    [2, 9],
    [3, 9],
  ]);
  expect(rig.keys.map((key) => key[slots.tun_id.word + 1])).toEqual([1, 2, 3]);
  for (const key of rig.keys) {
    expect(getSlot(key, 'ct_state')).toBe(ctState.tracked | ctState.new);
    expect(getSlot(key, 'ct_tp_src')).toBe(1000);
  }
});

test('what is translated is so in all of them, and they are looked up by their new addresses', () => {
  rig.flow('ct(commit,nat(src=10.0.0.9:77)),recirc(1)');
  rig.flow('2,userspace(pid=0,ipfix(output_port=1))', 1);
  rig.receive(middle, last, first);
  expect(rig.keys.map((key) => getSlot(key, 'nw_src'))).toEqual([0x0a000009, 0x0a000009, 0x0a000009]);
  expect(rig.keys.map((key) => getSlot(key, 'tp_src'))).toEqual([77, 0, 0]);
  const sent = rig.two.sent.map(({ bytes }) => bytes);
  const [head = large] = sent;
  const data = sent.flatMap((bytes) => [...bytes.subarray(ethernetSize + headerSize)]);
  const [whole = large] = cut(Uint8Array.from([...head.subarray(0, ethernetSize + headerSize), ...data]), 0);
  expect(hasGoodChecksums(whole)).toBe(true);
});

test('a list that goes on with the packet does so at once', () => {
  rig.flow('clone(ct(commit),2),3');
  rig.receive(first, middle);
  expect([texts(rig.two), texts(rig.three)]).toEqual([[], all.slice(0, 2)]);
  rig.receive(last);
  expect([texts(rig.two), texts(rig.three)]).toEqual([all, all.slice(2)]);
});

test('what is to be cut is cut when it goes on', () => {
  rig.flow('trunc(60),ct(commit),2,3');
  rig.receive(first, middle, last);
  expect(rig.two.sent.map(({ bytes }) => bytes.length)).toEqual([60, 60, 60]);
  expect(texts(rig.three)).toEqual(all);
});

test('they are held at each place of a pipeline, and looked up again only so often', () => {
  rig.flow('ct(zone=1),ct(zone=2),recirc(1)');
  rig.flow('3,ct(zone=1),recirc(1)', 1);
  rig.receive(first, middle, last);
  expect(rig.three.sent).toHaveLength(3 * 6);
  expect(rig.drops('tooManyRecirculations')).toBe(3);
  expect(held.hasAny).toBe(false);
});

test('a flow that is deleted meanwhile is what they go on by', () => {
  rig.flow('ct(commit),2');
  rig.receive(first, middle);
  rig.engine.flows.delete(0);
  rig.flow('ct(commit),3');
  rig.receive(last);
  expect([texts(rig.two), texts(rig.three)]).toEqual([all.slice(0, 2), all.slice(2)]);
});

test('a port that goes takes the packets along of which fragments came in by it', () => {
  rig.flow('ct(commit),2');
  rig.receive(first, middle);
  rig.engine.removePort(3);
  expect(rig.drops('fragmentPortGone')).toBe(0);
  rig.engine.removePort(1);
  expect(rig.drops('fragmentPortGone')).toBe(2);
  expect(tracker.fragments.heldCount).toBe(0);
  expect(held.hasAny).toBe(false);
});

describe('when the rest does not come', () => {
  beforeEach(() => {
    rig.flow('ct(commit,zone=1),2,userspace(pid=0,ipfix(output_port=1))');
    rig.receive(first, middle);
  });

  test('they go on behind what comes later, as invalid', () => {
    clock.advance(ms(15_001));
    rig.receive(udpPacket({ source: 5 }));
    expect(texts(rig.two).slice(1)).toEqual(all.slice(0, 2));
    const states = rig.keys.map((key) => getSlot(key, 'ct_state'));
    expect(states.slice(1)).toEqual(Array(2).fill(ctState.tracked | ctState.invalid));
    expect(rig.keys.map((key) => getSlot(key, 'ct_zone'))).toEqual([1, 1, 1]);
  });

  test('or are dropped when nothing comes', () => {
    clock.advance(ms(25_000));
    rig.engine.idle();
    expect(texts(rig.two)).toEqual([]);
    expect(rig.drops('fragmentPurged')).toBe(2);
    expect(held.hasAny).toBe(false);
  });
});

describe('offloads', () => {
  test('that are left are done when a fragment is held', () => {
    rig.flow('ct(commit),2');
    rig.receive(frameOf(first, { checksumStart: 34, checksumOffset: 6 }), middle, last);
    expect(rig.two.sent.map(({ checksumStart }) => checksumStart)).toEqual([-1, -1, -1]);
  });

  test('that make several frames of a fragment make it invalid', () => {
    rig.flow('ct(commit),userspace(pid=0,ipfix(output_port=1))');
    rig.receive(frameOf(first, { gsoType: gso.udpL4, gsoSize: 100, checksumStart: 34, checksumOffset: 6 }));
    expect(rig.keys.map((key) => getSlot(key, 'ct_state'))[0]).toBe(ctState.tracked | ctState.invalid);
    expect(held.hasAny).toBe(false);
  });
});

test('fragments of a packet may come by several engines of a tracker', () => {
  const other = new Rig(clock, tracker, held);
  for (const { flow } of [rig, other].map((each) => ({ flow: each.flow.bind(each) }))) flow('ct(commit),2');
  rig.receive(first);
  other.receive(last);
  rig.receive(middle);
  expect(texts(rig.two)).toEqual(all);
  expect(texts(other.two)).toEqual([]);
});

test('more than fits the memory for copies goes on in several parts', () => {
  configureFragments(tracker.fragments, { limit: 5000 });
  rig.flow('ct(commit),2');
  const packets = Array.from({ length: 80 }, (_, n) =>
    udpPacket({ source: n + 1, payload: '5a'.repeat(60_000) }),
  );
  const parts = packets.map((packet, n) => {
    new DataView(packet.buffer).setUint16(18, n);
    return cut(packet, 59_200, 0);
  });
  rig.receive(...parts.flatMap(([head = large]) => [head]), ...parts.flatMap(([, tail = large]) => [tail]));
  expect(rig.two.sent).toHaveLength(160);
  expect(tracker.table.size).toBe(80);
});
