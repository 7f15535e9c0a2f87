/** Address translation inside of ct: Nicira's nat; ovs-actions(7). */
import { formatIpv4, formatIpv6, readIpv6 } from '../../base/addresses.ts';
import { keyValues } from '../../flow/key-values.ts';
import { etherType } from '../../wire/ethernet.ts';
import type { Reader, Writer } from '../bytes.ts';
import { OpenFlowError } from '../errors.ts';
import { wrong } from './arguments.ts';
import { type AnyAction, defineAction } from './declare.ts';

export interface NatBounds<T> {
  readonly first: T;
  /** Absent where nothing was said of an end. */
  readonly last?: T;
}

export interface NatRange {
  /** 4 or 16 bytes each. */
  readonly addresses: NatBounds<Uint8Array>;
  readonly ports?: NatBounds<number>;
}

export interface NatArguments {
  /** Which address of the connection's first packet changes; undefined to go on with what was done to it. */
  readonly side: 'src' | 'dst' | undefined;
  readonly isPersistent: boolean;
  /** How a port is chosen; both were asked for in no good action. */
  readonly hashes: boolean;
  readonly isRandom: boolean;
  readonly range: NatRange | undefined;
}

const flag = { src: 1, dst: 2, persistent: 4, hash: 8, random: 16 } as const;
const allFlags = 31;
const present = {
  ipv4First: 1,
  ipv4Last: 2,
  ipv6First: 4,
  ipv6Last: 8,
  portFirst: 16,
  portLast: 32,
} as const;

/** Is it a nat that says no more than that? */
export function isPlainNat(action: AnyAction): boolean {
  if (action.do !== 'nat') return false;
  const { side, isPersistent, hashes, isRandom, range } = action as AnyAction & NatArguments; // of that name
  return side === undefined && !isPersistent && !hashes && !isRandom && range === undefined;
}

function bad(why: string): OpenFlowError {
  return new OpenFlowError('OFPBAC_BAD_ARGUMENT', why);
}

function decodeFlags(flags: number): Omit<NatArguments, 'range'> {
  const has = (bit: number): boolean => (flags & bit) !== 0;
  if ((flags & ~allFlags) !== 0 || (has(flag.src) && has(flag.dst)) || (has(flag.hash) && has(flag.random)))
    throw bad(`flags 0x${flags.toString(16)} of a nat`);
  return {
    side: has(flag.src) ? 'src' : has(flag.dst) ? 'dst' : undefined,
    isPersistent: has(flag.persistent),
    hashes: has(flag.hash),
    isRandom: has(flag.random),
  };
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Is `a` before `b`, both in network order? */
function isBefore(a: Uint8Array, b: Uint8Array): boolean {
  const n = a.findIndex((byte, at) => byte !== b[at]);
  return n >= 0 && (a[n] ?? 0) < (b[n] ?? 0);
}

function decodeAddresses(from: Reader, fields: number): NatBounds<Uint8Array> | undefined {
  const has = (bit: number): boolean => (fields & bit) !== 0;
  const isIpv4 = has(present.ipv4First);
  if (!isIpv4 && !has(present.ipv6First)) {
    if (has(present.ipv4Last | present.ipv6Last)) throw bad('a range of addresses without a start');
    return undefined;
  }
  if (isIpv4 ? has(present.ipv6First | present.ipv6Last) : has(present.ipv4Last))
    throw bad('addresses of both families');
  const size = isIpv4 ? 4 : 16;
  const first = from.octets(size);
  if (isZero(first)) throw bad('a range of addresses from zero');
  if (!has(isIpv4 ? present.ipv4Last : present.ipv6Last)) return { first };
  const last = from.octets(size);
  if (isBefore(last, first)) throw bad('a range of addresses that ends before its start');
  return { first, last };
}

function decodePorts(from: Reader, fields: number): NatBounds<number> | undefined {
  if ((fields & present.portFirst) === 0) {
    if ((fields & present.portLast) !== 0) throw bad('a range of ports without a start');
    return undefined;
  }
  const first = from.u16();
  if (first === 0) throw bad('a range of ports from zero');
  if ((fields & present.portLast) === 0) return { first };
  const last = from.u16();
  if (last < first) throw bad('a range of ports that ends before its start');
  return { first, last };
}

function decodeRange(body: Reader, fields: number): NatRange | undefined {
  const from = body.rest('OFPBAC_BAD_ARGUMENT');
  const addresses = decodeAddresses(from, fields);
  if (addresses === undefined && (fields & present.portFirst) !== 0) throw bad('ports without addresses');
  const ports = decodePorts(from, fields);
  if (addresses === undefined) return undefined;
  return ports === undefined ? { addresses } : { addresses, ports };
}

/** Writes what is not zero of a range, and returns the bits that say so. */
function encodeRange(to: Writer, { addresses, ports }: NatRange): number {
  const isIpv4 = addresses.first.length === 4;
  let fields = 0;
  const writeAddress = (address: Uint8Array | undefined, bit: number): void => {
    if (address === undefined || isZero(address)) return;
    to.octets(address);
    fields |= bit;
  };
  const writePort = (port: number | undefined, bit: number): void => {
    if (port === undefined || port === 0) return;
    to.u16(port);
    fields |= bit;
  };
  writeAddress(addresses.first, isIpv4 ? present.ipv4First : present.ipv6First);
  writeAddress(addresses.last, isIpv4 ? present.ipv4Last : present.ipv6Last);
  writePort(ports?.first, present.portFirst);
  writePort(ports?.last, present.portLast);
  return fields;
}

export const nat = defineAction('nat', {
  forms: [
    {
      wire: 'NX 1.0+ 36 NXAST_NAT',
      size: () => [6, 8],
      decode(body): NatArguments {
        body.skip(2);
        const flags = decodeFlags(body.u16());
        const fields = body.u16();
        return { ...flags, range: decodeRange(body, fields) };
      },
      encode({ side, isPersistent, hashes, isRandom, range }, to) {
        to.room(2);
        to.u16(
          (side === undefined ? 0 : flag[side]) |
            (isPersistent ? flag.persistent : 0) |
            (hashes ? flag.hash : 0) |
            (isRandom ? flag.random : 0),
        );
        const at = to.room(2);
        if (range !== undefined) to.setU16(at, encodeRange(to, range));
      },
    },
  ],
  words: ['nat'],
  read: (text) => readNat(text),
  format({ side, isPersistent, hashes, isRandom, range }) {
    if (side === undefined) return 'nat';
    if (range === undefined) return `nat(${side})`;
    const parts = [
      `${side}=${formatRange(range)}`,
      isPersistent ? 'persistent' : '',
      hashes ? 'hash' : '',
      isRandom ? 'random' : '',
    ];
    return `nat(${parts.filter((part) => part !== '').join(',')})`;
  },
  check({ range }, packet) {
    const type = range?.addresses.first.length === 4 ? etherType.ipv4 : etherType.ipv6;
    const isGood = packet.isIp && (range === undefined || packet.etherType === type);
    return isGood ? undefined : 'OFPBAC_MATCH_INCONSISTENT';
  },
});

function formatRange({ addresses: { first, last }, ports }: NatRange): string {
  const portFirst = ports?.first ?? 0;
  const address = (bytes: Uint8Array): string => {
    if (bytes.length === 4) return formatIpv4(bytes);
    return portFirst === 0 ? formatIpv6(bytes) : `[${formatIpv6(bytes)}]`;
  };
  const isOne = last === undefined || isZero(last) || last.every((byte, n) => byte === first[n]);
  const start = isOne ? address(first) : `${address(first)}-${address(last)}`;
  if (portFirst === 0) return start;
  const portLast = ports?.last ?? 0;
  return `${start}:${portFirst}${portLast === 0 || portLast === portFirst ? '' : `-${portLast}`}`;
}

function readNat(text: string): NatArguments {
  let value: NatArguments = {
    side: undefined,
    isPersistent: false,
    hashes: false,
    isRandom: false,
    range: undefined,
  };
  const sides = new Set<string>();
  for (const { name, value: given } of keyValues(text)) {
    if (name === 'src' || name === 'dst') {
      sides.add(name);
      value = { ...value, side: name, range: readRange(given) };
    } else if (name === 'persistent') value = { ...value, isPersistent: true };
    else if (name === 'hash') value = { ...value, hashes: true };
    else if (name === 'random') value = { ...value, isRandom: true };
    else throw wrong(`invalid key "${name}" in "nat" argument`);
  }
  if (sides.size > 1) throw wrong('May only specify one of "src" or "dst".');
  if (sides.size === 0 && (value.isPersistent || value.hashes || value.isRandom))
    throw wrong('Flags allowed only with "src" or "dst".');
  if (value.hashes && value.isRandom) throw wrong('Both "hash" and "random" are not allowed.');
  return value;
}

const quad = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})/;
const hextets = /^(?:([\da-f:.]{1,46})|\[([\da-f:.]{1,46})\])/i;

