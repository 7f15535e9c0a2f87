import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, udpPacket } from '../../../test/conformance/packets.ts';
import { seededRandom } from '../../base/random.ts';
import { type Ms, ms } from '../../base/units.ts';
import { ctState } from '../../flow/ct-state.ts';
import { internetChecksum, pseudoHeader4 } from '../../wire/checksum.ts';
import { etherType } from '../../wire/ethernet.ts';
import { Frame } from '../../wire/frame.ts';
import type { Conntrack } from '../actions.ts';
import { TrackedPacket } from './tracked-packet.ts';
import { ConnectionTracker } from './tracker.ts';
import { sourcePortOf } from './tuple.ts';

const ethernetSize = 14;
const minute = 60_000;

function frameOf(bytes: Uint8Array): Frame {
  const frame = new Frame(bytes);
  frame.end = bytes.length;
  return frame;
}

/** The answer to a UDP packet over IPv4. */
function answerTo(packet: Uint8Array): Uint8Array {
  const answer = packet.slice();
  const swap = (a: number, b: number, size: number): void => {
    answer.set(packet.subarray(b, b + size), a);
    answer.set(packet.subarray(a, a + size), b);
  };
  swap(26, 30, 4);
  swap(34, 36, 2);
  return answer; // its sums are the same
}

/** "Port unreachable" about a packet over IPv4, to who sent it. */
function errorAbout(packet: Uint8Array): Uint8Array {
  const quoted = packet.subarray(ethernetSize);
  const bytes = new Uint8Array(ethernetSize + 20 + 8 + quoted.length);
  bytes.set(packet.subarray(0, ethernetSize));
  bytes.set(Uint8Array.from([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 1, 0, 0]), ethernetSize);
  bytes.set(packet.subarray(30, 34), 26);
  bytes.set(packet.subarray(26, 30), 30);
  bytes[34] = 3;
  bytes[35] = 3;
  bytes.set(quoted, 42);
  const view = new DataView(bytes.buffer);
  view.setUint16(16, bytes.length - ethernetSize);
  view.setUint16(24, internetChecksum(view, ethernetSize, 20));
  view.setUint16(36, internetChecksum(view, 34, bytes.length - 34));
  return bytes;
}

class Rig {
  readonly tracker = new ConnectionTracker(seededRandom(1));
  readonly #packet = new TrackedPacket();
  now: Ms = ms(1000);

  track(bytes: Uint8Array, request: Partial<Conntrack> = {}) {
    const { zone = 0 } = request;
    const isParsed = this.#packet.parse(frameOf(bytes), etherType.ipv4, ethernetSize, zone);
    const packet = isParsed ? this.#packet : undefined;
    return { ...this.tracker.track(packet, { zone, ...request }, this.now, undefined, 0) };
  }

  state(bytes: Uint8Array, request: Partial<Conntrack> = {}): string {
    const { state } = this.track(bytes, request);
    return Object.entries(ctState)
      .filter(([, bit]) => (state & bit) !== 0)
      .map(([name]) => name)
      .join(' ');
  }
}

