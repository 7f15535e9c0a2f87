/**
 * A connection that is kept up, by the state machine of `reconnect.ts` and the loop's timers: opened to one remote
 * after the other, left when it is silent, made again when it ends. What goes over it and what a probe is are the
 * owner's. Used by JSON-RPC sessions (`src/rpc/session.ts`) and the database server's remotes.
 */
import { errnos, syscallFailed } from '../base/errno.ts';
import { VswitchError } from '../base/errors.ts';
import type { Timer, Timers } from '../base/timers.ts';
import { type Ms, ms } from '../base/units.ts';
import { connectionReason, endOfFile } from './connection-log.ts';
import { Reconnect, type ReconnectOptions } from './reconnect.ts';
import { isPassiveName, needsProbes } from './remote.ts';

/** A `Stream`, or what is made of one. */
interface Connection {
  close(): void;
  abort(why?: Error): void;
}

interface ReliableEvents<C> {
  connected?(connection: C): void;
  /** The peer has been silent: send what it must answer. */
  probe(connection: C): void;
  /** An attempt came to nothing. */
  failed?(why: Error): void;
  /** The connection is over. `why` is undefined for an orderly end by the peer. */
  disconnected?(why: Error | undefined): void;
}

export interface ReliableOptions<C extends Connection> extends ReconnectOptions {
  /** What `connect` is given, in turn; who connected to us, by name. */
  readonly remotes: readonly string[];
  readonly timers: Timers;
  /**
   * Rejects when the attempt fails, or when `signal` says that it is over; what is opened later all the same is closed
   * at once.
   */
  readonly connect?: (remote: string, signal: AbortSignal) => Promise<C>;
  readonly events: ReliableEvents<C>;
}

/** One owner; `stop` is the owner's duty, and so is saying what the connection tells: `heard` and `ended`. */
export class ReliableConnection<C extends Connection> {
  readonly #options: ReliableOptions<C>;
  readonly #machine: Reconnect;
  #remoteAt = 0;
  #connection: C | undefined;
  #attempt: AbortController | undefined;
  #timer: Timer | undefined;

  constructor(options: ReliableOptions<C>) {
    this.#options = options;
    this.#machine = new Reconnect(this.remote, { freeTries: options.remotes.length, ...options });
    this.#setPeer();
  }

  /** What became of it, for status columns. */
  get machine(): Pick<Reconnect, 'state' | 'connectedAt' | 'disconnectedAt'> {
    return this.#machine;
  }

  /** The remote in use or being tried. */
  get remote(): string {
    const { remotes } = this.#options;
    return remotes[this.#remoteAt % remotes.length] ?? '';
  }

  get connection(): C | undefined {
    return this.#connection;
  }

  start(): void {
    this.#machine.enable(this.#now());
    this.#run();
  }

  /** The peer has connected to us. */
  accept(connection: C): void {
    this.#connected(connection);
  }

  /** Ends the connection and all attempts. No event comes afterwards. */
  stop(): void {
    this.#machine.disable(this.#now());
    this.#timer?.cancel();
    this.#attempt?.abort(new Error('stopped'));
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
  }

  /** Something came from the peer. */
  heard(): void {
    this.#machine.activity(this.#now());
  }

  /** That connection is over; of any other than the one in use nothing is to be done. */
  ended(connection: C, why: Error | undefined): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#machine.disconnected(this.#now(), why === undefined ? endOfFile : connectionReason(why));
    this.#next();
    this.#options.events.disconnected?.(why);
  }

  /** Leaves this peer and goes on to the next; without a delay when this one `wasGood`. */
  restart(why: Error, wasGood: boolean): void {
    if (this.#connection === undefined) return;
    if (wasGood) this.#machine.setFreeTries(this.#options.remotes.length + 1);
    this.#machine.forceReconnect(this.#now());
    this.#leave(why);
  }

  /** Ends what is connected, as if the peer had; it is connected to again in due time. */
  drop(why: Error): void {
    if (this.#connection !== undefined) this.#leave(why);
  }

  setBackoff(min: Ms | undefined, max: Ms | undefined): void {
    this.#machine.setBackoff(min, max);
    this.#arm();
  }

  setProbeInterval(interval: Ms): void {
    this.#machine.setProbeInterval(interval);
    this.#arm();
  }

  #run(): void {
    const action = this.#machine.run(this.#now());
    if (action === 'connect') this.#connect();
    else if (action === 'disconnect') this.#giveUp();
    else if (action === 'probe' && this.#connection !== undefined)
      this.#options.events.probe(this.#connection);
    this.#arm();
  }

  /** Activity only puts off what is due, so it need not come here. */
  #arm(): void {
    this.#timer?.cancel();
    const due = this.#machine.nextDue();
    if (due < Number.POSITIVE_INFINITY) this.#timer = this.#options.timers.at(due, () => this.#run());
  }

  #connect(): void {
    const { connect } = this.#options;
    if (connect === undefined) return;
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#machine.connecting(this.#now());
    connect(this.remote, attempt.signal).then(
      (connection) => {
        if (attempt.signal.aborted) connection.close();
        else this.#connected(connection);
      },
      (error: unknown) => {
        if (attempt.signal.aborted) return; // whoever did that has dealt with it
        if (!(error instanceof VswitchError)) throw error;
        this.#failed(error, connectionReason(error));
      },
    );
  }

  #connected(connection: C): void {
    this.#connection = connection;
    this.#machine.connected(this.#now());
    this.#arm();
    this.#options.events.connected?.(connection);
  }

  /** The attempt takes too long, or the peer does not answer. */
  #giveUp(): void {
    const what = this.#connection === undefined ? 'connect' : 'probe';
    const why = syscallFailed(what, errnos.ETIMEDOUT, this.remote);
    if (this.#connection !== undefined) {
      this.#leave(why);
      return;
    }
    this.#attempt?.abort(why);
    this.#failed(why, undefined);
  }

  #failed(why: Error, reason: string | undefined): void {
    this.#machine.disconnected(this.#now(), reason);
    this.#next();
    this.#options.events.failed?.(why);
  }

  #leave(why: Error): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#machine.disconnected(this.#now(), undefined);
    connection?.abort(why);
    this.#next();
    this.#options.events.disconnected?.(why);
  }

  #next(): void {
    this.#remoteAt++;
    this.#setPeer();
    this.#arm();
  }

  #setPeer(): void {
    this.#machine.setPeer(this.remote, isPassiveName(this.remote));
    if (this.#options.probeInterval === undefined)
      this.#machine.setProbeInterval(needsProbes(this.remote) ? undefined : ms(0));
  }

  #now(): Ms {
    return this.#options.timers.clock.now();
  }
}
