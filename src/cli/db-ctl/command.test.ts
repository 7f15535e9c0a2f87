import { expect, test } from 'vitest';
import { type CommandDef, commandOptions, readCommands } from './command.ts';
import { CommandFailed } from './datum-text.ts';

const defs: readonly CommandDef[] = [
  { name: 'plain', minArgs: 0, maxArgs: 1, arguments: '[ARG]', options: [], mayWrite: false },
  {
    name: 'rich',
    minArgs: 1,
    maxArgs: 2,
    arguments: 'A [B]',
    options: ['--flag', '--value='],
    mayWrite: true,
  },
];
const read = (line: string, first: [string, string | undefined][] = []) =>
  readCommands(
    line.split(' ').filter((word) => word !== ''),
    new Map(first),
    defs,
  );

test('commands are separated by dashes, each with its own options', () => {
  const commands = read('plain x -- --flag --value=5 rich a b -- plain');
  expect(commands.map(({ def, args, options }) => [def.name, args, [...options]])).toEqual([
    ['plain', ['x'], []],
    [
      'rich',
      ['a', 'b'],
      [
        ['--flag', undefined],
        ['--value', '5'],
      ],
    ],
    ['plain', [], []],
  ]);
});

test('options before the first dashes belong to the first command', () => {
  expect(read('rich a', [['--flag', undefined]])[0]?.options.has('--flag')).toBe(true);
});

test.each([
  ['', 'missing command name (use --help for help)'],
  ['--flag', 'missing command name (use --help for help)'],
  ['odd', "unknown command 'odd'; use --help for help"],
  ['--flag plain', "'plain' command has no '--flag' option"],
  ['--value rich a', "missing argument to '--value' option on 'rich' command"],
  ['--flag=1 rich a', "'--flag' option on 'rich' does not accept an argument"],
  ['--flag --flag rich a', "'--flag' option specified multiple times"],
  ['rich', "'rich' command requires at least 1 arguments"],
  ['plain a b', "'plain' command takes at most 1 arguments"],
  [
    'plain a --flag',
    '\'plain\' command takes at most 1 arguments (note that options must precede command names and follow a "--" argument)',
  ],
])('"%s" is refused with the reason', (line, message) => {
  expect(() => read(line)).toThrow(new CommandFailed(message));
});

test('the options of all commands are known to the program', () => {
  expect(commandOptions(defs)).toEqual([{ name: 'flag' }, { name: 'value', argument: 'required' }]);
});
