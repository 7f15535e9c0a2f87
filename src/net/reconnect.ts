/**
 * When to connect, to probe and to give up: the state machine behind a connection that is kept up. Exponential
 * back-off between attempts, a probe after silence, an end when the probe is not answered. Knows no sockets, no timers
 * and no messages; ovsdb(7) and the Controller table's `max_backoff` and `inactivity_probe` describe it.
 * Driven by `reliable-connection.ts`.
 */
import { type Ms, ms } from '../base/units.ts';
import { logConnection, type ReconnectEvent } from './connection-log.ts';

export interface ReconnectOptions {
  /** First delay after a failure, doubled after each further one up to `maxBackoff`. 1 s and 8 s when absent. */
  readonly minBackoff?: Ms | undefined;
  readonly maxBackoff?: Ms | undefined;
  /** Silence after which the peer is asked for a sign of life; 0 for never. 5 s when absent. */
  readonly probeInterval?: Ms | undefined;
  /** Attempts that are made in all; unlimited when absent. 0 for a peer that connected to us. */
  readonly maxTries?: number | undefined;
  /** So many attempts are made without a delay between them: the number of remotes. 1 when absent. */
  readonly freeTries?: number | undefined;
  /** An attempt gets a second, or as long as the delay before it. False: as long as it takes. */
  readonly limitsAttempts?: boolean | undefined;
  /** Puts what happens into the log; in the words of OVSDB connections when absent. */
  readonly report?: ((name: string, event: ReconnectEvent, isQuiet: boolean) => void) | undefined;
  /** A connection lasts until it ends, and not until something was last heard over it. */
  readonly countsSilence?: boolean | undefined;
}

export type ReconnectState =
  | 'void'
  | 'backoff'
  | 'connecting'
  | 'listening'
  | 'active'
  | 'idle'
  | 'reconnect';
/** What the owner is to do now. */
export type ReconnectAction = 'connect' | 'disconnect' | 'probe';

const shortestAttempt = 1000;
const defaultBackoff = { min: 1000, max: 8000 } as const;
const defaultProbeInterval = ms(5000);

export class Reconnect {
  readonly #report: NonNullable<ReconnectOptions['report']>;
  readonly #limitsAttempts: boolean;
  readonly #countsSilence: boolean;
  #name: string;
  /** The peer is to call us: attempts have no end, and nothing is gained by a delay. */
  #isPassive = false;
  #state: ReconnectState = 'void';
  #enteredAt = ms(0);
  #backoff = 0;
  #minBackoff = 0;
  #maxBackoff = 0;
  #probeInterval: number;
  #triesLeft: number;
  #freeTries: number;
  #lastActivity = ms(0);
  #connectedAt: Ms | undefined;
  #disconnectedAt: Ms | undefined;

  /** `name` is that of the peer, for the log. */
  constructor(name: string, options: ReconnectOptions = {}) {
    this.#name = name;
    this.#report = options.report ?? logConnection;
    this.#limitsAttempts = options.limitsAttempts ?? true;
    this.#countsSilence = options.countsSilence ?? false;
    this.#triesLeft = options.maxTries ?? Number.POSITIVE_INFINITY;
    this.#freeTries = options.freeTries ?? 1;
    this.#probeInterval = options.probeInterval ?? defaultProbeInterval;
    this.setBackoff(options.minBackoff, options.maxBackoff);
  }

  get state(): ReconnectState {
    return this.#state;
  }

  get isConnected(): boolean {
    return this.#state === 'active' || this.#state === 'idle';
  }

  /** When it came up last; undefined for never. */
  get connectedAt(): Ms | undefined {
    return this.#connectedAt;
  }

  /** When it went down last; undefined for never. */
  get disconnectedAt(): Ms | undefined {
    return this.#disconnectedAt;
  }

  /** The next attempt is at another peer; `isPassive` when that is to call us. */
  setPeer(name: string, isPassive: boolean): void {
    this.#name = name;
    this.#isPassive = isPassive;
  }

