/** Real sockets, with a record of all that comes in from them: `--record`. Used by the database programs. */
import { closeSync, writeSync } from 'node:fs';
import { errnos, reasonOf } from '../../base/errno.ts';
import { SyscallFailed } from '../../base/errors.ts';
import { openSync } from '../../base/files.ts';
import { logger } from '../../base/log.ts';
import { encodeText } from '../../base/text.ts';
import type { Uuid } from '../../base/units.ts';
import { formatRemote } from '../../net/remote.ts';
import type { Stream } from '../../net/stream.ts';
import { systemTransport, type Transport } from '../../net/transport.ts';
import { emitRecordHeader, recordingFile, writtenSize } from './recording.ts';
import { emitUuid, uuidRecording } from './uuids.ts';

const log = logger('ovs_replay');
const streamLog = logger('stream_replay');

export class Recorder implements Transport {
  readonly #folder: string;
  readonly #sockets: Transport;
  #number = 0;
  readonly #uuids: RecordingWriter;

  /** Throws what the file system says of the folder. */
  constructor(folder: string, sockets: Transport = systemTransport) {
    this.#folder = folder;
    this.#sockets = sockets;
    this.#uuids = this.#open(uuidRecording);
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
    let recording: RecordingWriter | undefined;
    const listening = this.#sockets.listen(remote, options, (stream) => {
      recording?.received(encodeText(stream.name));
      accept(this.#record({ made: stream, recording: this.#beginNow(stream.name) }));
    });
    const begun = await this.#begin(formatRemote(remote), listening);
    recording = begun.recording;
    return {
      remote: begun.made.remote,
      close() {
        begun.recording.close();
        begun.made.close();
      },
    };
  };

  /** A recording that starts with how the making of the stream or listener came out. */
  async #begin<T>(name: string, making: Promise<T>): Promise<{ made: T; recording: RecordingWriter }> {
    try {
      const made = await making;
      return { made, recording: this.#beginNow(name) };
    } catch (error) {
      const recording = this.#openIfPossible(name);
      recording.failed(error);
      recording.close();
      throw error;
    }
  }

  #beginNow(name: string): RecordingWriter {
    const recording = this.#openIfPossible(name);
    recording.received(Buffer.alloc(0));
    return recording;
  }

  /** Throws what the file system says of it, which is logged. */
  #open(name: string): RecordingWriter {
    const path = `${this.#folder}/${recordingFile(name, this.#number++)}`;
    try {
      return new RecordingWriter(openSync(path, 'w'), () => this.#number++);
    } catch (error) {
      log.err(`${path}: fopen failed: ${reasonOf(error)}`);
      throw error;
    }
  }

  /** Otherwise what passes is not recorded: the program's work matters more. */
  #openIfPossible(name: string): RecordingWriter {
    try {
      return this.#open(name);
    } catch (error) {
      streamLog.err(
        `${name}: failed to open replay file for stream (${reasonOf(error)}); it is not recorded`,
      );
      return new RecordingWriter(undefined, () => this.#number++);
    }
  }

  #record({ made, recording }: { made: Stream; recording: RecordingWriter }): Stream {
    return new RecordedStream(made, recording);
  }
}

class RecordingWriter {
  /** Undefined once it is closed. */
  #fd: number | undefined;
  readonly #nextNumber: () => number;

  constructor(fd: number | undefined, nextNumber: () => number) {
    this.#fd = fd;
    this.#nextNumber = nextNumber;
  }

  received(bytes: Buffer): void {
    this.#write(emitRecordHeader(this.#nextNumber(), bytes.length), bytes);
  }

  failed(error: unknown): void {
    const errno = error instanceof SyscallFailed ? error.errno : errnos.EPROTO;
    this.#write(emitRecordHeader(this.#nextNumber(), -errno));
  }

  sent(length: number): void {
    this.#write(emitRecordHeader(-this.#nextNumber(), length));
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #write(...pieces: readonly Buffer[]): void {
    if (this.#fd === undefined) return;
    try {
      writeSync(this.#fd, Buffer.concat(pieces));
    } catch (error) {
      log.err(`failed to write a record: ${reasonOf(error)}`);
    }
  }
}

class RecordedStream implements Stream {
  readonly #stream: Stream;
  readonly #recording: RecordingWriter;

  constructor(stream: Stream, recording: RecordingWriter) {
    this.#stream = stream;
    this.#recording = recording;
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
        this.#recording.received(bytes);
        events.data(bytes);
      },
      drained: () => events.drained?.(),
      closed: (why) => {
        if (why === undefined) this.#recording.received(Buffer.alloc(0));
        else this.#recording.failed(why);
        this.#recording.close();
        events.closed(why);
      },
    });
  }

  write(bytes: string | Uint8Array | readonly Uint8Array[]): void {
    this.#recording.sent(writtenSize(bytes));
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
