import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldSum, pseudoHeader4, sumWords } from '../wire/checksum.ts';
import { Frame } from '../wire/frame.ts';
import { composeFrame, composeFrameOfSize } from './compose.ts';
import { extractKey } from './extract.ts';
import { newKey, setSlot, writeSlot } from './key.ts';

function extracted(bytes: Uint8Array): Uint32Array {
  const frame = new Frame(bytes);
  frame.end = bytes.length;
  const key = newKey();
  extractKey(frame, key, 2);
  return key;
}

const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });

/** A key as some packet may have it: any addresses, a type we know, a protocol that fits. */
const keys = fc
  .record({
    eth: fc.tuple(bytes(6), bytes(6)),
    vlan: fc.option(fc.integer({ min: 0, max: 0xffff })),
    type: fc.constantFrom(0x0800, 0x86dd, 0x0806, 0x8847, 0x05ff, 0x88b5),
    ip: fc.tuple(bytes(4), bytes(4), bytes(16), bytes(16)),
    misc: fc.record({
      tos: fc.nat(255),
      ttl: fc.nat(255),
      label: fc.nat(0xfffff),
      frag: fc.constantFrom(0, 1, 3),
    }),
    protocol: fc.constantFrom(6, 17, 132, 1, 2, 58, 200),
    ports: fc.tuple(fc.nat(0xffff), fc.nat(0xffff)),
    flags: fc.nat(0xfff),
  })
  .map((x) => {
    const key = newKey();
    writeSlot(key, 'eth_dst', x.eth[0]);
    writeSlot(key, 'eth_src', x.eth[1]);
    setSlot(key, 'eth_type', x.type);
    if (x.vlan !== null) {
      setSlot(key, 'vlan_tpid', 0x8100);
      setSlot(key, 'vlan_tci', x.vlan | 0x1000);
    }
    const isIp = x.type === 0x0800 || x.type === 0x86dd;
    if (x.type === 0x8847) setSlot(key, 'mpls_lse', 0x00010140);
    if (x.type === 0x0800 || x.type === 0x0806) {
      writeSlot(key, 'nw_src', x.ip[0]);
      writeSlot(key, 'nw_dst', x.ip[1]);
    }
    if (x.type === 0x0806) setSlot(key, 'nw_proto', 1 + (x.misc.tos & 1)); // of others no address is in the frame
    if (x.type === 0x86dd) {
      writeSlot(key, 'ipv6_src', x.ip[2]);
      writeSlot(key, 'ipv6_dst', x.ip[3]);
      setSlot(key, 'ipv6_label', x.misc.label);
    }
    if (!isIp) return key;
    const isLater = x.misc.frag === 3;
    setSlot(key, 'nw_proto', isLater && x.type === 0x86dd ? 44 : x.protocol);
    setSlot(key, 'nw_tos', x.misc.tos);
    setSlot(key, 'nw_ttl', x.misc.ttl);
    setSlot(key, 'nw_frag', x.misc.frag);
    const isIcmp = x.protocol === (x.type === 0x0800 ? 1 : 58) || x.protocol === 2;
    const hasPorts = [6, 17, 132].includes(x.protocol);
    if (isLater || !(hasPorts || isIcmp)) return key;
    setSlot(key, 'tp_src', isIcmp ? x.ports[0] & 0x7f : x.ports[0]);
    setSlot(key, 'tp_dst', isIcmp ? x.ports[1] & 0xff : x.ports[1]);
    if (x.protocol === 6) setSlot(key, 'tcp_flags', x.flags);
    return key;
  });

describe('composeFrame', () => {
  it('makes a frame that extracts to the key it was given', () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect(extracted(composeFrame(key))).toEqual(key);
      }),
      { numRuns: 1000 },
    );
  });

  it('fills in checksums that verify', () => {
    const key = newKey();
    setSlot(key, 'eth_type', 0x0800);
    setSlot(key, 'nw_src', 0x0a000001);
    setSlot(key, 'nw_dst', 0x0a000002);
    setSlot(key, 'nw_proto', 17);
    setSlot(key, 'tp_dst', 53);
    const frame = composeFrame(key);
    const view = new DataView(frame.buffer);
    expect(foldSum(sumWords(view, 14, 20))).toBe(0xffff);
    expect(
      foldSum(sumWords(view, 34, frame.length - 34, pseudoHeader4(view, 14, 17, frame.length - 34))),
    ).toBe(0xffff);
  });
});

/** Lengths of what the reference composes. */
it.each([
  ['TCP', { nw_proto: 6 }, 118],
  ['a TCP segment that sets a connection up', { nw_proto: 6, tcp_flags: 2 }, 54],
  ['UDP', { nw_proto: 17 }, 106],
  ['SCTP', { nw_proto: 132 }, 46],
  ['an ICMP echo', { nw_proto: 1, tp_src: 8 }, 106],
  ['another ICMP message', { nw_proto: 1, tp_src: 3 }, 42],
  ['an unknown protocol', { nw_proto: 200 }, 34],
  ['a later fragment', { nw_proto: 17, nw_frag: 3 }, 34],
] as const)('%s has as much data as with the reference', (_name, values, size) => {
  const key = newKey();
  setSlot(key, 'eth_type', 0x0800);
  for (const [slot, value] of Object.entries(values)) setSlot(key, slot as keyof typeof values, value);
  expect(composeFrame(key)).toHaveLength(size);
  const longer = composeFrameOfSize(key, 200);
  expect(longer).toHaveLength(200);
  expect(longer === undefined ? [] : [...longer.subarray(16, 18)]).toEqual([0, 200 - 14]);
  expect(composeFrameOfSize(key, 20)).toBeUndefined();
});
