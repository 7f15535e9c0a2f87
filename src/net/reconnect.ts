/**
 * When to connect, to probe and to give up: the state machine behind a connection that is kept up. Exponential
 * back-off between attempts, an echo after silence, an end when the echo is not answered. Knows no sockets and no
 * timers; ovsdb(7) and the Controller table's `max_backoff` and `inactivity_probe` describe it.
 * Used by `src/rpc/session.ts`.
 */
import { logger } from '../base/log.ts';
import { type Ms, ms } from '../base/units.ts';
import { ConnectionLog, defaultBackoff, formatSeconds } from './connection-log.ts';

export interface ReconnectOptions {
  /** The remote, for the log. */
  readonly name: string;
  /** First delay after a failure; doubles up to `maxBackoff`. `defaultBackoff` when absent. */
  readonly minBackoff?: Ms;
  readonly maxBackoff?: Ms;
  /** Silence after which the peer is asked for a sign of life; 0 for never. 5 s when absent. */
  readonly probeInterval?: Ms;
  /** Without, the first failure is the end: for peers that connected to us. */
  readonly isPersistent?: boolean;
}

export type ReconnectState = 'void' | 'backoff' | 'connecting' | 'active' | 'idle';
/** What the owner is to do now. */
export type ReconnectAction = 'connect' | 'disconnect' | 'probe';

const log = logger('reconnect');

export class Reconnect {
  readonly #options: ReconnectOptions;
  #state: ReconnectState = 'void';
  #enteredAt = ms(0);
  #backoff = 0;
  #lastActivity = ms(0);
  #connectedAt: Ms | undefined;
  readonly #log: ConnectionLog;
  #probeInterval: number;

  constructor(options: ReconnectOptions) {
    this.#options = options;
    this.#log = new ConnectionLog({ min: options.minBackoff, max: options.maxBackoff });
    this.#probeInterval = options.probeInterval ?? 5000;
  }

  get state(): ReconnectState {
    return this.#state;
  }

  get isConnected(): boolean {
    return this.#state === 'active' || this.#state === 'idle';
  }

  setProbeInterval(interval: Ms): void {
    this.#probeInterval = interval;
  }

  /** Starts to connect. */
  enable(now: Ms): void {
    if (this.#state !== 'void') return;
    this.#backoff = 0;
    this.#enter('backoff', now);
  }

  /** Stops for good; the owner closes what is open. */
  disable(now: Ms): void {
    this.#enter('void', now);
  }

  /** What is due at `now`; undefined for nothing. */
  run(now: Ms): ReconnectAction | undefined {
    if (now < this.nextDue()) return undefined;
    switch (this.#state) {
      case 'void':
        return undefined;
      case 'backoff':
        return 'connect';
      case 'connecting':
        return 'disconnect';
      case 'active':
        log.dbg(`${this.#options.name}: idle ${now - this.#lastActivity} ms, sending inactivity probe`);
        this.#enter('idle', now);
        return 'probe';
      case 'idle': {
        const seconds = (now - this.#enteredAt) / 1000;
        const text = `no response to inactivity probe after ${formatSeconds(seconds)} seconds, disconnecting`;
        log.err(`${this.#options.name}: ${text}`);
        return 'disconnect';
      }
    }
  }

  /** When `run` is to be called next; Infinity for never. */
  nextDue(): Ms {
    switch (this.#state) {
      case 'void':
        return never;
      case 'backoff':
        return ms(this.#enteredAt + this.#backoff);
      case 'connecting':
        return ms(this.#enteredAt + Math.max(1000, this.#backoff));
      case 'active':
        return this.#probeInterval === 0 ? never : ms(this.#lastActivity + this.#probeInterval);
      case 'idle':
        return this.#probeInterval === 0 ? never : ms(this.#enteredAt + this.#probeInterval);
    }
  }

  /** The owner has started an attempt. */
  connecting(now: Ms): void {
    this.#log.connecting(this.#options.name);
    this.#enter('connecting', now);
  }

  connected(now: Ms): void {
    this.#log.connected(this.#options.name);
    this.#connectedAt = now;
    this.#lastActivity = now;
    this.#enter('active', now);
  }

  /** Something came from the peer. */
  activity(now: Ms): void {
    this.#lastActivity = now;
    if (this.#state === 'idle') this.#enter('active', now);
  }

  /** The attempt failed or the connection ended; `why` is empty for an orderly end by the peer. */
  disconnected(now: Ms, why: string): void {
    if (this.#state === 'void') return;
    const wasConnected = this.isConnected;
    const { name } = this.#options;
    if (wasConnected) this.#log.ended(name, why);
    else this.#log.failed(name, why);
    if (this.#options.isPersistent === false) {
      this.#enter('void', now);
      return;
    }
    this.#backoff = this.#nextBackoff(now, wasConnected);
    this.#log.waits(name, this.#backoff);
    this.#enter('backoff', now);
  }

  /** A connection that lasted as long as the back-off starts afresh; a short one counts as another failure. */
  #nextBackoff(now: Ms, wasConnected: boolean): number {
    const { minBackoff = defaultBackoff.min, maxBackoff = defaultBackoff.max } = this.#options;
    const lasted = this.#connectedAt === undefined ? 0 : now - this.#connectedAt;
    if (wasConnected && lasted >= this.#backoff) return minBackoff;
    return Math.min(maxBackoff, Math.max(minBackoff, this.#backoff * 2));
  }

  #enter(state: ReconnectState, now: Ms): void {
    this.#state = state;
    this.#enteredAt = now;
  }
}

const never = ms(Number.POSITIVE_INFINITY);
