/**
 * What the log says about a connection that is kept up, in the reference's words: attempts, failures, waits. A peer
 * that stays away is told about until the waits are as long as they get. Used by `reconnect.ts` and OVSDB clients.
 */
import { SyscallFailed } from '../base/errors.ts';
import { logger } from '../base/log.ts';
import type { Ms } from '../base/units.ts';

const log = logger('reconnect');

export class ConnectionLog {
  readonly #minBackoff: number;
  readonly #maxBackoff: number;
  #isQuiet = false;

  constructor(backoff: { readonly min: Ms | undefined; readonly max: Ms | undefined }) {
    this.#minBackoff = backoff.min ?? defaultBackoff.min;
    this.#maxBackoff = backoff.max ?? defaultBackoff.max;
  }

  connecting(peer: string): void {
    if (!this.#isQuiet) log.info(`${peer}: connecting...`);
  }

  connected(peer: string): void {
    log.info(`${peer}: connected`);
    this.#isQuiet = false;
  }

  /** An attempt came to nothing; `why` is empty when it took too long. */
  failed(peer: string, why: string): void {
    if (this.#isQuiet) return;
    log.info(`${peer}: connection attempt ${why === '' ? 'timed out' : `failed (${why})`}`);
  }

  /** `why` is empty when the peer ended it in order. */
  ended(peer: string, why: string): void {
    if (why === '') log.info(`${peer}: connection closed by peer`);
    else log.warn(`${peer}: connection dropped (${why})`);
  }

  /** The next attempt comes after `delay`; the shortest wait is not worth a line. */
  waits(peer: string, delay: number): void {
    if (this.#isQuiet || delay <= this.#minBackoff) return;
    if (delay < this.#maxBackoff) {
      log.info(`${peer}: waiting ${formatSeconds(delay / 1000)} seconds before reconnect`);
    } else {
      log.info(`${peer}: continuing to reconnect in the background but suppressing further logging`);
      this.#isQuiet = true;
    }
  }
}

/** Milliseconds between attempts: the first, and the longest after doubling. */
export const defaultBackoff = { min: 1000, max: 8000 } as const;

/** Why a connection failed, without what is said about it anyway. */
export function reasonOf(why: Error | undefined): string {
  if (why === undefined) return '';
  return why instanceof SyscallFailed ? why.reason : why.message;
}

export function formatSeconds(seconds: number): string {
  return String(Number(seconds.toPrecision(6)));
}
