/** Real sockets, with a record of all that comes in from them: `--record`. Used by the database programs. */
import { closeSync, writeSync } from 'node:fs';
import { reasonOf } from '../../base/errno.ts';
import { SyscallFailed } from '../../base/errors.ts';
import { openSync } from '../../base/files.ts';
import { logger } from '../../base/log.ts';
import { encodeText } from '../../base/text.ts';
import type { Uuid } from '../../base/units.ts';
import { formatRemote } from '../../net/remote.ts';
import type { Stream } from '../../net/stream.ts';
import { systemTransport, type Transport } from '../../net/transport.ts';
import { emitRecordHeader, tapeFile, writtenSize } from './tape.ts';
import { emitUuid, uuidTape } from './uuids.ts';

const log = logger('ovs_replay');
const EPROTO = 71;

export class Recorder implements Transport {
  readonly #folder: string;
  readonly #sockets: Transport;
  #number = 0;
  readonly #uuids: WritableTape;

  /** Throws what the file system says of the folder. */
  constructor(folder: string, sockets: Transport = systemTransport) {
    this.#folder = folder;
    this.#sockets = sockets;
    this.#uuids = this.#open(uuidTape);
  }

  /** Keeps the uuids that `random` makes. */
  uuids(random: () => Uuid): () => Uuid {
    return () => {
      const id = random();
      this.#uuids.received(emitUuid(id));
      return id;
    };
  }

  connect: Transport['connect'] = async (remote, options) => {
    const connected = this.#sockets.connect(remote, options);
    return this.#record(await this.#begin(formatRemote(remote), connected));
  };

  listen: Transport['listen'] = async (remote, options, accept) => {
    let tape: WritableTape | undefined;
    const listening = this.#sockets.listen(remote, options, (stream) => {
      tape?.received(encodeText(stream.name));
      accept(this.#record({ made: stream, tape: this.#beginNow(stream.name) }));
    });
    const begun = await this.#begin(formatRemote(remote), listening);
    tape = begun.tape;
    return {
      remote: begun.made.remote,
      close() {
        begun.tape.close();
        begun.made.close();
      },
    };
  };

  /** A tape that starts with how the making of the stream or listener came out. */
  async #begin<T>(name: string, making: Promise<T>): Promise<{ made: T; tape: WritableTape }> {
    try {
      const made = await making;
      return { made, tape: this.#beginNow(name) };
    } catch (error) {
      const tape = this.#open(name);
      tape.failed(error);
      tape.close();
      throw error;
    }
  }

  #beginNow(name: string): WritableTape {
    const tape = this.#open(name);
    tape.received(Buffer.alloc(0));
    return tape;
  }

  #open(name: string): WritableTape {
    const path = `${this.#folder}/${tapeFile(name, this.#number++)}`;
    return new WritableTape(openSync(path, 'w'), () => this.#number++);
  }

  #record({ made, tape }: { made: Stream; tape: WritableTape }): Stream {
    return new RecordedStream(made, tape);
  }
}

class WritableTape {
  readonly #fd: number;
  readonly #nextNumber: () => number;
  #isClosed = false;

  constructor(fd: number, nextNumber: () => number) {
    this.#fd = fd;
    this.#nextNumber = nextNumber;
  }

  received(bytes: Buffer): void {
    this.#write(emitRecordHeader(this.#nextNumber(), bytes.length), bytes);
  }

  failed(error: unknown): void {
    const errno = error instanceof SyscallFailed ? error.errno : EPROTO;
    this.#write(emitRecordHeader(this.#nextNumber(), -errno));
  }

  sent(length: number): void {
    this.#write(emitRecordHeader(-this.#nextNumber(), length));
  }

  close(): void {
    if (!this.#isClosed) closeSync(this.#fd);
    this.#isClosed = true;
  }

  #write(...pieces: readonly Buffer[]): void {
    if (this.#isClosed) return;
    try {
      writeSync(this.#fd, Buffer.concat(pieces));
    } catch (error) {
      log.err(`failed to write a record: ${reasonOf(error)}`);
    }
  }
}

class RecordedStream implements Stream {
  readonly #stream: Stream;
  readonly #tape: WritableTape;

  constructor(stream: Stream, tape: WritableTape) {
    this.#stream = stream;
    this.#tape = tape;
  }

  get name(): string {
    return this.#stream.name;
  }

  get backlog(): number {
    return this.#stream.backlog;
  }

  get remoteAddress(): string | undefined {
    return this.#stream.remoteAddress;
  }

  get localAddress(): string | undefined {
    return this.#stream.localAddress;
  }

  get localPort(): number | undefined {
    return this.#stream.localPort;
  }

  get peerId(): string | undefined {
    return this.#stream.peerId;
  }

  setEvents(events: Parameters<Stream['setEvents']>[0]): void {
    this.#stream.setEvents({
      data: (bytes) => {
        this.#tape.received(bytes);
        events.data(bytes);
      },
      drained: () => events.drained?.(),
      closed: (why) => {
        if (why === undefined) this.#tape.received(Buffer.alloc(0));
        else this.#tape.failed(why);
        this.#tape.close();
        events.closed(why);
      },
    });
  }

  write(bytes: string | Uint8Array | readonly Uint8Array[]): void {
    this.#tape.sent(writtenSize(bytes));
    this.#stream.write(bytes);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  close(): void {
    this.#stream.close();
  }

  abort(why?: Error): void {
    this.#stream.abort(why);
  }
}
