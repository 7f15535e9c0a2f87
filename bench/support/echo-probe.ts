/** Asks a switch for echoes, one at a time, to see how long its main loop does not answer. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageBytes, messageSize } from '../../src/openflow/codec.ts';

const openFlow14 = 5;
const echoReply = 3;
const pause = 5; // milliseconds between two

export class EchoProbe {
  readonly #socket: Socket;
  readonly #delays: number[] = [];
  readonly #done: Promise<void>;
  #isStopped = false;

  /** `path`: the bridge's management socket. */
  constructor(path: string) {
    this.#socket = connect(path);
    this.#socket.write(messageBytes({ name: 'HELLO', value: { versions: [openFlow14] } }, openFlow14));
    this.#done = this.#probe();
  }

  /** Resolves with the delays of all echoes, in milliseconds. */
  async stop(): Promise<readonly number[]> {
    this.#isStopped = true;
    await this.#done;
    this.#socket.destroy();
    return this.#delays;
  }

  async #probe(): Promise<void> {
    const request = { name: 'ECHO_REQUEST', value: { data: new Uint8Array() } } as const;
    for (let xid = 1; !this.#isStopped; xid++) {
      const start = performance.now();
      const answered = this.#answer(xid);
      this.#socket.write(messageBytes(request, openFlow14, xid));
      await answered;
      this.#delays.push(performance.now() - start);
      await sleep(pause);
    }
  }

  /** Other messages are as long as a header, or come before the first. */
  #answer(xid: number): Promise<void> {
    return new Promise((resolve) => {
      let seen = Buffer.alloc(0);
      const listen = (bytes: Buffer): void => {
        seen = Buffer.concat([seen, bytes]);
        for (
          let size = messageSize(seen);
          size !== undefined && size <= seen.length;
          size = messageSize(seen)
        ) {
          const isOurs = seen[1] === echoReply && seen.readUInt32BE(4) === xid;
          seen = seen.subarray(size);
          if (!isOurs) continue;
          this.#socket.off('data', listen);
          resolve();
          return;
        }
      };
      this.#socket.on('data', listen);
    });
  }
}
