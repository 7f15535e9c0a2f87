/**
 * Each file that a program is given, as option or argument, where it is missing, a folder, empty, noise, or not for
 * this user to read: no bug of ours, so never a stack trace or a wait, and the exit status of the reference. The options
 * and arguments are those of the programs' own help, so a new one is tried by being there.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readTextOrEmpty } from '../../src/base/files.ts';
import {
  type Ended,
  lineOf,
  ours,
  ProgramPlace,
  programs,
  schemaFile as schema,
  staying,
} from './support/program-place.ts';

const place = new ProgramPlace();
const kinds = ['missing', 'a folder', 'empty', 'noise', 'unreadable'] as const;
type Kind = (typeof kinds)[number];

const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
/** Where the line of the program has an option or argument that does not go with it. */
const lineOfOption: Readonly<Record<string, readonly string[]>> = {
  'ovs-vswitchd --embedded-db': ['--unixctl=none'],
  'ovs-testcontroller --unixctl': ['ssl:127.0.0.1:1'],
  'ovs-vswitchd --unixctl': ['ssl:127.0.0.1:1'],
  'ovsdb-server --unixctl': ['--run=true', 'db/conf.db'],
};

/** What stands for the other arguments while one of them is tried. */
const ordinary: Readonly<Record<string, string>> = {
  DB: 'db/conf.db',
  SCHEMA: schema,
  DST: 'new.db',
  TRNS: '["Open_vSwitch"]',
  SERVER: 'unix:none',
};
const fileArguments = ['DB', 'SCHEMA', 'DST', 'FILE'];

function reference([program = '', ...args]: readonly string[]): string[] {
  return [program === 'ovs-ctl' ? '/usr/share/openvswitch/scripts/ovs-ctl' : program, ...args];
}

function help(words: readonly string[]): string {
  return spawnSync(words[0] ?? '', ['--help'], { encoding: 'utf8' }).stdout ?? '';
}