  setBackoff(min: Ms | undefined, max: Ms | undefined): void {
    this.#minBackoff = min ?? defaultBackoff.min;
    this.#maxBackoff = Math.max(max ?? defaultBackoff.max, this.#minBackoff);
    if (this.#state === 'backoff') this.#backoff = Math.min(this.#backoff, this.#maxBackoff);
  }

  setProbeInterval(interval: Ms | undefined): void {
    this.#probeInterval = interval ?? defaultProbeInterval;
  }

  /** So many attempts from now on come without a delay; an end of what is connected now takes one of them. */
  setFreeTries(count: number): void {
    this.#freeTries = count;
  }

  /** Starts to connect. */
  enable(now: Ms): void {
    if (this.#state !== 'void' || !this.#takeTry()) return;
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
      case 'listening':
        return undefined;
      case 'backoff':
        return 'connect';
      case 'connecting':
      case 'reconnect':
        return 'disconnect';
      case 'active':
        this.#say({ what: 'probing', silence: now - this.#heardAt });
        this.#enter('idle', now);
        return 'probe';
      case 'idle':
        this.#say({ what: 'unanswered', silence: now - this.#enteredAt });
        return 'disconnect';
    }
  }

  /** When `run` is to be called next; Infinity for never. */
  nextDue(): Ms {
    switch (this.#state) {
      case 'void':
      case 'listening':
        return never;
      case 'backoff':
        return ms(this.#enteredAt + this.#backoff);
      case 'connecting':
        return this.#limitsAttempts ? ms(this.#enteredAt + Math.max(shortestAttempt, this.#backoff)) : never;
      case 'active':
        return this.#probeInterval === 0 ? never : ms(this.#heardAt + this.#probeInterval);
      case 'idle':
        return this.#probeInterval === 0 ? never : ms(this.#enteredAt + this.#probeInterval);
      case 'reconnect':
        return this.#enteredAt;
    }
  }

  /** The owner has started an attempt. */
  connecting(now: Ms): void {
    if (this.#isPassive) this.#say({ what: 'listening' });
    else this.#say({ what: 'connecting' });
    this.#enter(this.#isPassive ? 'listening' : 'connecting', now);
  }

  connected(now: Ms): void {
    this.#say({ what: 'connected' });
    this.#connectedAt = now;
    this.#lastActivity = now;
    this.#enter('active', now);
  }

  /** Something came from the peer. */
  activity(now: Ms): void {
    this.#lastActivity = now;
    if (this.#state === 'idle') this.#enter('active', now);
  }

  /** The owner wants another connection: `run` says so. */
  forceReconnect(now: Ms): void {
    if (this.isConnected || this.#state === 'connecting') this.#enter('reconnect', now);
  }

  /** The attempt failed or the connection ended; `why` is undefined when it took too long, or was ended by us. */
  disconnected(now: Ms, why: string | undefined): void {
    if (this.#state === 'void' || this.#state === 'backoff') return;
    const wasConnected = this.isConnected;
    if (wasConnected) {
      this.#disconnectedAt = now;
      this.#say({ what: 'ended', why });
    } else this.#say({ what: 'failed', isPassive: this.#isPassive, why });
    if (!this.#takeTry()) {
      this.#enter('void', now);
      return;
    }
    this.#backOff(wasConnected, now);
    this.#enter('backoff', now);
  }

  /** A connection that lasted as long as the back-off starts afresh; a short one counts as another failure. */
  #backOff(wasConnected: boolean, now: Ms): void {
    const end = this.#countsSilence ? now : this.#lastActivity;
    const lasted = wasConnected ? end - (this.#connectedAt ?? end) : -1;
    if (this.#freeTries > 1) {
      this.#freeTries--;
      this.#backoff = 0;
    } else if (wasConnected && this.#isPassive) this.#backoff = 0;
    else if (lasted >= this.#backoff) this.#backoff = this.#minBackoff;
    else if (this.#backoff < this.#minBackoff) this.#wait(this.#minBackoff, true);
    else if (this.#backoff < this.#maxBackoff / 2) this.#wait(this.#backoff * 2, false);
    else {
      this.#say({ what: 'continuing', isPassive: this.#isPassive });
      this.#backoff = this.#maxBackoff;
    }
  }

  #wait(delay: number, isFirst: boolean): void {
    this.#backoff = delay;
    this.#say({ what: 'waiting', isPassive: this.#isPassive, delay, isFirst });
  }

  /** Who stays away is told about until the delays are as long as they get. */
  get #isQuiet(): boolean {
    return this.#backoff >= this.#maxBackoff;
  }

  get #heardAt(): number {
    return Math.max(this.#lastActivity, this.#enteredAt);
  }

  #takeTry(): boolean {
    if (this.#triesLeft <= 0) return false;
    this.#triesLeft--;
    return true;
  }

  #say(event: ReconnectEvent): void {
    this.#report(this.#name, event, this.#isQuiet);
  }

  #enter(state: ReconnectState, now: Ms): void {
    this.#state = state;
    this.#enteredAt = now;
  }
}

const never = ms(Number.POSITIVE_INFINITY);