describe('A connection', () => {
  test('is new until it is answered, and known once it was committed', () => {
    const rig = new Rig();
    const [there, back] = [udpPacket(), answerTo(udpPacket())];
    expect(rig.state(there)).toBe('new tracked');
    expect(rig.tracker.table.size).toBe(0);
    expect(rig.state(there, { commit: 'commit' })).toBe('new tracked');
    expect(rig.state(there)).toBe('new tracked');
    expect(rig.state(back)).toBe('established reply tracked');
    expect(rig.state(there)).toBe('established tracked');
  });

  test('that a packet was found to be of is that of its next commit, whatever came between', () => {
    const rig = new Rig();
    rig.track(udpPacket(), { commit: 'commit' });
    const { connection: known, state } = rig.track(answerTo(udpPacket()));
    rig.track(udpPacket({ source: 7 }), { commit: 'commit' });
    const packet = new TrackedPacket();
    packet.parse(frameOf(answerTo(udpPacket())), etherType.ipv4, ethernetSize, 0);
    const request: Conntrack = { zone: 0, commit: 'commit', mark: { value: 5, mask: 0xff } };
    expect({ ...rig.tracker.track(packet, request, rig.now, known, state) }).toEqual({
      state,
      connection: known,
      isReply: true,
    });
    expect(known?.mark).toBe(5);
  });

  test('is one of its zone', () => {
    const rig = new Rig();
    rig.track(udpPacket(), { commit: 'commit', zone: 3 });
    expect(rig.state(answerTo(udpPacket()), { zone: 4 })).toBe('new tracked');
    expect(rig.state(answerTo(udpPacket()), { zone: 3 })).toBe('established reply tracked');
  });

  test('is forgotten when it is silent for too long', () => {
    const rig = new Rig();
    rig.track(udpPacket(), { commit: 'commit' });
    rig.now = ms(rig.now + minute - 1);
    expect(rig.state(udpPacket())).toBe('new tracked'); // heard of
    rig.now = ms(rig.now + minute - 1);
    expect(rig.state(answerTo(udpPacket()))).toBe('established reply tracked');
    rig.now = ms(rig.now + minute / 2);
    expect(rig.state(answerTo(udpPacket()))).toBe('new tracked');
    expect(rig.tracker.table.size).toBe(0);
  });

  test('may be silent for as long as the policy says that its first packet named', () => {
    const rig = new Rig();
    const { policies, table } = rig.tracker;
    const left = () => [...table].map(({ expiresAt }) => (expiresAt - rig.now) / 1000).sort((a, b) => a - b);
    policies.set(7, { udp_first: 10, udp_single: 20 });
    rig.track(udpPacket(), { commit: 'commit', timeout: '7' });
    rig.track(udpPacket({ source: 7 }), { commit: 'commit', timeout: '8' });
    rig.track(udpPacket({ source: 8 }), { commit: 'commit', timeout: 'ovs_tp_7_udp4' });
    expect(left()).toEqual([10, 60, 60]);
    rig.track(udpPacket(), { commit: 'commit', timeout: '8' });
    rig.track(answerTo(udpPacket({ source: 7 })));
    expect(left()).toEqual([20, 30, 60]);
    policies.set(8, { udp_multiple: 5, udp_single: 0 });
    rig.track(answerTo(udpPacket({ source: 7 })));
    policies.delete(7);
    rig.track(udpPacket());
    expect(left()).toEqual([5, 60, 60]);
  });

  test('that is over is no longer there, whatever the others have left', () => {
    const rig = new Rig();
    const { policies, table } = rig.tracker;
    for (let n = 1; n <= 40; n++) policies.set(n, { udp_first: n });
    for (let n = 40; n > 0; n--) rig.track(udpPacket({ source: n }), { commit: 'commit', timeout: `${n}` });
    for (let second = 1; second <= 40; second++) {
      rig.now = ms(1000 + 1000 * second);
      table.sweep(rig.now);
      expect(table.size).toBe(40 - second);
    }
  });

  test('is listed after those that began before', () => {
    const rig = new Rig();
    const sources = () => [...rig.tracker.table].map(({ original }) => sourcePortOf(original));
    for (const source of [3, 1, 2]) rig.track(udpPacket({ source }), { commit: 'commit' });
    rig.track(udpPacket({ source: 3 }));
    rig.track(answerTo(udpPacket({ source: 1 })));
    expect(sources()).toEqual([3, 1, 2]);
  });

  test('of the other direction gives way to one that is forced', () => {
    const rig = new Rig();
    rig.track(udpPacket(), { commit: 'commit' });
    rig.track(udpPacket(), { commit: 'force_commit' });
    expect(rig.state(answerTo(udpPacket()))).toBe('established reply tracked');
    expect(rig.state(answerTo(udpPacket()), { commit: 'force_commit' })).toBe('new tracked');
    expect(rig.state(udpPacket())).toBe('established reply tracked');
    expect(rig.tracker.table.size).toBe(1);
  });

  test('has a mark and a label, of which bits are written', () => {
    const rig = new Rig();
    const label = { value: [0, 0, 0, 0x55], mask: [0, 0, 0, 0xff] };
    rig.track(udpPacket(), { commit: 'commit', mark: { value: 0x12, mask: 0xff }, label });
    const { connection } = rig.track(udpPacket(), {
      commit: 'commit',
      mark: { value: 0x3400, mask: 0xff00 },
    });
    expect(connection?.mark).toBe(0x3412);
    expect([...(connection?.label ?? [])]).toEqual([0, 0, 0, 0x55]);
  });

  test('is what an ICMP error is related to; one about nothing known is invalid', () => {
    const rig = new Rig();
    expect(rig.state(errorAbout(udpPacket()))).toBe('invalid tracked');
    rig.track(udpPacket(), { commit: 'commit' });
    expect(rig.state(errorAbout(udpPacket()))).toBe('related reply tracked');
    expect(rig.state(udpPacket())).toBe('new tracked');
  });

  test('is not remembered where its zone or the tracker is full', () => {
    const rig = new Rig();
    rig.tracker.zoneLimits.set(1, 2);
    const commit = (source: number, zone: number): number => {
      expect(rig.state(udpPacket({ source }), { commit: 'commit', zone })).toBe('new tracked');
      return rig.tracker.table.size;
    };
    expect([1, 2, 3].map((n) => commit(n, 1))).toEqual([1, 2, 2]);
    expect(commit(3, 2)).toBe(3);
    rig.tracker.limit = 3;
    expect(commit(4, 2)).toBe(3);
    rig.now = ms(rig.now + minute);
    expect(commit(4, 2)).toBe(1); // the others have expired
  });
});