/** "--private-key=FILE", "--pidfile[=FILE]", '--extra-dbs="FILE..."': the names of the options that take a file. */
function fileOptions(text: string): string[] {
  const found = text.matchAll(/--([a-z-]+)\[?="?(?:FILE|DIR|SOCKET|TARGET)\b/g);
  return [...new Set([...found].map(([, option]) => `--${option}`))];
}

/** Those of the reference. Its `--db-sock` does not reach its own ovs-vsctl, so no start succeeds with it. */
function documentedOptions(program: string): string[] {
  return fileOptions(help(reference([program]))).filter((option) => option !== '--db-sock');
}

/** "  convert [DB [SCHEMA [DST]]]": the command once for each of its files, with FILE in its place. */
function fileCommands(program: string): string[][] {
  const usages = help(ours([program])).matchAll(/^ {2}([a-z][a-z-]+)((?: \[?[A-Z]+\]*)+)(?= {2}|$)/gm);
  return [...usages].flatMap(([, command = '', usage = '']) => {
    const names = usage.match(/[A-Z]+/g) ?? [];
    return names.flatMap((name, i) => {
      if (!fileArguments.includes(name) || command === 'cluster-to-standalone') return []; // refused always
      return [
        [program, command, ...names.map((other, j) => (i === j ? 'FILE' : (ordinary[other] ?? other)))],
      ];
    });
  });
}

function makeFile(path: string, kind: Kind): void {
  if (kind === 'missing') return;
  if (kind === 'a folder') {
    mkdirSync(path);
    return;
  }
  const noise = Uint8Array.from({ length: 65_536 }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 13) & 255);
  writeFileSync(path, kind === 'noise' ? noise : '');
}

/** One run in folders of its own with FILE of that kind. Its standard error is the same for each implementation. */
async function runWith(kind: Kind, words: readonly string[]): Promise<Ended> {
  const own = place.another();
  own.makeDatabase();
  const isOrdinaryUser = kind === 'unreadable';
  if (isOrdinaryUser) expect(spawnSync('chown', ['-R', '65534:65534', own.folder]).status).toBe(0);
  makeFile(own.path('FILE'), kind);
  if (isOrdinaryUser) chmodSync(own.path('FILE'), 0);
  const line = words.map((word) => word.replace(/\bFILE\b/, own.path('FILE')));
  const ended = await own.run(isOrdinaryUser ? [...nobody, ...line] : line, { until: staying });
  const server = readTextOrEmpty(own.path('run/ovsdb-server.pid')).trim(); // of ovs-ctl
  if (server !== '') spawnSync('kill', ['-KILL', server]);
  return { ...ended, stderr: own.neutral(ended.stderr) };
}

const together = <T>(run: (kind: Kind) => Promise<T>) => Promise.all(kinds.map(run));

test('the options and arguments that take a file are found in the help of every program', () => {
  expect(programs).toEqual(readdirSync('bin').filter((name) => !name.includes('.')));
  const names = new Set(programs.flatMap((program) => fileOptions(help(ours([program])))));
  for (const option of ['--private-key', '--pidfile', '--record', '--embedded-db', '--db-schema', '--target'])
    expect(names).toContain(option);
  expect(fileCommands('ovsdb-tool')).toContainEqual([
    'ovsdb-tool',
    'convert',
    'db/conf.db',
    'FILE',
    'new.db',
  ]);
});

/**
 * Where the reference goes on without the file, removes it, or waits at another place, and ours says what is wrong; or
 * what is wrong of two things is said first.
 */
const differences: readonly (readonly [words: RegExp, kinds: readonly Kind[]])[] = [
  [/ovs(db-server|-vswitchd) --unixctl=FILE/, ['empty', 'noise', 'unreadable']],
  [/ovs-ctl --daemon-cwd=FILE/, ['empty', 'noise', 'unreadable']],
  [/ovs-ofctl (ofp-parse|parse-flows)/, ['a folder']],
  // The reference asks the switch for the names of its ports first, whether the file has any or not.
  [/ovs-ofctl [a-z-]+ SWITCH/, ['missing', 'a folder', 'unreadable']],
];

function isDifferent(words: readonly string[], kind: Kind): boolean {
  return differences.some(([line, of]) => line.test(words.join(' ')) && of.includes(kind));
}

/** Plain text, and an exit status that goes with it. A missing file may be one that the program would make. */
function expectOwnError(words: readonly string[], kind: Kind, { end, stderr }: Ended): void {
  place.expectPlain(stderr);
  if (end === 1) expect(stderr).toMatch(kind === 'missing' ? /./ : /FILE/);
  else expect({ words, end }).toEqual({ words, end: expect.toBeOneOf([0, 'runs']) });
}

const options = programs.flatMap((program) =>
  fileOptions(help(ours([program]))).map((option) => [program, option] as const),
);

test.each(options)('%s %s that is none of its kind ends as with the reference', async (program, option) => {
  const words = [
    program,
    `${option}=FILE`,
    ...(lineOfOption[`${program} ${option}`] ?? lineOf[program] ?? []),
  ];
  const hasReference = documentedOptions(program).includes(option);
  await together(async (kind) => {
    const mine = await runWith(kind, ours(words));
    if (!hasReference || isDifferent(words, kind)) return expectOwnError(words, kind, mine);
    const theirs = await runWith(kind, reference(words));
    place.expectPlain(mine.stderr);
    expect({ kind, end: mine.end, names: mine.stderr.includes('FILE'), stderr: mine.stderr }).toEqual({
      kind,
      end: theirs.end,
      names: mine.stderr.includes('FILE') || theirs.stderr.includes('FILE'),
      stderr: mine.stderr,
    });
  });
});

const commands = [
  ...['ovsdb-tool', 'ovsdb-client', 'ovs-ofctl'].flatMap(fileCommands),
  ['ovsdb-client', 'list-dbs', 'unix:FILE'],
  ['ovs-vsctl', '--db=unix:FILE', 'show'],
  ['ovs-vsctl', '--db=unix:none', '--syslog-method=unix:FILE', 'show'],
  ['ovsdb-server', 'FILE', '--unixctl=none'],
];

test.each(commands.map((words) => [words.join(' '), words] as const))(
  '%s of none of its kind gets the words of the reference',
  async (_, words) => {
    await together(async (kind) => {
      const mine = await runWith(kind, ours(words));
      if (isDifferent(words, kind)) return expectOwnError(words, kind, mine);
      const theirs = await runWith(kind, words);
      expect({ kind, end: mine.end, stderr: mine.stderr }).toEqual({
        kind,
        end: theirs.end,
        stderr: theirs.stderr,
      });
    });
  },
);

const ownLines = [
  ['ovsdb-server', 'db/conf.db', '--unixctl=none', '--run=true', '--remote=punix:FILE'],
  ['ovsdb-server', 'db/conf.db', '--unixctl=none', '--run=FILE'],
  ['ovsdb-server', 'db/conf.db', '--unixctl=none', '--run=true', '--sync-from=unix:FILE'],
  ['ovs-vswitchd', '--unixctl=none', 'unix:FILE'],
];

test.each(ownLines.map((words) => [words.join(' '), words] as const))(
  '%s of none of its kind is an ordinary error, if any',
  async (_, words) => {
    await together(async (kind) => expectOwnError(words, kind, await runWith(kind, ours(words))));
  },
);
