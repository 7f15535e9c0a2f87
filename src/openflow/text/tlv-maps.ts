/**
 * Options of tunnels as ovs-ofctl takes them: "{class=0xffff,type=0,len=4}->tun_metadata0" (ovs-ofctl(8),
 * "add-tlv-map").
 */
import { wrong } from '../actions/arguments.ts';
import type { TlvMapping } from '../messages/tlv-table.ts';

const number = String.raw`\s*([-+]?(?:0[xX][0-9a-fA-F]+|[0-9]+))`;
const mapping = new RegExp(`^\\{class=${number},type=${number},len=${number}\\}->tun_metadata${number}`);

/** Mappings, with a comma between them or not. Throws Malformed, whose `why` is the whole message. */
export function readTlvMappings(text: string): TlvMapping[] {
  const mappings: TlvMapping[] = [];
  let rest = text;
  while (rest !== '') {
    if (rest.startsWith(',')) rest = rest.slice(1);
    const [all, ...parts] = mapping.exec(rest) ?? [];
    const [optionClass, optionType, optionSize, index] = parts.map(readNumber);
    if (
      all === undefined ||
      optionClass === undefined ||
      optionType === undefined ||
      optionSize === undefined ||
      index === undefined
    )
      throw wrong('invalid tlv mapping');
    mappings.push({
      optionClass: optionClass & 0xffff,
      optionType: optionType & 0xff,
      optionSize: optionSize & 0xff,
      index: index & 0xffff,
    });
    rest = rest.slice(all.length);
  }
  return mappings;
}

/** As C's %i, without the bits above 16; undefined where only a part of the digits is of the number. */
function readNumber(text: string): number | undefined {
  const [, sign, digits = ''] = /^([-+]?)(.*)$/.exec(text) ?? [];
  const isOctal = /^0[0-9]/.test(digits);
  if (isOctal && !/^[0-7]+$/.test(digits)) return undefined;
  const value = Number(BigInt(isOctal ? `0o${digits}` : digits) & 0xffffn);
  return sign === '-' ? -value : value;
}
