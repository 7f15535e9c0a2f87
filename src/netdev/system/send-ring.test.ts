import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Frame, gso } from '../../wire/frame.ts';
import { slotSize } from './packet-socket.ts';
import { SendRing } from './send-ring.ts';

const slotCount = 4;
const status = { available: 0, sendRequest: 1, sending: 2, wrongFormat: 4 };
const headerAt = 32;
const headerSize = 10;
const address = 0x10000;

/** A ring and the kernel's side of it: takes frames in order, keeps their slots until `finish`. */
class Kernel {
  readonly buffer = new ArrayBuffer(slotCount * slotSize);
  readonly #view = new DataView(this.buffer);
  readonly taken: string[] = [];
  /** How many frames it takes in the next call, and what it says when it takes no more. */
  room = Number.POSITIVE_INFINITY;
  answer: 'refused' | 'malformed' | 'no memory' = 'refused';
  #head = 0;
  readonly #held: number[] = [];
  readonly ring = new SendRing({ buffer: this.buffer, address }, () => this.#send());

  #send(): number {
    for (let left = this.room; ; left--) {
      const at = this.#head * slotSize;
      if (this.#view.getUint32(at, true) !== status.sendRequest) return 0;
      if (left === 0) {
        if (this.answer === 'malformed') this.#view.setUint32(at, status.wrongFormat, true);
        return this.answer === 'no memory' ? 100 : -1;
      }
      this.taken.push(this.textAt(at + headerAt, this.#view.getUint32(at + 4, true)));
      this.#view.setUint32(at, status.sending, true);
      this.#held.push(at);
      this.#head = (this.#head + 1) % slotCount;
    }
  }

  finish(count: number): void {
    for (const at of this.#held.splice(0, count)) this.#view.setUint32(at, status.available, true);
  }

  textAt(at: number, size: number): string {
    return Buffer.from(this.buffer, at + headerSize, size - headerSize).toString('latin1');
  }

  left(count: number): string[] {
    return Array.from({ length: count }, (_, n) => {
      const left = this.ring.leftAt(n);
      return this.textAt(left.address - address, left.size);
    });
  }
}

function frameOf(text: string): Frame {
  const frame = new Frame(Buffer.from(`..${text}`, 'latin1'));
  frame.start = 2;
  frame.end = 2 + text.length;
  return frame;
}

test('Frames go to the kernel in order, each with all of it counted as headers', () => {
  const kernel = new Kernel();
  const { ring } = kernel;
  const open = frameOf('a frame with an open checksum');
  open.checksumStart = 14;
  open.checksumOffset = 6;
  expect(ring.add(open)).toBe(true);
  expect(ring.add(frameOf('one without'))).toBe(true);
  expect([ring.waitingCount, ring.waitingBytes]).toEqual([2, open.size + 11]);
  const header = new DataView(kernel.buffer, headerAt, headerSize);
  expect([0, 2, 4, 6, 8].map((at) => header.getUint16(at, true))).toEqual([1, open.size, 0, 14, 6]);
  expect(ring.send()).toBe(0);
  expect(kernel.taken).toEqual(['a frame with an open checksum', 'one without']);
  expect([ring.waitingCount, ring.waitingBytes]).toEqual([0, 0]);
});

test('A long or segmented frame is none for the ring', () => {
  const { ring } = new Kernel();
  const longest = slotSize - headerAt - headerSize;
  expect(ring.add(frameOf('x'.repeat(longest + 1)))).toBe(false);
  const segmented = frameOf('x'.repeat(100));
  segmented.gsoType = gso.tcp4;
  expect(ring.add(segmented)).toBe(false);
  expect(ring.waitingCount).toBe(0);
  expect(ring.add(frameOf('x'.repeat(longest)))).toBe(true);
});

test('Whatever the kernel refuses and however long it holds, no frame is lost, doubled or overtaken', () => {
  const step = fc.record({
    adds: fc.array(fc.integer({ min: 14, max: 300 }), { maxLength: slotCount + 1 }),
    room: fc.nat(slotCount),
    answer: fc.constantFrom('refused' as const, 'malformed' as const, 'no memory' as const),
    finished: fc.nat(slotCount),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const kernel = new Kernel();
      const added: string[] = [];
      const gone: string[] = [];
      let heldCount = 0;
      for (const { adds, room, answer, finished } of steps) {
        const waiting: string[] = [];
        for (const size of adds) {
          const text = `${added.length},`.padEnd(size, '#');
          const hasSlot = heldCount + waiting.length < slotCount;
          expect(kernel.ring.add(frameOf(text))).toBe(hasSlot);
          if (hasSlot) waiting.push(text);
          if (hasSlot) added.push(text);
        }
        kernel.room = room;
        kernel.answer = answer;
        kernel.taken.length = 0;
        const leftCount = kernel.ring.send();
        expect(leftCount).toBe(Math.max(0, waiting.length - room));
        gone.push(...kernel.taken, ...kernel.left(leftCount));
        heldCount += kernel.taken.length;
        kernel.finish(finished);
        heldCount = Math.max(0, heldCount - finished);
      }
      expect(gone).toEqual(added);
    }),
    { numRuns: 500 },
  );
});
