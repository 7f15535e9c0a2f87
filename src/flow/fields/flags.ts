/** Sets of named bits as text: "syn|ack" for exact ones, "+syn-ack" for masked ones (ovs-fields(7)). */
import { Malformed } from '../../base/errors.ts';
import { readInteger } from './integer.ts';

export interface FlagNames {
  /** What the flags are called in messages. */
  readonly what: string;
  /** Names by bit; bit 0 first. */
  readonly names: readonly string[];
}

export const tcpFlagNames: FlagNames = {
  what: 'TCP',
  names: ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr', 'ns', '[200]', '[400]', '[800]'],
};

export const ctStateNames: FlagNames = {
  what: 'ct_state',
  names: ['new', 'est', 'rel', 'rpl', 'inv', 'trk', 'snat', 'dnat'],
};

/** Those that a match may name. */
export const tunnelFlagNames: FlagNames = { what: 'tunnel', names: ['oam'] };

/** All that a datapath's key has. */
export const tunnelFlag = { oam: 1, dontFragment: 2, checksum: 4, key: 8 } as const;
export const tunnelKeyFlagNames: FlagNames = { what: 'tunnel', names: ['oam', 'df', 'csum', 'key'] };

export interface Flags {
  readonly value: number;
  readonly mask: number;
}

/** "NUMBER", "NUMBER/MASK", "a|b" (mask: `whole`) or "+a-b". Throws Malformed, in the reference's words. */
export function readFlags(text: string, flags: FlagNames, whole: number): Flags {
  const unknown = (part: string): Malformed => wrong(`${part}: unknown ${flags.what} flag(s)`);
  const check = (value: number, part: string): number => {
    if ((value & ~(2 ** flags.names.length - 1)) !== 0) throw unknown(part);
    return value;
  };
  const [valueText = '', maskText] = text.split('/');
  const number = readInteger(valueText);
  if (number !== undefined) {
    const mask = maskText === undefined ? undefined : readInteger(maskText);
    if (maskText !== undefined && mask === undefined) throw unknown(text);
    if (number > 0xffffffffn || (mask ?? 0n) > 0xffffffffn) throw unknown(text);
    return {
      value: check(Number(number), text),
      mask: mask === undefined ? whole : check(Number(mask), text),
    };
  }
  if (/^[+-]/.test(text)) return readSigned(text, flags, unknown);
  let value = 0;
  for (let rest = text; rest !== ''; rest = rest.replace(/^[^|]*\|?/, '')) {
    const bit = flags.names.indexOf(rest.split('|')[0] ?? '');
    if (bit < 0) throw unknown(text);
    value |= 1 << bit;
  }
  return { value, mask: whole };
}

function readSigned(text: string, { what, names }: FlagNames, unknown: (part: string) => Malformed): Flags {
  let value = 0;
  let mask = 0;
  let rest = text;
  while (rest !== '') {
    const [, sign, name = ''] = /^([+-])([^+-]*)/.exec(rest) ?? [];
    if (sign === undefined)
      throw wrong(`${rest}: ${what} must be preceded by '+' (for SET) or '-' (NOT SET)`);
    const from = rest.slice(1);
    const bit = name === '' ? -1 : names.indexOf(name);
    if (bit < 0) throw unknown(from);
    if ((mask & (1 << bit)) !== 0) throw wrong(`${from}: Each ${what} flag can be specified only once`);
    mask |= 1 << bit;
    if (sign === '+') value |= 1 << bit;
    rest = from.slice(name.length);
  }
  return { value, mask };
}

/** Exact when `mask` has all bits of `whole`. */
export function formatFlags({ names }: FlagNames, value: number, mask: number, whole: number): string {
  const has = (bits: number, n: number): boolean => ((bits >>> n) & 1) !== 0;
  if ((mask & whole) === whole) return names.filter((_, n) => has(value, n)).join('|') || '0';
  if (mask === 0) return '0/0';
  return names.map((name, n) => (has(mask, n) ? `${has(value, n) ? '+' : '-'}${name}` : '')).join('');
}

function wrong(why: string): Malformed {
  return new Malformed('flags', 0, why);
}
