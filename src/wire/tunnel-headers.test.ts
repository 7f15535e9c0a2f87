import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Erspan,
  emitErspan,
  erspanDirection,
  erspanHardwareId,
  erspanIndexOf,
  erspanSession,
  erspanSize,
  erspanVersion,
  isErspan,
} from './erspan.ts';
import { emitGeneve, geneve, geneveOptionsSize, geneveSize, isGeneve, isGeneveOam } from './geneve.ts';
import { emitGre, gre, greFlag, greKeyAt, greSequenceAt, greSize, greWord, isGre } from './gre.ts';
import { emitGtpu, gtpu, gtpuSize } from './gtpu.ts';
import { emitVxlan, isVxlan, vxlan, vxlanFlag, vxlanNext, vxlanNextOf } from './vxlan.ts';

const u = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });

/** Bytes of a header that `emit` writes, behind some others. */
function emitted(size: number, emit: (view: DataView, at: number) => void): DataView {
  const view = new DataView(new ArrayBuffer(3 + size));
  emit(view, 3);
  return view;
}

function hex(view: DataView): string {
  return Buffer.from(view.buffer).toString('hex').slice(6);
}

/** A header that is cut anywhere is none; other bytes are one or none, and nothing else happens. */
function checkCuts(whole: DataView, isOne: (view: DataView, at: number, end: number) => boolean): void {
  const size = whole.byteLength;
  for (let end = 3; end < size; end++) expect(isOne(whole, 3, end)).toBe(false);
  expect(isOne(whole, 3, size)).toBe(true);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      // Only what is there may be read: a view throws where it ends.
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      expect(typeof isOne(view, 0, bytes.length)).toBe('boolean');
    }),
  );
}

describe('GRE', () => {
  const flags = fc.subarray(Object.values(greFlag)).map((some) => some.reduce((all, bit) => all | bit, 0));

  test('is read as it was written, with the words that its flags tell of', () => {
    fc.assert(
      fc.property(flags, u(16), u(32), (bits, protocol, key) => {
        const hasKey = (bits & greFlag.key) !== 0;
        const view = emitted(greSize(bits), (to, at) =>
          emitGre(to, at, { flags: bits, protocol, ...(hasKey ? { key } : {}) }),
        );
        expect(isGre(view, 3, view.byteLength)).toBe(true);
        expect([gre.get.flags(view, 3), gre.get.protocol(view, 3)]).toEqual([bits, protocol]);
        if (hasKey) expect(greWord.get.value(view, greKeyAt(3, bits))).toBe(key);
      }),
    );
  });

  test('has its words in their order', () => {
    const all = greFlag.checksum | greFlag.key | greFlag.sequence;
    const view = emitted(16, (to, at) => {
      emitGre(to, at, { flags: all, protocol: 0x6558, key: 0x123 });
      greWord.set.value(to, greSequenceAt(at, all), 7);
    });
    expect(hex(view)).toBe('b0006558000000000000012300000007');
    checkCuts(view, isGre);
    view.setUint16(3, all | 0x4000); // routing, of RFC 1701
    expect(isGre(view, 3, view.byteLength)).toBe(false);
  });
});

describe('ERSPAN', () => {
  const unit: fc.Arbitrary<Erspan> = fc.oneof(
    fc.record({ version: fc.constant(1 as const), sessionId: u(10), index: u(32) }),
    fc.record({ version: fc.constant(2 as const), sessionId: u(10), direction: u(1), hardwareId: u(6) }),
  );

  function read(view: DataView, at: number): Erspan {
    const sessionId = erspanSession(view, at);
    if (erspanVersion(view, at) === 1) return { version: 1, sessionId, index: erspanIndexOf(view, at) };
    const [direction, hardwareId] = [erspanDirection(view, at), erspanHardwareId(view, at)];
    return { version: 2, sessionId, direction, hardwareId };
  }

  test('is read as it was written', () => {
    fc.assert(
      fc.property(unit, (one) => {
        const view = emitted(erspanSize(one.version), (to, at) => emitErspan(to, at, one));
        expect(isErspan(view, 3, view.byteLength)).toBe(true);
        expect(read(view, 3)).toEqual(one);
      }),
    );
  });

  test('is laid out as the draft says, and of no other version', () => {
    const first = emitted(16, (to, at) => emitErspan(to, at, { version: 1, sessionId: 0x7b, index: 3 }));
    expect(hex(first)).toBe('100088be000000001000007b00000003');
    const second = emitted(20, (to, at) =>
      emitErspan(to, at, { version: 2, sessionId: 0x237, direction: 1, hardwareId: 0x31 }),
    );
    expect(hex(second)).toBe('100022eb000000002000023700000000' + '00000318');
    checkCuts(first, isErspan);
    checkCuts(second, isErspan);
    second.setUint8(11, 0x30);
    expect(isErspan(second, 3, second.byteLength)).toBe(false);
  });
});