/** An address that the text begins with, or the characters that could have been one. */
function readAddressAhead(text: string, isIpv4: boolean): { bytes: Uint8Array | undefined; rest: string } {
  const found = (isIpv4 ? quad : hextets).exec(text);
  if (found === null) return { bytes: undefined, rest: text };
  const rest = text.slice(found[0].length);
  if (isIpv4) {
    const bytes = found.slice(1).map(Number);
    return bytes.some((byte) => byte > 255)
      ? { bytes: undefined, rest: text }
      : { bytes: Uint8Array.from(bytes), rest };
  }
  try {
    return { bytes: readIpv6(found[1] ?? found[2] ?? ''), rest };
  } catch {
    return { bytes: undefined, rest };
  }
}

/**
 * "ADDRESS[-ADDRESS][:PORT[-PORT]]"; without a good address there is no range.
 * Differs: a port above 65535 is refused; the reference takes its lower 16 bits.
 */
function readRange(text: string): NatRange | undefined {
  const invalid = wrong(`invalid nat range "${text}"`);
  const ipv4 = readAddressAhead(text, true);
  const isIpv4 = ipv4.bytes !== undefined;
  let { bytes: first, rest } = isIpv4 ? ipv4 : readAddressAhead(text, false);
  let last: Uint8Array | undefined;
  let ports: NatBounds<number> | undefined;
  if (first !== undefined && rest.startsWith('-')) {
    ({ bytes: last, rest } = readAddressAhead(rest.slice(1), isIpv4));
    if (last === undefined || isBefore(last, first)) throw invalid;
  }
  if (first !== undefined && rest.startsWith(':')) {
    const [all, portFirst, , portLast] = /^:\s*(\d+)(-\s*(\d*))?/.exec(rest) ?? [];
    if (all === undefined || Number(portFirst) > 0xffff) throw invalid;
    ports = { first: Number(portFirst) };
    if (portLast !== undefined) {
      if (portLast === '' || Number(portLast) > 0xffff || Number(portLast) < ports.first) throw invalid;
      ports = { ...ports, last: Number(portLast) };
    }
    rest = rest.slice(all.length);
  }
  if (rest !== '')
    throw wrong(`garbage (${rest}) after nat range "${text}" (pos: ${text.length - rest.length})`);
  if (first === undefined) return undefined;
  const addresses = last === undefined ? { first } : { first, last };
  return ports === undefined ? { addresses } : { addresses, ports };
}
