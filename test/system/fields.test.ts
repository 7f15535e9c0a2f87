/** The field table beside ovs-fields(7), and matches as text beside the real ovs-ofctl. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Malformed } from '../../src/base/errors.ts';
import type { FieldFormat } from '../../src/flow/fields/field.ts';
import { type Field, fieldNamed } from '../../src/flow/fields/index.ts';
import type { Prerequisite } from '../../src/flow/fields/prerequisites.ts';
import { formatMatch } from '../../src/flow/format-match.ts';
import { keyValues } from '../../src/flow/key-values.ts';
import { MatchBuilder } from '../../src/flow/match-text.ts';
import { matchLines, portText } from './match-lines.ts';

type Described = Readonly<Record<string, string>>;

/** The tables of the manual page, each with what stands behind "Name:", "Width:" and so on. */
function manual(): Described[] {
  const page = gunzipSync(readFileSync('/usr/share/man/man7/ovs-fields.7.gz')).toString();
  const plain = page
    .replaceAll(/\\f[BRI]/g, '')
    .replaceAll('\\[char59]', ';')
    .replaceAll(/T\{\n|\nT\}/g, '');
  return plain
    .split(/^Name:;/m)
    .slice(1)
    .map((text) => {
      const [name = '', ...lines] = text.split('\n');
      const rows = lines
        .filter((line) => line.includes(':;'))
        .map((line) => line.split(':;', 2) as [string, string]);
      return Object.fromEntries([['Name', name], ...rows]);
    });
}

const formats: Readonly<Record<FieldFormat, string>> = {
  decimal: 'decimal',
  hexadecimal: 'hexadecimal',
  mac: 'Ethernet',
  ipv4: 'IPv4',
  ipv6: 'IPv6',
  ofPort16: 'OpenFlow 1.0 port',
  ofPort32: 'OpenFlow 1.1+ port',
  fragment: 'frag',
  tcpFlags: 'TCP flags',
  tunnelFlags: 'tunnel flags',
  ctState: 'ct state',
  packetType: 'packet type',
};

const prerequisites: Readonly<Record<Prerequisite, string>> = {
  ethernet: 'Ethernet',
  vlan: 'VLAN VID',
  arp: 'ARP',
  ipv4: 'IPv4',
  ipv6: 'IPv6',
  ip: 'IPv4/IPv6',
  mpls: 'MPLS',
  nsh: 'NSH',
  tcp: 'TCP',
  udp: 'UDP',
  sctp: 'SCTP',
  icmpv4: 'ICMPv4',
  icmpv6: 'ICMPv6',
  nd: 'ND',
  ndSolicit: 'ND solicit',
  ndAdvert: 'ND advert',
  conntrack: 'CT',
};

const inMatch = { exact: 'yes (exact match only)', cidr: 'yes (CIDR match only)', bits: 'yes' } as const;

function describeField(field: Field): Described {
  const { name, aliases, width, bytes, format, mask, needs, isWritable, inMatch10, inMatch11, numbers } =
    field;
  const whole = 8 * bytes;
  const rest =
    whole === 992
      ? ' (124 bytes)'
      : width < whole
        ? ` (only the least-significant ${width} bits may be nonzero)`
        : '';
  const named = (isStandard: boolean): string =>
    numbers
      .filter((number) => isOxm(number.name) === isStandard)
      .map(
        ({ name: text, number, since }) =>
          `${text} (${number})${isStandard ? ` since OpenFlow 1.${since - 1}` : ''}`,
      )
      .join('; ') || 'none';
  return {
    Name: aliases === undefined ? name : `${name} (aka ${aliases.join()})`,
    Width: `${whole} bits${rest}`,
    Format: formats[format],
    Masking: mask === 'exact' ? 'not maskable' : 'arbitrary bitwise masks',
    Prerequisites: needs === undefined ? 'none' : prerequisites[needs],
    Access: isWritable ? 'read/write' : 'read-only',
    'OpenFlow 1.0': inMatch10 === undefined ? 'not supported' : inMatch[inMatch10],
    'OpenFlow 1.1': inMatch11 === undefined ? 'not supported' : inMatch[inMatch11],
    OXM: named(true),
    NXM: named(false),
  };
}

/** The page has the standard's numbers in one row and all others in the next. */
function isOxm(name: string): boolean {
  return name.startsWith('OXM_OF_') || name.startsWith('ONFOXM_');
}

describe('the field table', () => {
  const pages = manual();

  test('has what the manual page has', () => {
    expect(pages.length).toBeGreaterThan(80);
  });

  test.each(pages.map((page) => [page.Name ?? '', page] as const))(
    '%s is as the manual page says',
    (name, page) => {
      const field = fieldNamed(name.split(' ')[0] ?? '');
      if (field === undefined) throw new Error(`${name} is not in the table`);
      const told = Object.fromEntries(
        Object.entries(page).map(([key, text]) => [
          key,
          text.replaceAll(/( and|,? since) Open vSwitch [\d.]+/g, ''),
        ]),
      );
      expect(told).toMatchObject(describeField(field));
    },
  );
});

/** The match as it comes out again, or what is wrong with it. */
function ours(text: string): string {
  const match = new MatchBuilder();
  try {
    for (const { name, value } of keyValues(text)) {
      if (!match.take(name, value, portText)) return `unknown keyword ${name}`;
    }
  } catch (error) {
    if (error instanceof Malformed) return error.why;
    throw error;
  }
  return formatMatch(match.key, match.mask, { ports: portText, tunnelOptions: match.match.options });
}

function theirs(text: string): string {
  const { stdout, stderr } = spawnSync('ovs-ofctl', ['parse-flow', `${text},actions=drop`], {
    encoding: 'utf8',
  });
  const wrong = /^ovs-ofctl: (.*)$/m.exec(stderr)?.[1];
  return wrong ?? /ADD ?(.*?) ?actions=drop/.exec(stdout)?.[1] ?? stdout + stderr;
}

describe('matches as text', () => {
  test('there are many', () => {
    expect(matchLines.length).toBeGreaterThan(100);
  });

  test.each(matchLines)('%s reads and prints as with ovs-ofctl', (text) => {
    expect(ours(text)).toBe(theirs(text));
  });
});
