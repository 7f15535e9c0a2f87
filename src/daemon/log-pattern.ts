/**
 * Log patterns: how a record becomes a line, e.g. "%D{%H:%M:%S}|%05N|%c%T|%p|%m". Pure; used by `log-control.ts`.
 * The conversions are those of ovs-appctl(8), "vlog/set PATTERN".
 */
import type { LogRecord } from '../base/log.ts';
import { strftime } from '../base/strftime.ts';
import { byteLength } from '../base/text.ts';
import type { Ms } from '../base/units.ts';

/** What is the same for all messages of a process. */
export interface LogContext {
  readonly program: string;
  readonly hostname: string;
  readonly pid: number;
  readonly started: Ms;
  /** Syslog facility number. */
  readonly facility: number;
}

/** Syslog severities of the levels ("off" is never logged): alert, error, warning, notice, debug. */
const severities: Readonly<Record<LogRecord['level'], number>> = {
  emer: 1,
  err: 3,
  warn: 4,
  info: 5,
  dbg: 7,
};

/** Never fails: what is no conversion stands for itself. */
export function formatRecord(pattern: string, record: LogRecord, context: LogContext): string {
  return pattern.replace(
    /%(-?)(0?)([0-9]{0,4})(?:([dD])\{([^}]*)\}|(.|$))/gs,
    (
      _,
      left: string,
      zero: string,
      width: string,
      date: string | undefined,
      template: string,
      letter: string,
    ) => {
      const text = date === undefined ? convert(letter, record, context) : formatDate(date, template, record);
      const padding = (zero === '' ? ' ' : '0').repeat(Math.max(0, Number(width) - byteLength(text)));
      return left !== '' ? text + padding : padding + text;
    },
  );
}

const isoTime = '%Y-%m-%d %H:%M:%S.###';

function formatDate(letter: string, template: string, record: LogRecord): string {
  return strftime(template, record.wall, letter === 'D' ? 'utc' : 'local');
}

function convert(letter: string, record: LogRecord, context: LogContext): string {
  switch (letter) {
    case 'A':
      return context.program;
    case 'B':
      return String(context.facility * 8 + severities[record.level]);
    case 'c':
      return record.module;
    case 'd':
    case 'D':
      return formatDate(letter, isoTime, record);
    case 'E':
      return context.hostname;
    case 'm':
      return record.text;
    case 'N':
      return String(record.number);
    case 'n':
      return '\n';
    case 'p':
      return record.level.toUpperCase();
    case 'P':
      return String(context.pid);
    case 'r':
      return String(Math.trunc(record.monotonic - context.started));
    case 't':
      return record.subprogram === '' ? 'main' : record.subprogram;
    case 'T':
      return record.subprogram === '' ? '' : `(${record.subprogram})`;
    default:
      return letter;
  }
}
