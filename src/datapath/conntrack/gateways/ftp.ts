/**
 * What a segment of an FTP control connection announces: PORT and the reply 227 of RFC 959, EPRT and the reply 229 of RFC
 * 2428. Knows text alone: where the announced address and port stand, and how others would be written there.
 */
import { formatIpv4, formatIpv6, readIpv4, readIpv6 } from '../../../base/addresses.ts';
import { Malformed } from '../../../base/errors.ts';

type IpBytes = ArrayLike<number>;

export interface Announcement {
  /** Four bytes or sixteen; undefined: that of the end which announces. */
  readonly address: IpBytes | undefined;
  readonly port: number;
  /** The text that may be replaced: from this character on, and in front of that one. */
  readonly from: number;
  readonly to: number;
  /** The segment begins with the line that says so. */
  readonly isFirst: boolean;
  /** What stands there instead for another address and port. */
  write(address: IpBytes, port: number): string;
}

/** In places relative to the line's begin. */
type LineAnnouncement = Omit<Announcement, 'isFirst'>;

interface LineForm {
  /** Sent by the end that is served, or by the one that serves. */
  readonly isReply: boolean;
  readonly versions: readonly (4 | 6)[];
  /** Nothing else begins so. */
  readonly begin: RegExp;
  readonly whole: RegExp;
  /** Undefined where numbers or addresses are none. */
  read(match: RegExpExecArray, version: 4 | 6): LineAnnouncement | undefined;
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
 * the other one. Throws Malformed where the first line announces something, but not in its form, or without its end; such
 * a line behind others is passed over.
 *
 * Differs: over IPv4 the forms of RFC 2428 are read as well, and all lines; the reference reads what a segment begins
 * with, by RFC 959 over IPv4 and by RFC 2428 over IPv6, and takes commands and replies from either end.
 */
export function readFtpAnnouncements(text: string, isReply: boolean, version: 4 | 6): Announcement[] {
  const found: Announcement[] = [];
  for (let at = 0, end = 0; end >= 0; at = end + 1) {
    end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? undefined : end);
    const form = forms.find(
      (candidate) =>
        candidate.isReply === isReply && candidate.versions.includes(version) && candidate.begin.test(line),
    );
    if (form === undefined) continue;
    const announcement = end < 0 ? undefined : readLine(form, line, version);
    if (announcement !== undefined)
      found.push({
        ...announcement,
        from: at + announcement.from,
        to: at + announcement.to,
        isFirst: at === 0,
      });
    else if (at === 0)
      throw new Malformed('FTP control segment', 0, 'what announces a connection has another form');
  }
  return found;
}

/** Undefined where it has another form. */
function readLine({ whole, read }: LineForm, line: string, version: 4 | 6): LineAnnouncement | undefined {
  const match = whole.exec(line);
  const announcement = match === null ? undefined : read(match, version);
  return announcement !== undefined && announcement.port > 0 && announcement.port <= 0xffff
    ? announcement
    : undefined;
}

/** Six numbers: four of the address, two of the port. */
function readNumbers(match: RegExpExecArray): LineAnnouncement | undefined {
  const numbers = (match[1] ?? '').split(',').map(Number);
  const [from, to] = placeOf(match, 1);
  if (numbers.some((number) => number > 0xff)) return undefined;
  return {
    address: numbers.slice(0, 4),
    port: (numbers[4] ?? 0) * 256 + (numbers[5] ?? 0),
    from,
    to,
    write: (address, port) => [...Array.from(address), port >> 8, port & 0xff].join(','),
  };
}

/** RFC 2428, section 2. */
const families = { 4: '1', 6: '2' } as const;

/** `|1|192.0.2.1|1024|` and `|2|2001:db8::1|1024|`. */
function readDelimited(match: RegExpExecArray, version: 4 | 6): LineAnnouncement | undefined {
  const [, delimiter = '', family = '', text = '', port = ''] = match;
  const [from] = placeOf(match, 3);
  const [, to] = placeOf(match, 4);
  const address = family === families[version] ? readAddress(text, version) : undefined;
  if (address === undefined) return undefined;
  const format = version === 4 ? formatIpv4 : formatIpv6;
  return {
    address,
    port: Number(port),
    from,
    to,
    write: (other, otherPort) => `${format(other)}${delimiter}${otherPort}`,
  };
}

function readAddress(text: string, version: 4 | 6): IpBytes | undefined {
  try {
    return version === 4 ? readIpv4(text) : readIpv6(text);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

function readPort(match: RegExpExecArray): LineAnnouncement {
  const [from, to] = placeOf(match, 2);
  return { address: undefined, port: Number(match[2]), from, to, write: (_address, port) => String(port) };
}

function placeOf(match: RegExpExecArray, group: number): readonly [number, number] {
  return match.indices?.[group] ?? [0, 0];
}
