import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isUsed, lastArgument, type OptionDef, readOptions, UsageError } from './options.ts';

const defs: readonly OptionDef[] = [
  { name: 'target', short: 't', argument: 'required' },
  { name: 'timeout', short: 'T', argument: 'required' },
  { name: 'verbose', short: 'v', argument: 'optional' },
  { name: 'help', short: 'h' },
  { name: 'dry-run' },
  { name: 'no-syslog', alias: 'quiet' },
];

const read = (...args: string[]) => readOptions(args, defs);

describe('command lines', () => {
  test.each([
    [['--target=x'], [{ key: 'target', argument: 'x' }], []],
    [['--target', 'x', 'y'], [{ key: 'target', argument: 'x' }], ['y']],
    [['--tar=x'], [{ key: 'target', argument: 'x' }], []],
    [['--target='], [{ key: 'target', argument: '' }], []],
    [['-tx'], [{ key: 'target', argument: 'x' }], []],
    [['-t', '-h'], [{ key: 'target', argument: '-h' }], []],
    [['-v', 'dbg'], [{ key: 'verbose', argument: undefined }], ['dbg']],
    [
      ['-vdbg', '--verbose', '--verb=x'],
      [
        { key: 'verbose', argument: 'dbg' },
        { key: 'verbose', argument: undefined },
        { key: 'verbose', argument: 'x' },
      ],
      [],
    ],
    [
      ['-hv'],
      [
        { key: 'help', argument: undefined },
        { key: 'verbose', argument: undefined },
      ],
      [],
    ],
    [['a', '-h', 'b', '--', '-h'], [{ key: 'help', argument: undefined }], ['a', 'b', '-h']],
    [['-', '--no-s'], [{ key: 'quiet', argument: undefined }], ['-']],
  ])('%j is read', (args, options, rest) => {
    expect(readOptions(args, defs)).toEqual({ options, rest });
  });

  test.each([
    [['--foo=1'], "unrecognized option '--foo=1'"],
    [['--t'], "option '--t' is ambiguous; possibilities: '--target' '--timeout'"],
    [['-Z'], "invalid option -- 'Z'"],
    [['--help=3'], "option '--help' doesn't allow an argument"],
    [['--target'], "option '--target' requires an argument"],
    [['-t'], "option requires an argument -- 't'"],
  ])('%j is refused in the words of the C library', (args, message) => {
    expect(() => readOptions(args, defs)).toThrow(new UsageError(message));
  });

  test('options end at the first other argument where a command follows', () => {
    expect(readOptions(['-h', 'cmd', '-h', '--x'], defs, { isOrdered: true })).toEqual({
      options: [{ key: 'help', argument: undefined }],
      rest: ['cmd', '-h', '--x'],
    });
  });

  test('the last of several uses counts', () => {
    const line = read('-ta', '-h', '-tb');
    expect([lastArgument(line, 'target'), lastArgument(line, 'timeout')]).toEqual(['b', undefined]);
    expect([isUsed(line, 'help'), isUsed(line, 'dry-run')]).toEqual([true, false]);
  });

  test('random command lines are read or refused', () => {
    const word = fc.constantFrom(
      '-',
      '--',
      '--t',
      '--target',
      '-tv',
      '=',
      '--=',
      '-h',
      'x',
      '',
      '--verbose=',
      '-é',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string())), (args) => {
        try {
          const { options, rest } = readOptions(args, defs);
          expect(options.length + rest.length).toBeLessThanOrEqual(args.join('').length + args.length);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
    );
  });
});
