/**
 * What a program heard when it was recorded, again, without any socket: `--replay`. What comes in is delivered in the
 * recorded order, as soon as the program has sent what it had sent by then.
 * Differs: the reference ends a replay that departs from the recording; here it goes on. A recording of the other
 * implementation can be read, but rows get other uuids, so later requests that name them have no effect.
 */

import type { Defer } from '../../base/defer.ts';
import { errnos, strerror, syscallFailed } from '../../base/errno.ts';
import { SyscallFailed } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { decodeText } from '../../base/text.ts';
import type { Timers } from '../../base/timers.ts';
import { ms, type Uuid } from '../../base/units.ts';
import { formatRemote } from '../../net/remote.ts';
import type { Stream } from '../../net/stream.ts';
import type { Transport } from '../../net/transport.ts';
import { type RecordedItem, type Recording, recordingName, writtenSize } from './recording.ts';
import { parseUuid, uuidRecording } from './uuids.ts';

const log = logger('ovs_replay');
/** How long the program may do nothing that was recorded before the replay goes on all the same. */
const patience = ms(1_000);
/** Turns of the event loop that the program gets to react to one event. */
const turnsPerEvent = 2;

export interface PlayerDeps {
  readonly timers: Timers;
  readonly defer: Defer;
}

interface PlayedEvent {
  readonly playback: Playback;
  readonly record: RecordedItem;
}

/** A recording in use: who listens to it, and how much of what was sent then has been sent again. */
interface Playback {
  readonly recording: Recording;
  isTaken: boolean;
  hear: ((record: RecordedItem) => void) | undefined;
  sentThen: number;
  sentNow: number;
}

export class Player implements Transport {
  readonly #deps: PlayerDeps;
  readonly #playbacks: readonly Playback[];
  readonly #events: readonly PlayedEvent[];
  readonly #uuids: Uuid[];
  /** Resolves when all has been heard. */
  readonly ended: Promise<undefined>;
  #end: (nothing: undefined) => void = () => {};
  #isPlaying = false;
  #wake: () => void = () => {};

  constructor(recordings: readonly Recording[], deps: PlayerDeps) {
    this.#deps = deps;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    const isUuids = ({ name }: Recording) => name === recordingName(uuidRecording);
    this.#uuids = recordings
      .filter(isUuids)
      .flatMap(({ records }) => records.map(({ data }) => parseUuid(data)));
    this.#playbacks = recordings
      .filter((recording) => !isUuids(recording))
      .map((recording) => ({ recording, isTaken: false, hear: undefined, sentThen: 0, sentNow: 0 }));
    this.#events = this.#playbacks
      .flatMap((playback) => playback.recording.records.slice(1).map((record) => ({ playback, record })))
      .filter(({ record }) => record.length !== -errnos.EAGAIN)
      .sort((a, b) => a.record.number - b.record.number);
  }

  /** The uuids of the recording; after its last, those of `random`. */
  uuids(random: () => Uuid): () => Uuid {
    let at = 0;
    return () => this.#uuids[at++] ?? random();
  }

  connect: Transport['connect'] = async (remote) => this.#stream(formatRemote(remote));

  listen: Transport['listen'] = async (remote, _options, accept) => {
    const playback = this.#take(formatRemote(remote));
    playback.hear = ({ length, data }) => {
      if (length > 0) accept(this.#stream(decodeText(data)));
    };
    return {
      remote,
      close() {
        playback.hear = undefined;
      },
    };
  };

  #stream(name: string): Stream {
    const playback = this.#take(name);
    return new PlayedStream(name, playback, () => this.#wake());
  }

  /** The next recording of that name. Throws SyscallFailed, as it was recorded or since there is none. */
  #take(name: string): Playback {
    const wanted = recordingName(name);
    const playback = this.#playbacks.find(({ recording, isTaken }) => !isTaken && recording.name === wanted);
    if (playback === undefined) {
      log.err(`${name}: fopen failed: ${strerror(errnos.ENOENT)}`);
      throw syscallFailed('replay', errnos.ENOENT, name);
    }
    playback.isTaken = true;
    const { length = -errnos.ENOENT } = playback.recording.records[0] ?? {};
    if (length < 0) throw syscallFailed('replay', -length, name);
    if (!this.#isPlaying) void this.#play();
    return playback;
  }

  async #play(): Promise<void> {
    this.#isPlaying = true;
    for (const { playback, record } of this.#events) {
      if (record.isSent) {
        playback.sentThen += Math.max(0, record.length);
        continue;
      }
      await this.#until(() => this.#hasCaughtUp(playback));
      playback.hear?.(record);
      for (let turn = 0; turn < turnsPerEvent; turn++) await this.#turn();
    }
    await this.#until(() => this.#isAllSent());
    this.#end(undefined);
  }

  #hasCaughtUp(next: Playback): boolean {
    return next.isTaken && this.#isAllSent();
  }

  #isAllSent(): boolean {
    return this.#playbacks.every((playback) => playback.sentNow >= playback.sentThen);
  }

  /** After `patience` it is said that the program does not do what it did then, and taken as it is. */
  async #until(isTrue: () => boolean): Promise<void> {
    await this.#turn();
    if (isTrue()) return;
    await new Promise<void>((resolve) => {
      const timer = this.#deps.timers.after(patience, () => {
        log.warn('the program does not do what it did when it was recorded; the replay goes on');
        for (const playback of this.#playbacks) playback.sentThen = playback.sentNow;
        resolve();
      });
      this.#wake = () => {
        if (!isTrue()) return;
        timer.cancel();
        resolve();
      };
    });
    this.#wake = () => {};
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#deps.defer(resolve));
  }
}

/** What the program sends is counted and thrown away. */
class PlayedStream implements Stream {
  readonly name: string;
  readonly backlog = 0;
  readonly remoteAddress = undefined;
  readonly localAddress = undefined;
  readonly localPort = undefined;
  readonly peerId = undefined;
  readonly #playback: Playback;
  readonly #wrote: () => void;
  #closed: (why: Error | undefined) => void = () => {};

  constructor(name: string, playback: Playback, wrote: () => void) {
    this.name = name;
    this.#playback = playback;
    this.#wrote = wrote;
  }

  setEvents(events: Parameters<Stream['setEvents']>[0]): void {
    this.#closed = (why) => events.closed(why);
    this.#playback.hear = ({ length, data }) => {
      if (length > 0) events.data(Buffer.from(data));
      else this.#end(length === 0 ? undefined : failure(this.name, -length));
    };
  }

  write(bytes: string | Uint8Array | readonly Uint8Array[]): void {
    this.#playback.sentNow += writtenSize(bytes);
    this.#wrote();
  }

  pause(): void {}
  resume(): void {}

  close(): void {
    this.#end(undefined);
  }

  abort(why?: Error): void {
    this.#end(why);
  }

  #end(why: Error | undefined): void {
    const closed = this.#closed;
    this.#closed = () => {};
    this.#playback.hear = undefined;
    queueMicrotask(() => closed(why));
  }
}

function failure(name: string, errno: number): SyscallFailed {
  return new SyscallFailed('read', errno, strerror(errno), name);
}
