/** Matches as bytes, through the real ovs-ofctl: it reads what we write and writes the same again, and so do we. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { Malformed } from '../../src/base/errors.ts';
import { fields } from '../../src/flow/fields/index.ts';
import { keyValues } from '../../src/flow/key-values.ts';
import { type Match, packMatch } from '../../src/flow/match.ts';
import { MatchBuilder } from '../../src/flow/match-text.ts';
import { Reader, Writer } from '../../src/openflow/bytes.ts';
import type { OpenFlowError } from '../../src/openflow/errors.ts';
import { readOxmMatch } from '../../src/openflow/match/oxm-match.ts';
import { writeOxmMatch } from '../../src/openflow/match/oxm-match-writing.ts';
import { versionName, type WireVersion } from '../../src/openflow/versions.ts';
import { matchLines, portText } from './match-lines.ts';

/** Each line that is a match at all; ovs-ofctl prints zeros for an option of tunnels. */
const matches = matchLines
  .filter((line) => !/tun_metadata/.test(line))
  .flatMap((text): (readonly [string, Match])[] => {
    const builder = new MatchBuilder();
    try {
      for (const { name, value } of keyValues(text)) if (!builder.take(name, value, portText)) return [];
    } catch (error) {
      if (error instanceof Malformed) return [];
      throw error;
    }
    return [[text, packMatch(builder.key, builder.mask)]];
  });

function bytesOf(match: Match, version: WireVersion): Uint8Array {
  const writer = new Writer();
  writeOxmMatch(writer, match, version);
  return writer.written.slice();
}

const names = new Map(
  [...fields.values()].flatMap(({ bytes, numbers }) =>
    numbers.map(
      ({ name, oxmClass, number, experimenter }) =>
        [`${oxmClass}.${number}.${experimenter}`, { name, bytes }] as const,
    ),
  ),
);

/** "NXM_OF_IN_PORT(0001), ...", as `ovs-ofctl parse-oxm` reads and prints them. */
function textOf(bytes: Uint8Array): string {
  const parts: string[] = [];
  const hex = (from: number, size: number): string =>
    Buffer.from(bytes.subarray(from, from + size)).toString('hex');
  for (let at = 0; at < bytes.length; ) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at);
    const header = view.getUint32(0);
    const isExperimenter = header >>> 16 === 0xffff;
    const experimenter = isExperimenter ? view.getUint32(4) : undefined;
    const known = names.get(`${header >>> 16}.${(header >>> 9) & 0x7f}.${experimenter}`);
    if (known === undefined) throw new Error(`no field has the header ${header.toString(16)}`);
    const from = at + (isExperimenter ? 8 : 4);
    const hasMask = (header & 0x100) !== 0;
    const mask = hasMask ? `/${hex(from + known.bytes, known.bytes)}` : '';
    parts.push(`${known.name}${hasMask ? '_W' : ''}(${hex(from, known.bytes)}${mask})`);
    at += 4 + (header & 0xff);
  }
  return parts.length === 0 ? '<any>' : parts.join(', ');
}

/** The same lines through ovs-ofctl; "" where it found an error, which it tells in another line. */
function through(command: readonly string[], lines: readonly string[]): string[] {
  const { stdout } = spawnSync('ovs-ofctl', ['--strict', ...command], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
  });
  return stdout.trimEnd().split('\n');
}

describe.each([
  [1, ['parse-nxm']],
  [3, ['parse-oxm', 'OpenFlow12']],
  [4, ['parse-oxm', 'OpenFlow13']],
  [5, ['parse-oxm', 'OpenFlow14']],
  [6, ['parse-oxm', 'OpenFlow15']],
] as const)('matches in version %i', (version, command) => {
  const texts = matches.map(([, match]) => textOf(bytesOf(match, version)));
  const theirs = through(command, texts);

  test('ovs-ofctl answers each line', () => {
    expect(theirs.length).toBe(matches.length);
  });

  test.each(matches.map(([text], n) => [text, n] as const))(`%s (${versionName(version)})`, (_, n) => {
    const bytes = bytesOf(matches[n]?.[1] ?? packMatch(new Uint32Array(), new Uint32Array()), version);
    const said = theirs[n] ?? '';
    const wrong = /nx_pull_match.*returned error (\w+)/.exec(said)?.[1];
    if (wrong !== undefined) {
      expect(() => readOxmMatch(new Reader(bytes), { isStrict: true })).toThrow(
        expect.objectContaining({ errorName: wrong }) as OpenFlowError,
      );
      return;
    }
    expect(texts[n]).toBe(said);
    const { match } = readOxmMatch(new Reader(bytes), { isStrict: true });
    expect(textOf(bytesOf(match, version))).toBe(said);
  });
});
