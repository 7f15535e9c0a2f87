import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from './clock.ts';
import { LimitedSite, type LogRecord, logger, logRegistry } from './log.ts';
import { ms } from './units.ts';

let said: LogRecord[] = [];
let clock = new FakeClock();
const log = logger('test_module');
const texts = (): string[] => said.map((record) => record.text);

beforeEach(() => {
  said = [];
  clock = new FakeClock();
  logRegistry.setClock(clock);
  logRegistry.setSink('file', { write: (record) => said.push(record) });
});
afterEach(() => {
  logRegistry.setSink('file', undefined);
  logRegistry.setLevel('info', undefined);
  logRegistry.setRateLimited(true);
});

test('a message reaches a sink when its level is at least as severe as the threshold', () => {
  log.dbg('quiet');
  log.info('said');
  logRegistry.setLevel('dbg', 'file', 'test_module');
  log.dbg(() => 'now said');
  logRegistry.setLevel('off', 'file');
  log.emer('off');
  expect(texts()).toEqual(['said', 'now said']);
  expect(log.isEnabled('emer')).toBe(false);
});

test('each record carries module, level, both times and a number that counts on', () => {
  clock.advance(ms(5));
  log.warn('a');
  log.err('b');
  const [a, b] = said;
  expect(a).toMatchObject({
    module: 'test_module',
    level: 'warn',
    wall: Date.UTC(2026, 0, 1) + 5,
    monotonic: 5,
    subprogram: '',
  });
  expect(b?.number).toBe((a?.number ?? 0) + 1);
});

test('a limited site lets its burst through and later says how many it dropped', () => {
  const site = new LimitedSite({ perMinute: 60, burst: 2 });
  for (let i = 0; i < 5; i++) log.limited('warn', site, `m${i}`);
  expect(texts()).toEqual(['m0', 'm1']);
  clock.advance(ms(3000));
  log.limited('warn', site, () => 'm5');
  expect(texts().slice(2)).toEqual([
    'Dropped 3 log messages in last 3 seconds (most recently, 3 seconds ago) due to excessive rate',
    'm5',
  ]);
});

test('a limit can be taken off a module', () => {
  const site = new LimitedSite({ perMinute: 1, burst: 1 });
  logRegistry.setRateLimited(false, 'test_module');
  for (let i = 0; i < 5; i++) log.limited('info', site, 'again');
  expect(said.length).toBe(5);
});

test('the level of all modules is what later modules start with', () => {
  logRegistry.setLevel('warn', 'syslog');
  logger('test_later');
  expect(logRegistry.levelOf('test_later', 'syslog')).toBe('warn');
  expect(logRegistry.setLevel('warn', 'syslog', 'test_never')).toBe(false);
  expect(logRegistry.modules()).toContain('test_later');
});
