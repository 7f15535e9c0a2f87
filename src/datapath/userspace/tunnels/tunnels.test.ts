import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dpPort } from '../../../base/units.ts';
import { getSlot, newKey, readSlot } from '../../../flow/key.ts';
import { type TunnelType, tunnelTypes } from '../../../netdev/tunnel/tunnel-config.ts';
import { Frame } from '../../../wire/frame.ts';
import { greFlag } from '../../../wire/gre.ts';
import type { TunnelHeader, TunnelProtocol } from '../../tunnel-header.ts';
import { Headers } from '../headers.ts';
import { refused, unwrap } from './unwrap.ts';
import { TunnelWrap } from './wrap.ts';

const u = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });
const bytes = (size: number): fc.Arbitrary<number[]> => fc.array(u(8), { minLength: size, maxLength: size });

const udp = fc.record({ src: fc.constant(0), dst: u(16), checksum: fc.constantFrom(0, 0xffff) });
const ip: fc.Arbitrary<TunnelHeader['ip']> = fc.oneof(
  fc.record({
    version: fc.constant(4 as const),
    ...{ src: bytes(4), dst: bytes(4), protocol: fc.constant(47), tos: u(8), ttl: u(8) },
    fragment: fc.constantFrom(0, 0x4000),
  }),
  fc.record({
    version: fc.constant(6 as const),
    ...{ src: bytes(16), dst: bytes(16), label: u(20), protocol: fc.constant(47) },
    ...{ trafficClass: u(8), hopLimit: u(8) },
  }),
);

interface Tunnelled {
  readonly type: TunnelType;
  readonly tunnel: TunnelProtocol;
  readonly id: number;
}

const tunnelled: fc.Arbitrary<Tunnelled> = fc.oneof(
  fc.tuple(udp, u(24)).map(([ports, vni]): Tunnelled => {
    const tunnel = { type: 'vxlan', udp: ports, flags: 0x08000000, vni } as const;
    return { type: 'vxlan', tunnel, id: vni };
  }),
  fc
    .record({
      ...{ udp, isOam: fc.boolean(), isCritical: fc.boolean(), vni: u(24) },
      options: fc.array(
        fc.record({ class: u(16), type: u(8), data: fc.constantFrom(0, 4, 124).chain(bytes) }),
        { maxLength: 1 },
      ),
    })
    .map((one): Tunnelled => ({ type: 'geneve', tunnel: { type: 'geneve', ...one }, id: one.vni })),
  fc.tuple(fc.subarray(Object.values(greFlag)), u(32)).map(([some, key]): Tunnelled => {
    const flags = some.reduce((all, bit) => all | bit, 0);
    const hasKey = (flags & greFlag.key) !== 0;
    const tunnel = { type: 'gre', flags, protocol: 0x6558, ...(hasKey ? { key } : {}) } as const;
    return { type: 'gre', tunnel, id: hasKey ? key : 0 };
  }),
  fc.tuple(u(10), u(32)).map(([sessionId, index]): Tunnelled => {
    return { type: 'erspan', tunnel: { type: 'erspan', version: 1, sessionId, index }, id: sessionId };
  }),
  fc.tuple(u(10), u(1), u(6)).map(([sessionId, direction, hardwareId]): Tunnelled => {
    const tunnel = { type: 'erspan', version: 2, sessionId, direction, hardwareId } as const;
    return { type: 'erspan', tunnel, id: sessionId };
  }),
  fc.tuple(udp, u(32), fc.boolean()).map(([ports, teid, isNumbered]): Tunnelled => {
    const flags = isNumbered ? 0x32 : 0x30;
    const tunnel = { type: 'gtpu', udp: ports, flags, messageType: 255, teid } as const;
    return { type: 'gtpu', tunnel: isNumbered ? { ...tunnel, hasSequence: true } : tunnel, id: teid };
  }),
);

