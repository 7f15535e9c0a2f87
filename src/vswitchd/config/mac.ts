/** Ethernet addresses as text, and the rules by which a bridge picks its own. */
import type { Uuid } from '../../base/units.ts';

/** "AA:bb:..." in lower case; undefined when it is no address. */
export function normalizeMac(text: string): string | undefined {
  return /^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}$/.test(text)
    ? text
        .toLowerCase()
        .split(':')
        .map((digits) => digits.padStart(2, '0'))
        .join(':')
    : undefined;
}

export function isMulticastMac(mac: string): boolean {
  return (firstByte(mac) & 1) !== 0;
}

/** May stand for a whole bridge: a global address of one host, none of those that 802.1D keeps for itself. */
export function isEligibleMac(mac: string): boolean {
  const isGlobalUnicast = (firstByte(mac) & 3) === 0;
  return isGlobalUnicast && mac !== '00:00:00:00:00:00' && !mac.startsWith('01:80:c2:00:00:0');
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
