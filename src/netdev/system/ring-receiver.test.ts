import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameBatch } from '../../wire/frame.ts';
import { emptyCounters } from '../counters.ts';
import { slotHeader, slotSize, slotStatus } from './packet-socket.ts';
import { RingReceiver } from './ring-receiver.ts';
import { fillSlot } from './warm-up-port.ts';

const slotCount = 4;

function ringPort() {
  const buffer = new ArrayBuffer(slotCount * slotSize);
  const counters = emptyCounters();
  const port = new RingReceiver(-1, { buffer, address: 0, unmap: () => {} }, counters);
  return { port, counters, view: new DataView(buffer), buffer };
}

function fill(view: DataView, slot: number, status: number, size: number, mac = 192, captured = size): void {
  fillSlot(view, slot, status, size, mac, captured);
}

test('A ring is read in order, handed out once, and given back slot by slot', () => {
  const { port, view } = ringPort();
  const batch = new FrameBatch(3);
  for (let slot = 0; slot < slotCount; slot++) fill(view, slot, slotStatus.user, 60 + slot);
  expect(port.receive(batch)).toBe(3);
  expect(batch.frames.map((f) => f.size)).toEqual([60, 61, 62]);
  expect(port.receive(batch)).toBe(1);
  expect(port.receive(batch)).toBe(0);
  port.release();
  expect([0, 1, 2, 3].map((slot) => view.getUint32(slot * slotSize, true))).toEqual([0, 0, 0, 0]);
  fill(view, 0, slotStatus.user, 70);
  expect(port.receive(batch)).toBe(1);
  expect(batch.frames[0]?.size).toBe(70);
});

test('A frame that was cut, or whose slot makes no sense, is counted and passed over', () => {
  const { port, counters, view } = ringPort();
  fill(view, 0, slotStatus.user, 3000, 192, 1800);
  fill(view, 1, slotStatus.user, 60, 8);
  fill(view, 2, slotStatus.user, 1900, 192);
  fill(view, 3, slotStatus.user, 60);
  expect(port.receive(new FrameBatch(8))).toBe(1);
  expect(counters).toMatchObject({ rxPackets: 1, rxDropped: 1, rxErrors: 2 });
});

test('An offload header that points outside its frame costs the frame', () => {
  const { port, counters, view } = ringPort();
  fill(view, 0, slotStatus.user, 60);
  const header = 192 - 10;
  view.setUint8(header, 1);
  view.setUint16(header + 6, 58, true);
  view.setUint16(header + 8, 1, true);
  expect(port.receive(new FrameBatch(8))).toBe(0);
  expect(counters.rxErrors).toBe(1);
});

test('A tag out of band is put back, and the checksum start moves with the bytes', () => {
  const { port, view, buffer } = ringPort();
  fill(view, 0, slotStatus.user | slotStatus.vlan, 60);
  new Uint8Array(buffer, 192, 14).set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 0]);
  view.setUint16(slotHeader.tci, 0x6064, true);
  const header = 192 - 10;
  view.setUint8(header, 1);
  view.setUint16(header + 6, 34, true);
  view.setUint16(header + 8, 16, true);
  const batch = new FrameBatch(1);
  expect(port.receive(batch)).toBe(1);
  const [frame] = batch.frames;
  expect(frame?.bytes.slice(frame.start, frame.start + 18)).toEqual(
    Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x81, 0, 0x60, 0x64, 8, 0),
  );
  expect(frame).toMatchObject({ checksumStart: 38, checksumOffset: 16 });
});

test('Whatever a ring holds, every frame handed out lies inside it', () => {
  const slots = fc.array(fc.uint8Array({ minLength: 256, maxLength: 256 }), {
    minLength: slotCount,
    maxLength: slotCount,
  });
  const sizes = fc.array(fc.integer({ min: 0, max: 2100 }), { minLength: slotCount, maxLength: slotCount });
  fc.assert(
    fc.property(slots, sizes, fc.boolean(), (contents, lengths, isPlausible) => {
      const { port, view, buffer } = ringPort();
      contents.forEach((bytes, slot) => {
        new Uint8Array(buffer, slot * slotSize, 256).set(bytes);
        const size = lengths[slot] ?? 0;
        if (isPlausible) fill(view, slot, (bytes[0] ?? 0) | 1, size, 52 + (bytes[12] ?? 0));
      });
      const batch = new FrameBatch(slotCount);
      const count = port.receive(batch);
      for (const frame of batch.frames.slice(0, count)) {
        expect(frame.start).toBeGreaterThanOrEqual(slotHeader.end);
        expect(frame.size).toBeGreaterThanOrEqual(14);
        expect(frame.end).toBeLessThanOrEqual(frame.bytes.byteLength);
        expect(frame.checksumStart + frame.checksumOffset).toBeLessThan(frame.size);
      }
      port.release();
    }),
    { numRuns: 1000 },
  );
});
