import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Refused } from '../../base/errors.ts';
import { ms } from '../../base/units.ts';
import { emitTcRequest } from '../../sys/netlink/traffic-control.ts';
import type { ClassfulKind } from './classful.ts';
import type { ClasslessKind } from './classless.ts';
import { codel, fqCodel, netem, sfq } from './classless-types.ts';
import { hfsc } from './hfsc.ts';
import { htb } from './htb.ts';
import type { QosDetails } from './port-qos.ts';
import { parseSchedulerClock } from './scheduler-clock.ts';
import type { ShapedDevice } from './shaper.ts';

const clock = { ticksPerSecond: 15_625_000, looksPerSecond: 1_000_000_000 };
const device: ShapedDevice = {
  ...{ name: 'p1', ifindex: 3, mtu: 1500, linkSpeed: 10_000_000_000, clock, now: ms(0) },
};
const root = 0xffffffff;
const qdisc = 0x10000;
const sharedClass = 0x1fffe;

function details(values: Readonly<Record<string, number>>): QosDetails {
  return new Map(Object.entries(values).map(([key, value]) => [key, String(value)]));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Of a device of index 3. */
const aboutQdisc = '000000000300000000000100ffffffff00000000';

function qdiscRequest(kind: string, options: Uint8Array): string {
  return hex(emitTcRequest({ ifindex: 3, handle: qdisc, parent: root }, { kind, options }));
}

function classlessRequest<V extends Readonly<Record<string, number>>, O>(
  kind: ClasslessKind<V, O>,
  asked: QosDetails,
): string {
  return qdiscRequest(kind.kind, kind.codec.emit(kind.toOptions(kind.read(asked, device), device)));
}

/** What ovs-vswitchd 3.1 sends to make qdiscs, as strace shows it. */
describe('a qdisc is made by the bytes that the reference sends', () => {
  test.each([
    [htb.kind, htb.qdiscOptions, '08000100687462001c00020018000200030000000a000000010000000000000000000000'],
    [hfsc.kind, hfsc.qdiscOptions, '0900010068667363000000000600020001000000'],
  ])('%s', (kind, options, bytes) => {
    expect(qdiscRequest(kind, options)).toBe(aboutQdisc + bytes);
  });

  test('sfq', () => {
    const asked = details({ quantum: 3000, perturb: 7 });
    const bytes = '080001007366710018000200b80b000007000000000000000000000000000000';
    expect(classlessRequest(sfq, asked)).toBe(aboutQdisc + bytes);
  });

  test('codel', () => {
    const asked = details({ target: 6000, limit: 500, interval: 90_000 });
    const bytes = '0a000100636f64656c0000001c000200080001007017000008000200f401000008000300905f0100';
    expect(classlessRequest(codel, asked)).toBe(aboutQdisc + bytes);
  });

  test('fq_codel', () => {
    const asked = details({ target: 6000, limit: 500, interval: 90_000, quantum: 1400, flows: 99 });
    const bytes =
      '0d00010066715f636f64656c000000002c000200080001007017000008000200f401000008000300905f0100' +
      '08000500630000000800060078050000';
    expect(classlessRequest(fqCodel, asked)).toBe(aboutQdisc + bytes);
  });

  test('netem', () => {
    const asked = details({ latency: 20_000, limit: 500, loss: 7 });
    const bytes = '0a0001006e6574656d0000001c000200b4c40400f40100001e85eb11000000000000000000000000';
    expect(classlessRequest(netem, asked)).toBe(aboutQdisc + bytes);
  });
});

function classRequest<C>(
  kind: ClassfulKind<C>,
  about: { handle: number; parent: number },
  one: C,
): Uint8Array {
  const options = kind.emit(one, device);
  return emitTcRequest({ ifindex: 3, ...about }, { kind: kind.kind, options });
}

describe('a class of HTB is made by the bytes that the reference sends', () => {
  const shared = htb.readShared(details({ 'max-rate': 10_000_000 }), device);
  const rows: [string, { handle: number; parent: number }, typeof shared, string, string][] = [
    [
      'the one that queues share',
      { handle: sharedClass, parent: qdisc },
      shared,
      '0000000003000000feff0100000001000000000008000100687462003c080200300001000300000000003c00d0121300' +
        '0300000000003c00d01213003e4900003e49000000000000000000000000000004040400ee020000',
      '57adc32938dcb89c445fd0619aae17f152793afa71fe37e1c82d30cac6fb8426',
    ],
    [
      'queue 1, with everything',
      { handle: 0x10002, parent: sharedClass },
      htb.readQueue(
        details({ 'min-rate': 1_000_000, 'max-rate': 5_000_000, burst: 100_000, priority: 3 }),
        shared,
        device,
      ),
      '000000000300000002000100feff01000000000008000100687462003c080200300001000300000000003c0048e80100' +
        '0300000000003c006889090084d71700b4c40400000000000000000003000000040404004c1d0000',
      '633fca6dbbea7a6bd02e623b7a680dae5a52e1e2ba8fa4b754bcb303087690df',
    ],
    [
      'queue 0, with nothing',
      { handle: 0x10001, parent: sharedClass },
      htb.readQueue(new Map(), shared, device),
      '000000000300000001000100feff01000000000008000100687462003c080200300001000300000000003c00dc050000' +
        '0300000000003c00d01213005297f8005e4c0000dc05000000000000000000000404040068890900',
      '8e91a1deb8b13083e2a636105e576321103f5d0ad6060c6a08e0a29550be7817',
    ],
  ];

  test.each(rows)('%s', (_name, about, one, start, digest) => {
    const bytes = classRequest(htb, about, one);
    expect(hex(bytes).slice(0, start.length)).toBe(start);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(digest);
  });
});

test('A class of HFSC is made by the bytes that tc sends for "sc rate 8000bit ul rate 80000bit"', () => {
  const shared = hfsc.readShared(new Map(), device);
  const asked = details({ 'min-rate': 8000, 'max-rate': 80_000 });
  const bytes = classRequest(
    hfsc,
    { handle: 0x10002, parent: sharedClass },
    hfsc.readQueue(asked, shared, device),
  );
  const curves = '100001000000000000000000e8030000100002000000000000000000e8030000100003000000000000000000';
  expect(hex(bytes)).toBe(
    `000000000300000002000100feff010000000000090001006866736300000000${'34000200'}${curves}10270000`,
  );
});

describe('classes are read as they were made', () => {
  const read = <C>(kind: ClassfulKind<C>, one: C): C => {
    const bytes = kind.emit(one, device);
    return kind.parse(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), device);
  };

  test('of HTB, beyond 32 bits of bytes a second, too', () => {
    const shared = htb.readShared(details({ 'max-rate': 100_000_000_000 }), device);
    expect(read(htb, shared)).toMatchObject({ maxRate: 12_500_000_000, minRate: 12_500_000_000 });
    const queue = htb.readQueue(details({ 'min-rate': 1_000_000, burst: 100_000 }), shared, device);
    expect(read(htb, queue)).toEqual(queue);
  });

  test('of HFSC', () => {
    const shared = hfsc.readShared(new Map(), device);
    expect(shared).toEqual({ minRate: 1_250_000_000, maxRate: 1_250_000_000 });
    const queue = hfsc.readQueue(details({ 'min-rate': 8000, 'max-rate': 80_000 }), shared, device);
    expect(queue).toEqual({ minRate: 1000, maxRate: 10_000 });
    expect(read(hfsc, queue)).toEqual(queue);
    expect(hfsc.readQueue(new Map(), shared, device)).toEqual({ minRate: 1, maxRate: shared.maxRate });
  });
});