function frameOf(content: ArrayLike<number>, headroom: number): Frame {
  const memory = new Uint8Array(headroom + content.length);
  memory.set(content, headroom);
  const frame = new Frame(memory);
  frame.start = headroom;
  frame.end = memory.length;
  frame.headroom = headroom;
  return frame;
}

function wrapped(one: Tunnelled, outer: TunnelHeader['ip'], inner: ArrayLike<number>): Frame {
  const protocol = 'udp' in one.tunnel ? 17 : 47;
  const header: TunnelHeader = {
    ethernet: {
      dst: [2, 0, 0, 0, 0, 2],
      src: [2, 0, 0, 0, 0, 1],
      type: outer.version === 4 ? 0x0800 : 0x86dd,
    },
    ip: { ...outer, protocol },
    tunnel: one.tunnel,
  };
  const wrap = new TunnelWrap({ do: 'tnl_push', tunnelPort: dpPort(1), outPort: dpPort(2), header });
  const frame = frameOf(inner, wrap.size);
  wrap.put(frame, 40000, { tunnelType: one.type, nextSequence: () => 0xffffffff }, { wall: () => 1e15 });
  return frame;
}

function unwrapped(type: TunnelType, frame: Frame): { packetType: number; key: Uint32Array } {
  const headers = new Headers();
  const key = newKey().fill(0x5a5a5a5a);
  return { packetType: headers.locate(frame) ? unwrap(type, frame, headers, key) : refused, key };
}

test('what was wrapped is unwrapped, with what its headers said', () => {
  const content = fc.uint8Array({ minLength: 14, maxLength: 60 });
  fc.assert(
    fc.property(tunnelled, ip, content, (one, outer, inner) => {
      inner[0] = 0x45;
      const frame = wrapped(one, outer, inner);
      const { packetType, key } = unwrapped(one.type, frame);
      expect(packetType).toBe(one.type === 'gtpu' ? 0x10800 : 0);
      expect(frame.bytes.slice(frame.start, frame.end)).toEqual(inner);
      expect(readSlot(key, 'tun_id')).toEqual(idBytes(one.id));
      expect([...readSlot(key, outer.version === 4 ? 'tun_src' : 'tun_ipv6_src')]).toEqual([...outer.src]);
      expect([...readSlot(key, outer.version === 4 ? 'tun_dst' : 'tun_ipv6_dst')]).toEqual([...outer.dst]);
      const isIpv4 = outer.version === 4;
      expect(getSlot(key, 'tun_tos')).toBe(isIpv4 ? outer.tos : outer.trafficClass);
      expect(getSlot(key, 'tun_ttl')).toBe(isIpv4 ? outer.ttl : outer.hopLimit);
      expect(getSlot(key, 'ct_zone')).toBe(0);
    }),
  );
});

test('a packet that is cut, twisted or anything else is refused or comes out within its bounds', () => {
  const twist = fc.tuple(u(16), u(8));
  fc.assert(
    fc.property(tunnelled, ip, fc.array(twist, { maxLength: 3 }), u(16), (one, outer, twists, cut) => {
      const frame = wrapped(one, outer, new Uint8Array(60).fill(0x45));
      for (const [at, by] of twists) {
        const place = frame.start + (at % frame.size);
        frame.bytes[place] = (frame.bytes[place] ?? 0) ^ by;
      }
      // No byte behind the end may be read.
      const part = frameOf(frame.bytes.subarray(frame.start, frame.start + (cut % (frame.size + 1))), 0);
      for (const type of tunnelTypes) {
        const copy = frameOf(part.bytes, 0);
        const { packetType } = unwrapped(type, copy);
        expect(packetType === refused || (copy.start >= 0 && copy.start <= copy.end)).toBe(true);
        expect(copy.end).toBe(part.end);
      }
    }),
    { numRuns: 2000 },
  );
});

function idBytes(id: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(4, id);
  return new Uint8Array(view.buffer);
}
