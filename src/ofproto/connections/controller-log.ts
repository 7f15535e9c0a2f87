/** What the log says of a controller that is connected to, in the words that the reference has for OpenFlow. */
import { logger } from '../../base/log.ts';
import { endOfFile, inSeconds, type ReconnectEvent } from '../../net/connection-log.ts';

const log = logger('rconn');

interface Line {
  readonly level: 'dbg' | 'info' | 'warn' | 'err';
  readonly text: string;
}

/** `isUp`: what was tried did not fail at once. With `isQuiet` it has failed for long. */
export function logController(name: string, event: ReconnectEvent, isUp: boolean, isQuiet: boolean): void {
  const line = lineOf(event, isUp);
  if (line === undefined || (isQuiet && isOfAttempt(event))) return;
  log[line.level](`${name}: ${line.text}`);
}

function isOfAttempt(event: ReconnectEvent): boolean {
  if (event.what === 'failed') return event.why === undefined;
  return event.what === 'connecting' || event.what === 'continuing';
}

function lineOf(event: ReconnectEvent, isUp: boolean): Line | undefined {
  switch (event.what) {
    case 'connecting':
      return { level: 'info', text: 'connecting...' };
    case 'connected':
      return { level: 'info', text: 'connected' };
    case 'failed':
      if (event.why === undefined) return { level: 'info', text: 'connection timed out' };
      return { level: 'warn', text: `connection ${isUp ? 'dropped' : 'failed'} (${event.why})` };
    case 'ended':
      if (event.why === undefined) return { level: 'info', text: 'disconnecting' };
      if (event.why === endOfFile) return { level: 'info', text: 'connection closed by peer' };
      return { level: 'warn', text: `connection dropped (${event.why})` };
    case 'waiting':
      return { level: 'info', text: `waiting ${inSeconds(event.delay)} seconds before reconnect` };
    case 'continuing':
      return {
        level: 'info',
        text: 'continuing to retry connections in the background but suppressing further logging',
      };
    case 'probing':
      return { level: 'dbg', text: `idle ${inSeconds(event.silence)} seconds, sending inactivity probe` };
    case 'unanswered': {
      const seconds = inSeconds(event.silence);
      return {
        level: 'err',
        text: `no response to inactivity probe after ${seconds} seconds, disconnecting`,
      };
    }
    case 'listening':
      return undefined; // for somebody who is connected to
  }
}
