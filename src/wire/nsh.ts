/** Network Service Header: RFC 8300 section 2. Read by key extraction. */
import { header, u8, u16, u32 } from '../base/header.ts';

export const nsh = header('nsh', {
  versionFlagsTtlLength: u16, // version 2, O, U, TTL 6 bits, length 6 bits (words)
  mdType: u8, // 4 bits
  nextProtocol: u8,
  path: u32, // SPI 24 bits, SI 8 bits
});

/** What follows: RFC 8300 section 2.2. */
export const nshNext = { ipv4: 1, ipv6: 2, ethernet: 3, nsh: 4 } as const;

/** Metadata type 1 has exactly this context behind `nsh`. */
export const nshContext1 = header('nsh-context', { c1: u32, c2: u32, c3: u32, c4: u32 });
