/**
 * Takes the connections of a listening socket as long as the process may open files. Then it pauses: who connects waits
 * in the kernel's queue, who is connected goes on, and a few descriptors are left for log files, compaction, ports and
 * connections of our own. Used by `listener.ts`.
 */
import { systemClock } from '../base/clock.ts';
import { errnos, strerror } from '../base/errno.ts';
import { LimitedSite, logger } from '../base/log.ts';
import { type Timer, Timers } from '../base/timers.ts';
import { driveTimers } from '../base/timers-drive.ts';
import { ms } from '../base/units.ts';
import { type Descriptors, descriptorShortage } from '../sys/calls/descriptors.ts';
import { closeFd, type Watch, watchReadable } from '../sys/calls/fd.ts';
import { acceptConnection } from '../sys/calls/listening.ts';

const log = logger('stream');
const paused = new LimitedSite({ perMinute: 1, burst: 1 });
const resumed = new LimitedSite({ perMinute: 1, burst: 1 });

/** Others get their turn after so many connections. */
const perTurn = 16;
const retryAfter = ms(100);

/** Real time, and of all listeners: a clock that is stopped must not keep clients out. */
const timers = new Timers(systemClock);
driveTimers(timers, true);

export interface AcceptorOptions {
  /** Of the listener, for the log. */
  readonly name: string;
  readonly use: 'client' | 'control';
  readonly descriptors: Descriptors;
}

export class Acceptor {
  readonly #fd: number;
  readonly #options: AcceptorOptions;
  readonly #take: (fd: number) => void;
  #watch: Watch | undefined;
  #retry: Timer | undefined;
  #isClosed = false;

  /** Owns the listening `fd` from now on; `take` owns each connection's, which is non-blocking. */
  constructor(fd: number, options: AcceptorOptions, take: (fd: number) => void) {
    this.#fd = fd;
    this.#options = options;
    this.#take = take;
    this.#listen();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unwatch();
    this.#retry?.cancel();
    closeFd(this.#fd);
  }

  #listen(): void {
    this.#watch = watchReadable(this.#fd, () => this.#acceptSome(), { keepsAlive: true });
  }

  #unwatch(): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  #acceptSome(): void {
    for (let count = 0; count < perTurn && this.#watch !== undefined; count++) {
      const shortage = this.#shortage();
      if (shortage !== undefined) {
        this.#pause(shortage);
        return;
      }
      const accepted = acceptConnection(this.#fd);
      if (accepted >= 0) this.#take(accepted);
      else if (accepted === -errnos.EAGAIN) return;
      else if (!givenUp.has(-accepted)) {
        this.#pause(`accept failed (${strerror(-accepted)})`);
        return;
      }
    }
  }

  #shortage(): string | undefined {
    return descriptorShortage(this.#options.use, this.#options.descriptors);
  }

  #pause(why: string): void {
    this.#unwatch();
    log.limited('warn', paused, `${this.#options.name}: new connections wait: ${why}`);
    this.#retryLater();
  }

  #retryLater(): void {
    this.#retry = timers.after(retryAfter, () => {
      if (this.#shortage() !== undefined) {
        this.#retryLater();
        return;
      }
      log.limited('info', resumed, `${this.#options.name}: takes connections again`);
      this.#listen();
    });
  }
}

/** Errors of accept(2) about the one connection: its peer is gone already. */
const givenUp: ReadonlySet<number> = new Set([4, 71, 103]); // EINTR, EPROTO, ECONNABORTED