test('A queue may send a packet a second at least, and no more than all queues together', () => {
  const shared = htb.readShared(details({ 'max-rate': 80_000 }), device);
  const queue = htb.readQueue(details({ 'min-rate': 8, 'max-rate': 1_000_000 }), shared, device);
  expect(queue).toEqual({ minRate: 1500, maxRate: 10_000, burst: 1564, priority: 0 });
});

test('More than all packets cannot be lost', () => {
  expect(() => netem.read(details({ loss: 101 }), device)).toThrow(Refused);
});

test('Loss and latency are shown as they were given', () => {
  const values = netem.read(details({ latency: 20_000, loss: 7 }), device);
  const bytes = netem.codec.emit(netem.toOptions(values, device));
  const found = netem.codec.parse(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  expect(netem.fromOptions(found, device)).toEqual({ latency: 20_000, limit: 1000, loss: 7 });
});

test('The clock of the kernel is read from its four numbers', () => {
  expect(parseSchedulerClock('000003e8 00000040 000f4240 3b9aca00\n')).toEqual(clock);
  expect(parseSchedulerClock('000003e8 00000040 000f4240 00000000\n')?.looksPerSecond).toBe(100);
  for (const text of ['', '0 0 0 0', 'x y z']) expect(parseSchedulerClock(text)).toBeUndefined();
});