describe('A packet belongs to no connection', () => {
  const invalid = 'invalid tracked';

  test('with a wrong checksum', () => {
    const packet = udpPacket();
    packet[packet.length - 1] = ~(packet.at(-1) ?? 0);
    expect(new Rig().state(packet)).toBe(invalid);
    const header = udpPacket();
    header[22] = 1;
    expect(new Rig().state(header)).toBe(invalid);
  });

  test('as a fragment, or cut short', () => {
    const fragment = udpPacket();
    fragment[20] = 0x20;
    expect(new Rig().state(fragment)).toBe(invalid);
    expect(new Rig().state(udpPacket().subarray(0, 40))).toBe(invalid);
  });

  test('with a sum that a device is still to finish it does', () => {
    const packet = new TrackedPacket();
    const frame = frameOf(udpPacket({ isPartial: true }));
    expect(packet.parse(frame, etherType.ipv4, ethernetSize, 0)).toBe(false);
    frame.checksumStart = 34;
    expect(packet.parse(frame, etherType.ipv4, ethernetSize, 0)).toBe(true);
  });
});

test('Whatever comes in is tracked or invalid', () => {
  const rig = new Rig();
  const version4 = fc.uint8Array({ minLength: 0, maxLength: 120 });
  fc.assert(
    fc.property(version4, fc.boolean(), (tail, isMended) => {
      const bytes = Uint8Array.from([...bytesOf('020000000002 020000000001 0800'), ...tail]);
      if (isMended && tail.length >= 28) mend(bytes);
      const { state } = rig.track(bytes, { commit: 'commit' });
      expect(state & ctState.tracked).not.toBe(0);
    }),
  );
});

/** Makes the headers right as far as sums and sizes go, so that more than the first look is tried. */
function mend(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer);
  const protocols = [1, 6, 17, 58, 132];
  view.setUint8(14, 0x45);
  view.setUint16(16, bytes.length - ethernetSize);
  view.setUint16(20, 0);
  view.setUint8(23, protocols[view.getUint8(23) % protocols.length] ?? 0);
  view.setUint16(24, 0);
  view.setUint16(24, internetChecksum(view, ethernetSize, 20));
  const size = bytes.length - 34;
  const protocol = view.getUint8(23);
  if (protocol === 1) {
    view.setUint16(36, 0);
    view.setUint16(36, internetChecksum(view, 34, size));
  } else if (protocol === 17) {
    view.setUint16(38, size);
    view.setUint16(40, 0);
    view.setUint16(40, internetChecksum(view, 34, size, pseudoHeader4(view, ethernetSize, protocol, size)));
  }
}
