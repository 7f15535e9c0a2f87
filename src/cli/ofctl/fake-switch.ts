/** For tests: a switch that agrees to what it is asked for, and keeps what it was told. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listenStreams } from '../../net/listener.ts';
import type { Stream } from '../../net/stream.ts';
import { decodeMessage, messageBytes, type Received, type Sent } from '../../openflow/codec.ts';
import { MessageSplitter } from '../../openflow/connection/message-splitter.ts';
import { helloFor } from '../../openflow/connection/negotiation.ts';
import type { WireVersion } from '../../openflow/versions.ts';

export class FakeSwitch {
  /** All but hellos. */
  readonly told: Received[] = [];
  /** Names of messages that it answers with an error. */
  readonly refused = new Set<string>();
  readonly #folder = mkdtempSync(join(tmpdir(), 'switch-'));
  readonly #versions: readonly WireVersion[];
  #close = (): void => {};

  constructor(...versions: readonly WireVersion[]) {
    this.#versions = versions;
  }

  get target(): string {
    return join(this.#folder, 'switch');
  }

  async listen(): Promise<void> {
    const remote = { kind: 'punix', path: this.target } as const;
    const listener = await listenStreams(remote, {}, (stream) => this.#accept(stream));
    this.#close = () => listener.close();
  }

  close(): void {
    this.#close();
    rmSync(this.#folder, { recursive: true });
  }

  #accept(stream: Stream): void {
    const splitter = new MessageSplitter();
    const say = (version: WireVersion, message: Sent, xid: number): void => {
      stream.write(messageBytes(message, version, xid));
    };
    const { version, hello } = helloFor(this.#versions);
    say(version, hello, 1);
    stream.setEvents({
      closed: () => {},
      data: (piece) => {
        for (const bytes of splitter.push(new Uint8Array(piece))) {
          const message = decodeMessage(bytes);
          if (message.name !== 'HELLO')
            this.#answer(message, bytes, (answer) => say(message.version, answer, message.xid));
        }
      },
    });
  }

  #answer(message: Received, data: Uint8Array, answer: (message: Sent) => void): void {
    this.told.push(message);
    const numbers = { experimenter: 0, type: 0, code: 0 };
    if (this.refused.has(message.name))
      answer({ name: 'ERROR', value: { name: 'OFPBRC_BAD_TYPE', numbers, data } });
    if (message.name === 'BARRIER_REQUEST') answer({ name: 'BARRIER_REPLY', value: undefined });
  }
}
