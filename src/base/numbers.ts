/** Numbers as text, as C prints and reads them. */

/** "0x1f", and "0" for zero: C's %#x. */
export function hexOrZero(value: number | bigint): string {
  return value === 0 || value === 0n ? '0' : `0x${value.toString(16)}`;
}

const patterns = {
  10: /^\s*([+-]?)(\d+)/,
  16: /^\s*([+-]?)(?:0[xX](?=[0-9a-fA-F]))?([0-9a-fA-F]+)/,
} as const;

/**
 * The number that a text begins with, and what follows it: C's strtoull. 0 and all of the text where it begins with none.
 * Of any base: hexadecimal after 0x, octal after 0.
 */
export function leadingNumber(text: string, base: 10 | 16 | 'any'): { value: bigint; rest: string } {
  const ofBase = base === 'any' ? (/^\s*[+-]?0[xX][0-9a-fA-F]/.test(text) ? 16 : 10) : base;
  const octal = base === 'any' ? /^\s*([+-]?)(0[0-7]*)/.exec(text) : null;
  const found = ofBase === 10 && octal !== null ? octal : patterns[ofBase].exec(text);
  if (found === null) return { value: 0n, rest: text };
  const [all, sign, digits = ''] = found;
  const prefix = ofBase === 16 ? '0x' : found === octal ? '0o0' : '';
  const value = BigInt(prefix + digits);
  return { value: sign === '-' ? -value : value, rest: text.slice(all.length) };
}