describe('VXLAN', () => {
  const of = (flags: number, vni = 0x123456): DataView =>
    emitted(vxlan.size, (to, at) => emitVxlan(to, at, { flags, vni }));

  test('is laid out as its RFC says', () => {
    const view = of(vxlanFlag.vni);
    expect(hex(view)).toBe('0800000012345600');
    expect(vxlan.get.vni(view, 3)).toBe(0x123456);
    expect(vxlanNextOf(view, 3)).toBe(vxlanNext.ethernet);
    checkCuts(view, isVxlan);
  });

  test.each([
    [0x0c000001, true, vxlanNext.ipv4],
    [0x3c000003, true, vxlanNext.ethernet], // of any version
    [0x0c000004, true, vxlanNext.nsh],
    [0x0d000001, false, vxlanNext.ipv4], // operation and maintenance
    [0x04000001, false, vxlanNext.ipv4], // without a VNI
    [0x00000000, false, vxlanNext.ethernet],
    [0x88000000, false, vxlanNext.ethernet], // a group policy, which is not understood
  ])('with the flags %x is understood: %s', (flags, isUnderstood, next) => {
    const view = of(flags);
    expect(isVxlan(view, 3, view.byteLength)).toBe(isUnderstood);
    expect(vxlanNextOf(view, 3)).toBe(next);
    view.setUint8(10, 1); // reserved
    expect(isVxlan(view, 3, view.byteLength)).toBe(false);
  });
});

describe('Geneve', () => {
  const option = fc.record({
    class: u(16),
    type: u(8),
    data: fc.constantFrom(0, 4, 8).chain((size) => fc.array(u(8), { minLength: size, maxLength: size })),
  });
  const unit = fc.record({
    isOam: fc.boolean(),
    isCritical: fc.boolean(),
    vni: u(24),
    options: fc.array(option, { maxLength: 4 }),
  });

  test('is read as it was written', () => {
    fc.assert(
      fc.property(unit, (one) => {
        const view = emitted(geneveSize(one.options), (to, at) => emitGeneve(to, at, one));
        expect(isGeneve(view, 3, view.byteLength)).toBe(true);
        expect(geneve.size + geneveOptionsSize(view, 3)).toBe(view.byteLength - 3);
        expect([isGeneveOam(view, 3), geneve.get.vni(view, 3)]).toEqual([one.isOam, one.vni]);
      }),
    );
  });

  test('is laid out as its RFC says, and of Ethernet and version 0', () => {
    const view = emitted(16, (to, at) =>
      emitGeneve(to, at, {
        isOam: true,
        isCritical: true,
        vni: 0x7b,
        options: [{ class: 0xffff, type: 0x80, data: [0, 0, 0, 10] }],
      }),
    );
    expect(hex(view)).toBe('02c0655800007b00ffff80010000000a');
    checkCuts(view, isGeneve);
    view.setUint16(5, 0x0800);
    expect(isGeneve(view, 3, view.byteLength)).toBe(false);
    view.setUint16(5, 0x6558);
    view.setUint8(3, 0x42);
    expect(isGeneve(view, 3, view.byteLength)).toBe(false);
  });
});

describe('GTP-U', () => {
  const isWhole = (view: DataView, at: number, end: number): boolean => gtpuSize(view, at, end) > 0;

  test('is laid out as its specification says, longer with a sequence number', () => {
    const view = emitted(gtpu.size, (to, at) =>
      emitGtpu(to, at, { flags: 0x30, messageType: 255, teid: 0x12345678 }),
    );
    expect(hex(view)).toBe('30ff000012345678');
    checkCuts(view, isWhole);
    expect(gtpuSize(view, 3, view.byteLength)).toBe(8);
    const longer = emitted(12, (to, at) => emitGtpu(to, at, { flags: 0x32, messageType: 255, teid: 1 }));
    checkCuts(longer, isWhole);
    expect(gtpuSize(longer, 3, longer.byteLength)).toBe(12);
  });
});
