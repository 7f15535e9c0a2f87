import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogRecord } from '../base/log.ts';
import { strftime } from '../base/strftime.ts';
import { ms } from '../base/units.ts';
import { formatRecord } from './log-pattern.ts';

const wall = Date.UTC(2026, 10, 2, 3, 4, 5, 678);
const record: LogRecord = {
  module: 'bridge',
  level: 'info',
  text: 'said',
  wall,
  monotonic: ms(28_784.5),
  number: 42,
  subprogram: '',
};
const context = { program: 'ovs-vswitchd', hostname: 'vm', pid: 7, started: ms(100), facility: 16 };

describe('log patterns', () => {
  test.each([
    ['%D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m', '2026-11-02T03:04:05.678Z|00042|bridge|INFO|said'],
    ['%D', '2026-11-02 03:04:05.678'],
    ['<%B>1 %A %E %P', '<133>1 ovs-vswitchd vm 7'],
    ['[%-10c][%010c][%4m][%2m]', '[bridge    ][0000bridge][said][said]'],
    ['%20r|%-5N|', '               28684|42   |'],
    ['%t%T%n%%', 'main\n%'],
    ['%Z%q{abc}%-3', 'Zq{abc}   '],
  ])('%s gives %s', (pattern, line) => {
    expect(formatRecord(pattern, record, context)).toBe(line);
  });

  test('setting the wall clock does not change the time since the start', () => {
    const later = { ...record, wall: wall - 3_600_000, monotonic: ms(record.monotonic + 1000) };
    expect(formatRecord('%D{%T} %r', later, context)).toBe('02:04:05 29684');
  });

  test('a helper process is named', () => {
    expect(formatRecord('%t %T', { ...record, subprogram: 'monitor' }, context)).toBe('monitor (monitor)');
  });

  test('fields are as wide as their bytes', () => {
    expect(formatRecord('[%6m][%-06m][%2m]', { ...record, text: 'é\udce9' }, context)).toBe(
      '[   é\udce9][é\udce9000][é\udce9]',
    );
  });

  test('any text is a pattern', () => {
    fc.assert(
      fc.property(fc.string(), (pattern) => typeof formatRecord(pattern, record, context) === 'string'),
    );
    const piece = fc.constantFrom('%', '-', '0', '9', 'D', '{', '}', 'm', '#');
    fc.assert(
      fc.property(
        fc.array(piece),
        (pieces) => typeof formatRecord(pieces.join(''), record, context) === 'string',
      ),
    );
  });
});

describe('strftime', () => {
  test.each([
    ['%h %e %T', 'Nov  2 03:04:05'],
    ['%a %A %b %B', 'Mon Monday Nov November'],
    ['%j %u %w %U %W %y %C', '306 1 1 44 44 26 20'],
    ['%I:%M %p %l %k %P', '03:04 AM  3  3 am'],
    ['%s %z %Z', '1793588645 +0000 GMT'],
    ['%F %R %D %x %X %r', '2026-11-02 03:04 11/02/26 11/02/26 03:04:05 03:04:05 AM'],
    ['%c', 'Mon Nov  2 03:04:05 2026'],
    ['# ## ### ##### %% %t%n', '6 67 678 67800 % \t\n'],
    ['%Q', '%Q'],
  ])('%s gives %s', (template, text) => {
    expect(strftime(template, wall, 'utc')).toBe(text);
  });

  test('local time agrees with the language', () => {
    const hour = String(new Date(wall).getHours()).padStart(2, '0');
    expect(strftime('%H', wall, 'local')).toBe(hour);
  });
});
