/**
 * What a segment of an FTP control connection announces: PORT and the reply 227 of RFC 959, EPRT and the reply 229 of RFC
 * 2428. Knows text alone: where the announced address and port stand, and how others would be written there.
 */
import { formatIpv4, formatIpv6, readIpv4, readIpv6 } from '../../../base/addresses.ts';
import { Malformed } from '../../../base/errors.ts';

export type IpBytes = ArrayLike<number>;

export interface Announcement {
  /** Four bytes or sixteen; undefined: that of the end which announces. */
  readonly address: IpBytes | undefined;
  readonly port: number;
  /** The text that may be replaced: from this character on, and in front of that one. */
  readonly from: number;
  readonly to: number;
  /** What stands there instead for another address and port. */
  write(address: IpBytes, port: number): string;
}

/** What one line says, in places relative to its begin. */
type LineReader = (match: RegExpExecArray, version: 4 | 6) => Announcement;

interface LineForm {
  /** Sent by the end that is served, or by the one that serves. */
  readonly isReply: boolean;
  readonly versions: readonly (4 | 6)[];
  /** Nothing else begins so. */
  readonly begin: RegExp;
  readonly whole: RegExp;
  readonly read: LineReader;
}

/** Addresses of IPv6 do not fit in the forms of RFC 959. */
const forms: readonly LineForm[] = [
  {
    isReply: false,
    versions: [4],
    begin: /^PORT[ \t]/i,
    whole: /^PORT[ \t]+(\d{1,3}(?:,\d{1,3}){5})[ \t]*\r?$/di,
    read: readNumbers,
  },
  {
    isReply: false,
    versions: [4, 6],
    begin: /^EPRT[ \t]/i,
    // Digits and what addresses are written with cannot delimit.
    whole: /^EPRT[ \t]+([^\da-f:.\s])([12])\1([\da-f:.]+)\1(\d{1,5})\1[ \t]*\r?$/di,
    read: readDelimited,
  },
  {
    isReply: true,
    versions: [4],
    begin: /^227[ -]/,
    // RFC 1123, section 4.1.2.6: not all servers write parentheses.
    whole: /^227[ -](?:.*?\D)??(\d{1,3}(?:,\d{1,3}){5})(?!\d)/d,
    read: readNumbers,
  },
  {
    isReply: true,
    versions: [4, 6],
    begin: /^229[ -]/,
    whole: /^229[ -].*?\(([^\d\s])\1\1(\d{1,5})\1\)/d,
    read: readPort,
  },
];

/** Looked at in one segment, from its begin on. */
export const ftpTextLimit = 4096;

/**
 * Of the lines of a segment, which begins with a line. Commands come from the end that began the connection, replies from
 * the other one. Throws Malformed where one announces something, but not in its
 * form; the last line may lack its end only if it announces nothing.
 *
 * Differs: over IPv4 the forms of RFC 2428 are read as well, and all lines; the reference reads what a segment begins
 * with, by RFC 959 over IPv4 and by RFC 2428 over IPv6, and takes commands and replies from either end.
 */
export function readFtpAnnouncements(text: string, isReply: boolean, version: 4 | 6): Announcement[] {
  const found: Announcement[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? undefined : end);
    const announcement = readLine(line, end >= 0, isReply, version, at);
    if (announcement !== undefined) found.push(announcement);
    if (end < 0) break;
    at = end + 1;
  }
  return found;
}

function readLine(
  line: string,
  isWhole: boolean,
  isReply: boolean,
  version: 4 | 6,
  at: number,
): Announcement | undefined {
  const form = forms.find(
    (candidate) =>
      candidate.isReply === isReply && candidate.versions.includes(version) && candidate.begin.test(line),
  );
  if (form === undefined) return undefined;
  const match = isWhole ? form.whole.exec(line) : null;
  if (match === null) throw malformed(at);
  const read = form.read(match, version);
  if (read.port === 0 || read.port > 0xffff) throw malformed(at);
  return { ...read, from: at + read.from, to: at + read.to };
}

/** Six numbers: four of the address, two of the port. */
function readNumbers(match: RegExpExecArray): Announcement {
  const numbers = (match[1] ?? '').split(',').map(Number);
  const [from, to] = placeOf(match, 1);
  if (numbers.some((number) => number > 0xff)) throw malformed(from);
  return {
    address: numbers.slice(0, 4),
    port: (numbers[4] ?? 0) * 256 + (numbers[5] ?? 0),
    from,
    to,
    write: (address, port) => [...Array.from(address), port >> 8, port & 0xff].join(','),
  };
}

/** `|1|192.0.2.1|1024|` and `|2|2001:db8::1|1024|`. */
function readDelimited(match: RegExpExecArray, version: 4 | 6): Announcement {
  const [, delimiter = '', family = '', address = '', port = ''] = match;
  const [from] = placeOf(match, 3);
  const [, to] = placeOf(match, 4);
  if (family !== (version === 4 ? '1' : '2')) throw malformed(from);
  const format = version === 4 ? formatIpv4 : formatIpv6;
  return {
    address: version === 4 ? readIpv4(address) : readIpv6(address),
    port: Number(port),
    from,
    to,
    write: (other, otherPort) => `${format(other)}${delimiter}${otherPort}`,
  };
}

function readPort(match: RegExpExecArray): Announcement {
  const [from, to] = placeOf(match, 2);
  return { address: undefined, port: Number(match[2]), from, to, write: (_address, port) => String(port) };
}

function placeOf(match: RegExpExecArray, group: number): readonly [number, number] {
  return match.indices?.[group] ?? [0, 0];
}

function malformed(at: number): Malformed {
  return new Malformed('FTP control segment', at, 'a line that announces a connection has another form');
}
