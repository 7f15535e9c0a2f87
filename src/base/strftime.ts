/**
 * strftime(3) in the C locale, with one extension of the log patterns: a run of "#" is the fraction of the second.
 * Used by the log patterns. Knows UTC and the local zone.
 */

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

/** A point in time taken apart, in one zone. */
interface Parts {
  readonly year: number;
  /** From 0. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  /** Sunday is 0. */
  readonly weekday: number;
  /** From 1. */
  readonly yearday: number;
  readonly offsetMinutes: number;
  readonly epoch: number;
}

/** `wall` is milliseconds since 1970. Unknown conversions are copied as they are. */
export function strftime(template: string, wall: number, zone: 'utc' | 'local'): string {
  const offset = zone === 'utc' ? 0 : -new Date(wall).getTimezoneOffset();
  return expand(template, takeApart(wall, offset), zone);
}

function expand(template: string, t: Parts, zone: 'utc' | 'local'): string {
  return template.replace(/#+|%[EO_0^-]?(.)/g, (found, letter: string | undefined) => {
    if (letter === undefined)
      return String(t.millisecond).padStart(3, '0').padEnd(found.length, '0').slice(0, found.length);
    return conversions[letter]?.(t, zone) ?? found;
  });
}

const two = (value: number): string => String(value).padStart(2, '0');
const blank = (value: number): string => String(value).padStart(2, ' ');
const hour12 = (t: Parts): number => t.hour % 12 || 12;

const conversions: Readonly<Record<string, (t: Parts, zone: 'utc' | 'local') => string>> = {
  a: (t) => (days[t.weekday] ?? '').slice(0, 3),
  A: (t) => days[t.weekday] ?? '',
  b: (t) => (months[t.month] ?? '').slice(0, 3),
  B: (t) => months[t.month] ?? '',
  c: (t, zone) => expand('%a %b %e %H:%M:%S %Y', t, zone),
  C: (t) => two(Math.floor(t.year / 100)),
  d: (t) => two(t.day),
  D: (t, zone) => expand('%m/%d/%y', t, zone),
  e: (t) => blank(t.day),
  F: (t, zone) => expand('%Y-%m-%d', t, zone),
  h: (t) => (months[t.month] ?? '').slice(0, 3),
  H: (t) => two(t.hour),
  I: (t) => two(hour12(t)),
  j: (t) => String(t.yearday).padStart(3, '0'),
  k: (t) => blank(t.hour),
  l: (t) => blank(hour12(t)),
  m: (t) => two(t.month + 1),
  M: (t) => two(t.minute),
  n: () => '\n',
  p: (t) => (t.hour < 12 ? 'AM' : 'PM'),
  P: (t) => (t.hour < 12 ? 'am' : 'pm'),
  r: (t, zone) => expand('%I:%M:%S %p', t, zone),
  R: (t, zone) => expand('%H:%M', t, zone),
  s: (t) => String(t.epoch),
  S: (t) => two(t.second),
  t: () => '\t',
  T: (t, zone) => expand('%H:%M:%S', t, zone),
  u: (t) => String(t.weekday || 7),
  U: (t) => two(Math.floor((t.yearday + 6 - t.weekday) / 7)),
  w: (t) => String(t.weekday),
  W: (t) => two(Math.floor((t.yearday + 6 - ((t.weekday + 6) % 7)) / 7)),
  x: (t, zone) => expand('%m/%d/%y', t, zone),
  X: (t, zone) => expand('%H:%M:%S', t, zone),
  y: (t) => two(t.year % 100),
  Y: (t) => String(t.year),
  z: (t) =>
    `${t.offsetMinutes < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(t.offsetMinutes) / 60))}${two(Math.abs(t.offsetMinutes) % 60)}`,
  Z: (t, zone) =>
    zone === 'utc' || t.offsetMinutes === 0 ? (zone === 'utc' ? 'GMT' : 'UTC') : expand('%z', t, zone),
  '%': () => '%',
};

function takeApart(wall: number, offsetMinutes: number): Parts {
  const shifted = new Date(wall + offsetMinutes * 60_000);
  const year = shifted.getUTCFullYear();
  return {
    year,
    month: shifted.getUTCMonth(),
    day: shifted.getUTCDate(),
    hour: shifted.getUTCHours(),
    minute: shifted.getUTCMinutes(),
    second: shifted.getUTCSeconds(),
    millisecond: shifted.getUTCMilliseconds(),
    weekday: shifted.getUTCDay(),
    yearday: Math.floor((shifted.getTime() - Date.UTC(year, 0, 1)) / 86_400_000) + 1,
    offsetMinutes,
    epoch: Math.floor(wall / 1000),
  };
}
