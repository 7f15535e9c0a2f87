/** Numbers in arguments of `dpctl/*` commands, of which the reference reads no more than it needs. */

/**
 * The decimal number behind `prefix`, cut to so many bits; what follows it does not matter. undefined without prefix or
 * digits.
 */
export function scanNumber(text: string | undefined, prefix: string, bits: 16 | 32): number | undefined {
  if (text?.startsWith(prefix) !== true) return undefined;
  const digits = /^[ \t-\r]*([+-]?\d+)/.exec(text.slice(prefix.length))?.[1];
  return digits === undefined ? undefined : Number(BigInt.asUintN(bits, BigInt(digits)));
}
