/**
 * What flows do, as the real ovs-ofctl reads, sends and prints it: the text and the bytes of every action in every
 * version, and what is said of those that are wrong.
 */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { Malformed } from '../../src/base/errors.ts';
import { decodeActions, formatActions, readInstructionText } from '../../src/openflow/action-codec.ts';
import { checkActions } from '../../src/openflow/action-rules.ts';
import { Reader, Writer } from '../../src/openflow/bytes.ts';
import { OpenFlowError } from '../../src/openflow/errors.ts';
import { readInstructions, writeInstructions } from '../../src/openflow/instruction-codec.ts';
import { allVersions, versionName, type WireVersion } from '../../src/openflow/versions.ts';
import { type ActionLine, badActionLines, goodActionLines } from './action-lines.ts';
import { portText } from './match-lines.ts';
import { caughtActions } from './support/flow-catcher.ts';

const context = { ports: portText };

const everyVersion = allVersions.map(versionName).join();

function parseFlow(flow: string): { stdout: string; stderr: string } {
  return spawnSync('ovs-ofctl', ['-O', everyVersion, 'parse-flow', flow], { encoding: 'utf8' });
}

/** Versions behind the names that ovs-ofctl gives protocols. */
function versionsOf(protocols: string): WireVersion[] {
  const names = protocols.split(',').map((name) => name.replace(/[+-]table_id$/, ''));
  const isOf = (version: WireVersion): boolean =>
    version === 1
      ? names.includes('NXM') || names.includes('OpenFlow10')
      : version === 2
        ? names.includes('OpenFlow11')
        : names.includes('OXM') || names.includes(`OXM-${versionName(version)}`);
  return allVersions.filter((version) => protocols === 'any' || isOf(version));
}

const goodLines = goodActionLines.map((line) => {
  const { stdout, stderr } = parseFlow(line.flow);
  const said = (what: string): string =>
    new RegExp(`^${what} protocols?: (.*)$`, 'm').exec(stdout)?.[1] ?? stderr;
  const [chosen = 1] = versionsOf(said('chosen'));
  // ovs-ofctl does not know that some extensions are of 1.3 and later.
  const isNew = /dec_nsh_ttl|decap/.test(line.actions) && !line.actions.includes('encap');
  const versions = versionsOf(said('usable')).filter((version) => version >= 4 || !isNew);
  const printed = /actions=(.*)$|decode error: (\w+)/m.exec(stdout);
  return { ...line, chosen, versions, printed: printed?.[1] ?? printed?.[2] };
});

function sent({ actions, match }: ActionLine, version: WireVersion): Uint8Array {
  const to = new Writer();
  writeInstructions(to, readInstructionText(actions, context), version, match);
  return to.written.slice();
}

/** The text of bytes, or the name of the error. */
function outcome(read: () => Parameters<typeof formatActions>[0]): string {
  try {
    return formatActions(read(), context);
  } catch (error) {
    if (error instanceof OpenFlowError) return error.errorName;
    throw error;
  }
}

const noBytes = new Uint8Array();

describe('flows as text', () => {
  test.each(goodLines.filter(({ versions }) => versions.length > 0))('$flow', (line) => {
    const version = line.versions.includes(line.chosen) ? line.chosen : (line.versions[0] ?? 1);
    const ours = outcome(() => readInstructions(new Reader(sent(line, version)), version));
    expect(ours).toBe(version === line.chosen ? line.printed : line.actions.replace(/^decap$/, 'decap()'));
  });
});

function hexLine(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replaceAll(/..(?=.)/g, '$& ');
}

/** What ovs-ofctl makes of each line of bytes: the text, or the name of the error. */
function parsed(what: 'actions' | 'instructions', version: WireVersion, lines: readonly string[]): string[] {
  const { stdout } = spawnSync('ovs-ofctl', [`parse-${what}`, versionName(version)], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
  });
  return stdout
    .split('\n')
    .filter((line) => /^(actions=|bad )/.test(line))
    .map((line) => line.replace(/^actions=|^bad .*: /, ''));
}

/** As parse-instructions checks what it reads: in table 0, for packets of any kind. */
function readChecked(bytes: Uint8Array, version: WireVersion): string {
  return outcome(() => {
    const list = readInstructions(new Reader(bytes), version);
    const verdict = checkActions(list, undefined, { version, table: 0 });
    if (verdict !== undefined && verdict !== 'inconsistent') throw new OpenFlowError(verdict, 'checked');
    return list;
  });
}

/** The reference calls the length wrong, not the field, where any field that it hashes to the same place is longer. */
function withoutHashing(theirs: readonly string[], ours: readonly string[]): string[] {
  return theirs.map((text, n) =>
    text === 'OFPBAC_BAD_SET_LEN' && ours[n] === 'OFPBAC_BAD_SET_TYPE' ? 'OFPBAC_BAD_SET_TYPE' : text,
  );
}

describe.each(allVersions)('flows as bytes of version %i', (version) => {
  const lines = goodLines.filter(({ versions }) => versions.includes(version));
  const bytes = lines.map((line) => sent(line, version));
  /** parse-actions and parse-instructions pass empty lines over. */
  const some = bytes.filter((list) => list.length > 0);

  test('are many', () => {
    expect(lines.length).toBeGreaterThan(270);
  });

  test('are those that ovs-ofctl sends', async () => {
    const theirs = await caughtActions(
      version,
      lines.map(({ flow }) => flow),
    );
    expect(theirs.length).toBe(lines.length);
    const wrong = lines.filter((_, n) => hexLine(bytes[n] ?? noBytes) !== hexLine(theirs[n] ?? noBytes));
    expect(wrong.map(({ flow }) => flow)).toEqual([]);
  });

  test('are read and printed alike', () => {
    const read = some.map((list) => readChecked(list, version));
    expect(read).toEqual(parsed('instructions', version, some.map(hexLine)));
  });

  test('with one byte changed are read alike, or refused with the same error', () => {
    const changed = some.flatMap((list, n) =>
      [2, 3, n, 7 * n + 2, 11 * n + 5, 13 * n + 11].map((at) =>
        list.map((byte, i) => (i === at % list.length ? byte ^ (1 << (n % 8)) : byte)),
      ),
    );
    const ours = changed.map((list) => readChecked(list, version));
    const theirs = parsed('instructions', version, changed.map(hexLine));
    expect(theirs.length).toBe(changed.length);
    const known = withoutHashing(theirs, ours);
    const wrong = changed.flatMap((list, n) =>
      ours[n] === known[n] ? [] : [`${hexLine(list)}: ${ours[n]}, not ${known[n]}`],
    );
    expect(wrong).toEqual([]);
  });

  test('as lists of actions are read alike', () => {
    const lists = some.map((list) => (version === 1 ? list : list.subarray(8))).filter((l) => l.length > 0);
    const ours = lists.map((list) => outcome(() => decodeActions(new Reader(list), version)));
    expect(ours).toEqual(parsed('actions', version, lists.map(hexLine)));
  });
});

describe('flows that are refused', () => {
  test.each(badActionLines)('$flow', ({ flow, actions, match, table }) => {
    let why = '';
    try {
      const verdict = checkActions(readInstructionText(actions, context), match, { table });
      if (verdict !== undefined && verdict !== 'inconsistent')
        why = `actions are invalid with specified match (${verdict})`;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      why = error.why;
    }
    expect(why).toBe(/^ovs-ofctl: (.*)$/m.exec(parseFlow(flow).stderr)?.[1]);
  });
});
