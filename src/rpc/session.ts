/**
 * A connection to a JSON-RPC peer that is kept up: connects, reconnects with back-off, answers echo requests and
 * probes a silent peer. The owner sees messages and when the connection comes and goes.
 * Used for the active remotes of a server and wherever a client stays connected.
 */
import { SyscallFailed, VswitchError } from '../base/errors.ts';
import type { Timer, Timers } from '../base/timers.ts';
import { reasonOf } from '../net/connection-log.ts';
import { Reconnect, type ReconnectOptions } from '../net/reconnect.ts';
import type { Channel, Message } from './channel.ts';

interface SessionEvents {
  /** `channel` is for sending and for its name; the session keeps its events and its end. */
  connected(channel: Channel): void;
  /** Everything but the echoes that the session itself handles. */
  message(message: Message): void;
  disconnected(why: Error | undefined): void;
}

export interface SessionOptions extends ReconnectOptions {
  /** Rejects when the attempt fails, or when the signal says that it took too long. */
  readonly connect: (signal: AbortSignal) => Promise<Channel>;
  readonly timers: Timers;
  readonly events: SessionEvents;
}

const ECHO = 'echo';

/** One owner; `stop` is the owner's duty. */
export class Session {
  readonly reconnect: Reconnect;
  readonly #options: SessionOptions;
  #channel: Channel | undefined;
  #attempt: AbortController | undefined;
  #timer: Timer | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.reconnect = new Reconnect(options);
  }

  get channel(): Channel | undefined {
    return this.#channel;
  }

  start(): void {
    this.reconnect.enable(this.#now());
    this.#run();
  }

  /** Ends the connection and all attempts. No event comes afterwards. */
  stop(): void {
    this.reconnect.disable(this.#now());
    this.#timer?.cancel();
    this.#attempt?.abort(new Error('stopped'));
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** No-op while there is no connection. */
  send(message: Message): void {
    this.#channel?.send(message);
  }

  #run(): void {
    const action = this.reconnect.run(this.#now());
    if (action === 'connect') this.#connect();
    else if (action === 'probe') this.send({ method: ECHO, params: [], id: ECHO });
    else if (action === 'disconnect') this.#giveUp();
    this.#arm();
  }

  #arm(): void {
    this.#timer?.cancel();
    const due = this.reconnect.nextDue();
    if (due < Number.POSITIVE_INFINITY) this.#timer = this.#options.timers.at(due, () => this.#run());
  }

  #connect(): void {
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.reconnect.connecting(this.#now());
    const settle = async (): Promise<void> => {
      try {
        const channel = await this.#options.connect(attempt.signal);
        if (attempt.signal.aborted) channel.abort();
        else this.#connected(channel);
      } catch (error) {
        if (attempt.signal.aborted) return; // whoever did that has dealt with it
        if (!(error instanceof VswitchError)) throw error;
        this.#lost(error);
      }
    };
    void settle();
  }

  #connected(channel: Channel): void {
    this.#channel = channel;
    channel.events = {
      message: (message) => this.#take(channel, message),
      closed: (why) => {
        if (this.#channel !== channel) return;
        this.#channel = undefined;
        this.#lost(why);
        this.#options.events.disconnected(why);
      },
    };
    this.reconnect.connected(this.#now());
    this.#arm();
    this.#options.events.connected(channel);
  }

  #take(channel: Channel, message: Message): void {
    this.reconnect.activity(this.#now());
    if ('method' in message && message.method === ECHO && message.id !== null) {
      channel.send({ result: message.params, error: null, id: message.id });
    } else if ('method' in message || message.id !== ECHO) {
      this.#options.events.message(message);
    }
  }

  /** The attempt takes too long, or the peer does not answer. */
  #giveUp(): void {
    this.#attempt?.abort(new Error('timed out'));
    const channel = this.#channel;
    if (channel === undefined) {
      this.#lost(undefined);
      return;
    }
    this.#channel = undefined;
    channel.abort();
    const why = new SyscallFailed('probe', 110, 'Connection timed out', this.#options.name);
    this.#lost(why);
    this.#options.events.disconnected(why);
  }

  #lost(why: Error | undefined): void {
    this.reconnect.disconnected(this.#now(), reasonOf(why));
    this.#arm();
  }

  #now() {
    return this.#options.timers.clock.now();
  }
}
