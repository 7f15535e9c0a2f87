/** Asks a switch for echoes, one at a time, to see how long its main loop does not answer. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const wireVersion = 5; // OpenFlow 1.4
const types = { hello: 0, echoRequest: 2, echoReply: 3 };
const headerSize = 8;
const pause = 5; // milliseconds between two

function message(type: number, xid: number): Buffer {
  const bytes = Buffer.alloc(headerSize);
  bytes.writeUInt8(wireVersion, 0);
  bytes.writeUInt8(type, 1);
  bytes.writeUInt16BE(headerSize, 2);
  bytes.writeUInt32BE(xid, 4);
  return bytes;
}

export class EchoProbe {
  readonly #socket: Socket;
  readonly #delays: number[] = [];
  readonly #done: Promise<void>;
  #isStopped = false;

  /** `path`: the bridge's management socket. */
  constructor(path: string) {
    this.#socket = connect(path);
    this.#socket.write(message(types.hello, 0));
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
    for (let xid = 1; !this.#isStopped; xid++) {
      const start = performance.now();
      const answered = this.#answer(xid);
      this.#socket.write(message(types.echoRequest, xid));
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
        while (seen.length >= headerSize && seen.length >= seen.readUInt16BE(2)) {
          const isOurs = seen[1] === types.echoReply && seen.readUInt32BE(4) === xid;
          seen = seen.subarray(seen.readUInt16BE(2));
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
