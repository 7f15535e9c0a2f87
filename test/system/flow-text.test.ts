/** The text of flows, ours beside the real ovs-ofctl's: what it means, in which protocols, and what is wrong with it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Malformed, VswitchError } from '../../src/base/errors.ts';
import { allowedBy } from '../../src/cli/ofctl/allowed.ts';
import { painter } from '../../src/cli/ofctl/colors.ts';
import { ofctlCommands } from '../../src/cli/ofctl/commands.ts';
import type { OfctlContext } from '../../src/cli/ofctl/context.ts';
import type { Paint } from '../../src/flow/match-format/match-item.ts';
import { portText } from '../../src/openflow/ports.ts';
import { protocolSets, protocolsOfVersions } from '../../src/openflow/protocols/protocols.ts';
import { readFlow } from '../../src/openflow/text/flows.ts';
import { allVersions, versionName, type WireVersion } from '../../src/openflow/versions.ts';
import { goodActionLines } from './action-lines.ts';
import { matchLines } from './match-lines.ts';
import { whyNoReference } from './support/daemon-pair.ts';

const flowLines = readFileSync(new URL('flow-lines.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

/** Its output, and its exit status. */
type Said = string;

/** Runs them all in one shell: starting a program from here is slow. */
function real(
  versions: readonly WireVersion[],
  command: string,
  args: readonly string[],
  options = '',
): Said[] {
  const names = versions.map(versionName).join();
  const script = `while IFS= read -r line; do
    said=$(/usr/bin/ovs-ofctl -voff ${options} -O ${names} ${command} "$line" 2>&1); printf '%s\\n%s\\0' "$said" "$?"
  done`;
  const { stdout } = spawnSync('sh', ['-c', script], {
    encoding: 'utf8',
    input: args.map((arg) => `${arg}\n`).join(''),
  });
  return stdout.split('\0').slice(0, -1);
}

async function ours(
  versions: readonly WireVersion[],
  command: string,
  arg: string,
  paint?: Paint,
): Promise<Said> {
  let said = '';
  let xid = 0;
  const context: OfctlContext = {
    verbosity: 0,
    paint,
    isRaw: false,
    allowed: allowedBy(versions, protocolSets.any, false),
    names: { areAccepted: true, areShown: false },
    flows: { isStrict: false, isBundle: false, readdsAll: false, showsStats: true, order: [] },
    rundir: '/',
    tls: {},
    mayCreate: false,
    connections: [],
    printError: () => {},
    end: (text) => {
      throw new Error(text);
    },
    nextXid: () => ++xid,
    print: (text) => {
      said += text;
    },
    warn: (text) => {
      throw new Error(text);
    },
  };
  let status = 0;
  try {
    await ofctlCommands.get(command)?.run(context, [arg]);
  } catch (why) {
    if (!(why instanceof VswitchError)) throw why;
    said += `ovs-ofctl: ${why.message}\n`;
    status = 1;
  }
  return `${said.replace(/\n+$/, '')}\n${status}`;
}

const good = [
  ...matchLines.map((match) => `${match},actions=drop`),
  ...goodActionLines.map(({ flow }) => flow),
];

/** Those of the lines that one version can say. */
function sayable(version: WireVersion): string[] {
  const spoken = protocolsOfVersions([version]);
  return [...flowLines, ...good].filter((line) => {
    try {
      const { usable } = readFlow(line, 'add', { ports: portText });
      return (usable & spoken) === spoken;
    } catch (why) {
      if (why instanceof Malformed) return false;
      throw why;
    }
  });
}

describe.skipIf(whyNoReference() !== undefined)('the text of flows beside the real ovs-ofctl', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'flows-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('means the same, or is refused in the same words', async () => {
    const said: string[] = [];
    for (const line of flowLines) said.push(`${line}\n${await ours(allVersions, 'parse-flow', line)}`);
    const expected = real(allVersions, 'parse-flow', flowLines).map((text, n) => `${flowLines[n]}\n${text}`);
    expect(said).toEqual(expected);
  });

  test.each(allVersions)('is sent as the same in version %i, a file at a time', async (version) => {
    const file = path.join(folder, `${version}`);
    const lines = sayable(version);
    expect(lines.length).toBeGreaterThan(100);
    writeFileSync(file, `# all of them\n\n${lines.map((line) => `${line} # that is one\n`).join('')}`);
    const said = (await ours([version], 'parse-flows', file)).split('\n');
    const [expected = ''] = real([version], 'parse-flows', [file]);
    expect(said).toEqual(expected.split('\n'));
  });

  test('is in the same colours', async () => {
    const file = path.join(folder, 'colours');
    const lines = sayable(4);
    writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
    const said = await ours([4], 'parse-flows', file, painter());
    expect(said.split('\n')).toEqual(real([4], 'parse-flows', [file], '--color=always')[0]?.split('\n'));
  });

  test('has its place in the file where it is wrong', async () => {
    const file = path.join(folder, 'wrong');
    writeFileSync(file, '\n# here\n  \t\nactions=drop\nfoo,actions=drop\n');
    const wrong = [file, path.join(folder, 'missing')];
    const said = await Promise.all(wrong.map((one) => ours(allVersions, 'parse-flows', one)));
    expect(said).toEqual(real(allVersions, 'parse-flows', wrong));
    expect(said[0]).toBe(`ovs-ofctl: ${file}:5: field foo missing value\n1`);
  });
});
