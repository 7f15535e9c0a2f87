import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Refused } from '../base/errors.ts';
import { logger, logRegistry } from '../base/log.ts';
import { ms } from '../base/units.ts';
import { LogControl } from './log-control.ts';

const log = logger('test_log');
let folder = '';
let control = makeControl();

function makeControl(): LogControl {
  return new LogControl({ program: 'prog', hostname: 'vm', pid: 1, started: ms(0), facility: 0 });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-'));
  control = makeControl();
  logRegistry.setLevel('info', undefined);
  control.leaveConsole();
});
afterEach(() => {
  control.closeFile();
  rmSync(folder, { recursive: true });
});

const levels = () =>
  (['console', 'syslog', 'file'] as const).map((to) => logRegistry.levelOf('test_log', to));

describe('level settings', () => {
  test.each([
    ['test_log:file:dbg', ['off', 'info', 'dbg']],
    ['TEST-LOG,DBG console', ['dbg', 'info', 'info']],
    ['syslog:err', ['off', 'err', 'info']],
    ['any:any:warn', ['warn', 'warn', 'warn']],
    ['off', ['off', 'off', 'off']],
    ['', ['dbg', 'dbg', 'dbg']],
    ['test_log', ['dbg', 'dbg', 'dbg']],
  ])('%s', (spec, expected) => {
    control.set(spec);
    expect(levels()).toEqual(expected);
  });

  test.each([
    ['foo:bar', 'no destination, level, or module "foo"'],
    ['dbg,info', 'cannot specify multiple levels'],
    ['file:console:dbg', 'cannot specify multiple destinations'],
    ['test_log:vlog', 'cannot specify multiple modules'],
    ['pattern', 'missing destination'],
    ['PATTERN:nowhere:x', 'unknown destination "nowhere"'],
    ['FACILITY:foo', 'invalid facility'],
    ['facility', 'invalid facility'],
  ])('%s is refused', (spec, why) => {
    expect(() => control.set(spec)).toThrow(why);
  });

  test('a module that only the reference has is accepted', () => {
    control.set('dpif_netlink_rtnl:off');
    expect(logRegistry.levelOf('dpif_netlink_rtnl', 'file')).toBe('off');
  });

  test('random settings are taken or refused', () => {
    const word = fc.constantFrom(
      'file',
      'dbg',
      'PATTERN',
      ':',
      ',',
      ' ',
      'test_log',
      'facility',
      'any',
      'x',
      '%m',
    );
    fc.assert(
      fc.property(fc.array(word), (words) => {
        try {
          control.set(words.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(Refused);
        }
      }),
    );
  });
});

describe('the log file', () => {
  test('is appended to, closed and opened again for rotation', () => {
    const path = join(folder, 'log');
    control.set('PATTERN:file:%p %m');
    control.openFile(path);
    log.info('one');
    renameSync(path, `${path}.1`);
    log.info('two');
    control.reopenFile();
    log.info('three');
    control.closeFile();
    log.info('nowhere');
    control.reopenFile();
    expect(readFileSync(`${path}.1`, 'utf8')).toBe(
      `INFO opened log file ${path}\nINFO one\nINFO two\nINFO closing log file\n`,
    );
    expect(readFileSync(path, 'utf8')).toBe(
      `INFO opened log file ${path}\nINFO three\nINFO opened log file ${path}\n`,
    );
  });

  test('that was never named cannot be opened again', () => {
    expect(control.reopenFile()).toBe('Logging to file not configured');
  });

  test('that cannot be opened is not fatal, and was not named', () => {
    expect(control.openFile(join(folder, 'none', 'log'))).toBe('No such file or directory');
    log.info('lost');
    expect(control.reopenFile()).toBe('Logging to file not configured');
  });

  test('is left alone when it was not rotated', () => {
    const path = join(folder, 'log');
    control.set('PATTERN:file:%m');
    control.openFile(path);
    expect(control.reopenFile()).toBeUndefined();
    expect(readFileSync(path, 'utf8')).toBe(`opened log file ${path}\n`);
  });

  test('stays in use when the one of its name cannot be opened, until it can', () => {
    const [there, away] = [join(folder, 'there'), join(folder, 'away')];
    mkdirSync(there);
    control.set('PATTERN:file:%m');
    control.openFile(join(there, 'log'));
    renameSync(there, away);
    expect(control.reopenFile()).toBe('No such file or directory');
    writeFileSync(there, 'a file in the place of the folder');
    expect(control.reopenFile()).toBe('Not a directory');
    rmSync(there);
    mkdirSync(join(there, 'log'), { recursive: true });
    expect(control.reopenFile()).toBe('Is a directory');
    rmSync(there, { recursive: true });
    mkdirSync(there);
    expect(control.reopenFile()).toBeUndefined();
    const opened = `opened log file ${join(there, 'log')}\n`;
    const failed = `failed to open ${join(there, 'log')} for logging: `;
    const reasons = ['No such file or directory', 'Not a directory', 'Is a directory'];
    expect(readFileSync(join(away, 'log'), 'utf8')).toBe(
      `${opened}${reasons.map((why) => `${failed}${why}\n`).join('')}closing log file\n`,
    );
    expect(readFileSync(join(there, 'log'), 'utf8')).toBe(opened);
  });

  test('of a helper process is found by its name for each message, and kept open for none', () => {
    const path = join(folder, 'quiet');
    control.openFileForEachMessage(path);
    expect(existsSync(path)).toBe(false);
    control.set('PATTERN:file:%m');
    log.info('one');
    renameSync(path, `${path}.1`);
    log.info('two');
    expect([`${path}.1`, path].map((file) => readFileSync(file, 'utf8'))).toEqual(['one\n', 'two\n']);
    rmSync(path);
    mkdirSync(path);
    log.info('lost');
    rmSync(path, { recursive: true });
    log.info('three');
    expect(readFileSync(path, 'utf8')).toBe('three\n');
    const open = readdirSync('/proc/self/fd').map((fd) => readlinkOrNothing(`/proc/self/fd/${fd}`));
    expect(open.filter((name) => name.startsWith(folder))).toEqual([]);
  });
});

/** Other code of this process may close a descriptor meanwhile. */
function readlinkOrNothing(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

test('the facility shows in the syslog priority', () => {
  const path = join(folder, 'log');
  control.set('PATTERN:file:<%B>');
  control.openFile(path);
  control.set('FACILITY:daemon');
  log.info('x');
  control.set('facility:local7');
  log.dbg('not shown');
  log.err('x');
  expect(readFileSync(path, 'utf8')).toBe('<133>\n<29>\n<187>\n');
});

test('the tables look as those of the reference', () => {
  const rows = control.formatLevels().split('\n');
  expect(rows.slice(0, 2)).toEqual([
    '                 console    syslog    file',
    '                 -------    ------    ------',
  ]);
  expect(rows).toContain('test_log           OFF       INFO       INFO');
  logRegistry.setRateLimited(false, 'test_log');
  expect(control.formatLevels()).toContain(
    'test_log           OFF       INFO       INFO    (rate limiting disabled)\n',
  );
  expect(control.formatPatterns()).toBe(
    [
      '         prefix                            format',
      '         ------                            ------',
      'SYSLOG   <%B> %D{%h %e %T} %E %A:          ovs|%05N|%c%T|%p|%m',
      'CONSOLE  none                              %D{%Y-%m-%dT%H:%M:%SZ}|%05N|%c%T|%p|%m',
      'FILE     none                              %D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m',
      '',
    ].join('\n'),
  );
});

test('an unknown way to syslog is refused', () => {
  expect(() => control.setSyslogMethod('foo')).toThrow("unsupported syslog method 'foo'");
  expect(() => control.setSyslogTarget('nohost')).toThrow('bad syslog target');
});
