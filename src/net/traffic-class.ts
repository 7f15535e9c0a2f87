/**
 * Marks what a program sends, so that networks may treat control traffic better. ovsdb-server(5), "other_config :
 * dscp".
 */
import type { Server, Socket } from 'node:net';
import { SyscallFailed } from '../base/errors.ts';
import { logger } from '../base/log.ts';
import { setDscp } from '../sys/calls/traffic-class.ts';

const log = logger('socket_util');

/** A connection without the mark is better than none. */
export function markTraffic(socket: Socket | Server, dscp: number | undefined): void {
  if (dscp === undefined) return;
  try {
    setDscp(socket, dscp);
  } catch (error) {
    if (!(error instanceof SyscallFailed)) throw error;
    log.err(`set_dscp: ${error.reason}`);
  }
}
