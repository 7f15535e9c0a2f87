import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import { Writer } from '../bytes.ts';
import { encodeMessage } from '../codec.ts';
import { readConnections } from './connections.ts';
import { formatMessage } from './messages.ts';

describe('connections to forget', () => {
  test.each([
    [
      '',
      '',
      "zone=3 'ct_ipv6_src=::,ct_ipv6_dst=::,ct_tp_src=0,ct_tp_dst=0,ct_nw_proto=0' 'ct_ipv6_src=::,ct_ipv6_dst=::,ct_tp_src=0,ct_tp_dst=0'",
    ],
    [
      'ct_nw_src=1.2.3.4,ct_nw_proto=6,ct_tp_dst=80',
      'ct_nw_dst=5.6.7.8,ct_tp_src=81',
      "zone=3 'ct_nw_src=1.2.3.4,ct_nw_dst=::,ct_tp_src=0,ct_tp_dst=80,ct_nw_proto=6' 'ct_nw_src=::,ct_nw_dst=5.6.7.8,ct_tp_src=81,ct_tp_dst=0'",
    ],
    [
      'ct_ipv6_src=2001::1 ct_nw_proto=58 icmp_type=128 icmp_code=1 icmp_id=7',
      'ct_tp_dst=0x102',
      "zone=3 'ct_ipv6_src=2001::1,ct_ipv6_dst=::,icmp_id=7,icmp_type=128,icmp_code=1,ct_nw_proto=58' 'ct_ipv6_src=::,ct_ipv6_dst=::,icmp_id=0,icmp_type=2,icmp_code=1'",
    ],
  ])('%s %s', (original, reply, printed) => {
    const to = new Writer();
    encodeMessage(to, 1, { name: 'CT_FLUSH', value: readConnections(original, reply, 3) }, 1);
    expect(formatMessage(to.written, 1)).toBe(`NXT_CT_FLUSH (xid=0x1): ${printed}\n`);
  });

  test.each([
    ['ct_nw_src', 'field ct_nw_src missing value'],
    ['ct_nw_src=1.2.3', 'failed to parse field ct_nw_src'],
    ['ct_nw_src=1.2.3.4,ct_nw_src=1.2.3.4', 'ct_nw_src is set multiple times'],
    ['ct_nw_src=1.2.3.4,ct_ipv6_src=::1', 'the L3 protocol does not match ::1'],
    ['ct_nw_proto=1,ct_nw_proto=2,x=1', 'ct_nw_proto is set multiple timesinvalid conntrack tuple field: x'],
    ['icmp_id=1,ct_nw_proto=1', 'invalid L4 fields'],
    ['ct_tp_src=1', 'port is set without protocol'],
  ])('%s is refused: %s', (text, why) => {
    expect(() => readConnections(text, '', undefined)).toThrow(`Failed to parse ct-tuple: ${why}`);
  });

  it('read any text or say what is wrong with it', () => {
    const words = [
      'ct_nw_src=',
      'ct_ipv6_dst=',
      'ct_nw_proto=',
      'ct_tp_src=',
      'icmp_id=',
      '1.2.3.4',
      '::1',
      '1',
      ',',
    ];
    const text = fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 12 });
    fc.assert(
      fc.property(text, text, (first, second) => {
        expectReadOrMalformed(() => readConnections(first.join(''), second.join(''), 5));
      }),
    );
  });
});
