/**
 * What the log says about a connection that is kept up, in the words that the reference has for OVSDB. Used by
 * `reconnect.ts`; a protocol with words of its own gives it another function.
 */
import { errnos, strerror } from '../base/errno.ts';
import { Malformed, SyscallFailed } from '../base/errors.ts';
import { LimitedSite, logger } from '../base/log.ts';

/** Durations in milliseconds. `why` is undefined when it took too long, or when we ended it. */
export type ReconnectEvent =
  | { readonly what: 'connecting' | 'listening' | 'connected' }
  | { readonly what: 'failed'; readonly isPassive: boolean; readonly why: string | undefined }
  | { readonly what: 'ended'; readonly why: string | undefined }
  /** `isFirst`: the delay is the shortest one. */
  | {
      readonly what: 'waiting';
      readonly isPassive: boolean;
      readonly delay: number;
      readonly isFirst: boolean;
    }
  | { readonly what: 'continuing'; readonly isPassive: boolean }
  | { readonly what: 'probing' | 'unanswered'; readonly silence: number };

const log = logger('reconnect');
const brokenVisits = new LimitedSite();
const ofAttempts: ReadonlySet<ReconnectEvent['what']> = new Set(['connecting', 'failed', 'continuing']);

/** Why a connection ended that the peer has closed in order. */
export const endOfFile = 'End of file';

/** With `isQuiet` the delays between attempts have become as long as they get: attempts are not told of any more. */
export function logConnection(name: string, event: ReconnectEvent, isQuiet: boolean): void {
  if ((isQuiet && ofAttempts.has(event.what)) || (event.what === 'waiting' && event.isFirst)) return;
  const { level, text } = describe(event);
  log[level](`${name}: ${text}`);
}

/** For peers that connect to us, which come and go all the time, and any number of which may break off. */
export function logVisit(name: string, event: ReconnectEvent): void {
  const { level, text } = describe(event);
  if (level === 'warn') log.limited(level, brokenVisits, `${name}: ${text}`);
  else log[level === 'info' ? 'dbg' : level](`${name}: ${text}`);
}

function describe(event: ReconnectEvent): {
  level: 'err' | 'warn' | 'info' | 'dbg';
  text: string;
} {
  switch (event.what) {
    case 'connecting':
    case 'listening':
      return { level: 'info', text: `${event.what}...` };
    case 'connected':
      return { level: 'info', text: 'connected' };
    case 'failed': {
      const attempt = `${event.isPassive ? 'listen' : 'connection'} attempt`;
      const text = event.why === undefined ? `${attempt} timed out` : `${attempt} failed (${event.why})`;
      return { level: 'info', text };
    }
    case 'ended':
      if (event.why === undefined) return { level: 'info', text: 'connection dropped' };
      if (event.why === endOfFile) return { level: 'info', text: 'connection closed by peer' };
      return { level: 'warn', text: `connection dropped (${event.why})` };
    case 'waiting': {
      const what = event.isPassive ? 'trying to listen again' : 'reconnect';
      return { level: 'info', text: `waiting ${inSeconds(event.delay)} seconds before ${what}` };
    }
    case 'continuing': {
      const what = event.isPassive ? 'try to listen' : 'reconnect';
      return {
        level: 'info',
        text: `continuing to ${what} in the background but suppressing further logging`,
      };
    }
    case 'probing':
      return { level: 'dbg', text: `idle ${event.silence} ms, sending inactivity probe` };
    case 'unanswered': {
      const seconds = inSeconds(event.silence);
      return {
        level: 'err',
        text: `no response to inactivity probe after ${seconds} seconds, disconnecting`,
      };
    }
  }
}

/** Why a connection failed, without what is said about it anyway. */
export function connectionReason(why: Error): string {
  if (why instanceof Malformed) return strerror(errnos.EPROTO);
  return why instanceof SyscallFailed ? why.reason : why.message;
}

/** As printf's %.3g has it. */
export function inSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 1000) return String(Number(seconds.toPrecision(3)));
  const [digits = '', exponent = ''] = seconds.toExponential(2).split('e+');
  return `${Number(digits)}e+${exponent.padStart(2, '0')}`;
}
