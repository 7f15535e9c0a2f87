/** Networks as users write them: "192.0.2.1", "192.0.2.0/24", "192.0.2.0/255.255.255.0", and the same of IPv6. */
import { readIpv4, readIpv6 } from './addresses.ts';
import { Malformed } from './errors.ts';

export interface IpPrefix {
  /** 4 or 16 bytes; bits beyond the prefix may be set. */
  readonly address: Uint8Array;
  readonly prefix: number;
}

interface Kind {
  readonly name: string;
  readonly family: string;
  readonly bits: number;
  /** Throws Malformed. */
  readonly read: (text: string) => Uint8Array;
}

const ipv4: Kind = { name: 'IP', family: 'IPv4', bits: 32, read: readIpv4 };
const ipv6: Kind = { name: 'IPv6', family: 'IPv6', bits: 128, read: readIpv6 };

/** Throws Malformed. */
export function readIpv4Prefix(text: string): IpPrefix {
  return readPrefix(text, ipv4);
}

/** Throws Malformed. */
export function readIpv6Prefix(text: string): IpPrefix {
  return readPrefix(text, ipv6);
}

function readPrefix(text: string, { name, family, bits, read }: Kind): IpPrefix {
  const [head = '', width] = text.split(/\/(.*)/s);
  const address = readWith(read, head, `${text}: invalid ${name} address`);
  if (width === undefined) return { address, prefix: bits };
  if (/^-?\d+$/.test(width)) {
    const prefix = Number(width);
    if (prefix >= 0 && prefix <= bits) return { address, prefix };
    const what = `${text}: ${family} network prefix bits not between 0 and ${bits}, inclusive`;
    throw new Malformed('network', 0, what);
  }
  const ones = [...readWith(read, width, `${text}: invalid ${name} address`)]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
  if (!/^1*0*$/.test(ones))
    throw new Malformed('network', 0, `${text}: ${bits === 32 ? '' : 'IPv6 '}CIDR network required`);
  return { address, prefix: ones.replaceAll('0', '').length };
}

function readWith(read: Kind['read'], text: string, wrong: string): Uint8Array {
  try {
    return read(text);
  } catch (why) {
    throw why instanceof Malformed ? new Malformed('network', 0, wrong) : why;
  }
}
