/** Ethernet addresses as text, and the rules by which a bridge picks its own. */
import type { Uuid } from '../../base/units.ts';

/** One byte of an address as the reference reads it: a C program's `%x`, of which the lower eight bits count. */
const byte = /^\s*([+-]?)(?:0[xX])?([0-9a-fA-F]+)$/;

/** In lower case with two digits a byte; undefined when it is no address. */
export function normalizeMac(text: string): string | undefined {
  const parts = text.split(':').map((part) => byte.exec(part));
  if (parts.length !== 6) return undefined;
  const bytes: string[] = [];
  for (const part of parts) {
    if (part === null) return undefined;
    const value = BigInt.asUintN(8, BigInt(`0x${part[2]}`) * (part[1] === '-' ? -1n : 1n));
    bytes.push(value.toString(16).padStart(2, '0'));
  }
  return bytes.join(':');
}

export const zeroMac = '00:00:00:00:00:00';

export function isMulticastMac(mac: string): boolean {
  return (firstByte(mac) & 1) !== 0;
}

/** A device may have it. */
export function isHostMac(mac: string): boolean {
  return !isMulticastMac(mac) && mac !== zeroMac;
}

/** May stand for a whole bridge: a global address of one host, none of those that 802.1D keeps for itself. */
export function isEligibleMac(mac: string): boolean {
  const isGlobalUnicast = (firstByte(mac) & 3) === 0;
  return isGlobalUnicast && mac !== zeroMac && !mac.startsWith('01:80:c2:00:00:0');
}

/**
 * A local unicast address that stays with a bridge row: six of its uuid's bytes, in the order in which the
 * reference keeps them in memory, so that both daemons give a bridge the same address.
 */
export function macOfUuid(id: Uuid): string {
  const hex = id.replaceAll('-', '');
  const word = (at: number) =>
    hex
      .slice(at, at + 8)
      .match(/../g)
      ?.reverse() ?? [];
  const bytes = [...word(0), ...word(8)].slice(0, 6);
  const first = ((Number.parseInt(bytes[0] ?? '0', 16) & 0xfe) | 2).toString(16).padStart(2, '0');
  return [first, ...bytes.slice(1)].join(':');
}

function firstByte(mac: string): number {
  return Number.parseInt(mac.slice(0, 2), 16);
}
