import { describe, expect, test } from 'vitest';
import { readIpv4Prefix, readIpv6Prefix } from './ip-prefix.ts';

describe('networks as text', () => {
  test('have a number of bits, a mask, or all bits', () => {
    expect(readIpv4Prefix('192.0.2.1/24')).toEqual({ address: Uint8Array.of(192, 0, 2, 1), prefix: 24 });
    expect(readIpv4Prefix('192.0.2.1/255.255.255.128').prefix).toBe(25);
    expect(readIpv4Prefix('192.0.2.1').prefix).toBe(32);
    expect(readIpv6Prefix('2001:db8::/64').prefix).toBe(64);
    expect(readIpv6Prefix('2001:db8::1/ffff:ffff::').prefix).toBe(32);
    expect(readIpv6Prefix('2001:db8::1').prefix).toBe(128);
  });

  test('are refused where they are none', () => {
    expect(() => readIpv4Prefix('192.0.2')).toThrow('192.0.2: invalid IP address');
    expect(() => readIpv4Prefix('192.0.2.1/33')).toThrow('prefix bits not between 0 and 32, inclusive');
    expect(() => readIpv4Prefix('192.0.2.1/255.0.255.0')).toThrow('CIDR network required');
    expect(() => readIpv6Prefix('2001:db8::1/129')).toThrow('prefix bits not between 0 and 128, inclusive');
    expect(() => readIpv6Prefix('x')).toThrow('x: invalid IPv6 address');
  });
});
