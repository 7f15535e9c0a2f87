/** A conversation with a bridge in bytes, of which each message is asked by itself. */
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { messageBytes, messageSize, type Sent } from '../../../src/openflow/codec.ts';
import type { WireVersion } from '../../../src/openflow/versions.ts';
import type { DummyHost } from './dummy-host.ts';

const type = { hello: 0, echoReply: 3 };
const echoXid = 0x7fff0000;

export class BridgeConversation {
  readonly #socket: Socket;
  readonly #version: WireVersion;
  #left = Buffer.alloc(0);
  #said: Uint8Array[] = [];
  #wake: () => void = () => {};
  #hasEnded = false;

  constructor(host: DummyHost, version: WireVersion) {
    this.#version = version;
    this.#socket = createConnection(join(host.folder, 'br0.mgmt'));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.#hasEnded = true;
      this.#wake();
    });
    this.#socket.on('data', (data) => this.#take(data));
    this.send({ name: 'HELLO', value: { versions: [version] } }, 1);
  }

  send(message: Sent, xid: number): void {
    this.#socket.write(messageBytes(message, this.#version, xid));
  }

  /**
   * All that the switch says to a message. Both come at once, so that it answers an echo in the same round of its main
   * loop; what it tells of by itself, as of packets, the real one says in the next, before it takes another echo.
   */
  async ask(message: Uint8Array): Promise<Uint8Array[]> {
    this.#said = [];
    await this.#echo(message);
    await this.#echo();
    return this.#said.filter((bytes) => !isEcho(bytes) && bytes[1] !== type.hello);
  }

  async #echo(before: Uint8Array = new Uint8Array()): Promise<void> {
    const wanted = this.#echoCount + 1;
    const request = messageBytes(
      { name: 'ECHO_REQUEST', value: { data: new Uint8Array() } },
      this.#version,
      echoXid,
    );
    this.#socket.write(Buffer.concat([before, request]));
    while (this.#echoCount < wanted && !this.#hasEnded)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  get #echoCount(): number {
    return this.#said.filter(isEcho).length;
  }

  /** The switch has hung up. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(data: Buffer): void {
    this.#left = Buffer.concat([this.#left, data]);
    for (
      let size = messageSize(this.#left);
      size !== undefined && size <= this.#left.length;
      size = messageSize(this.#left)
    ) {
      this.#said.push(Uint8Array.from(this.#left.subarray(0, size)));
      this.#left = this.#left.subarray(size);
    }
    this.#wake();
  }
}

function isEcho(bytes: Uint8Array): boolean {
  return bytes[1] === type.echoReply && new DataView(bytes.buffer, bytes.byteOffset).getUint32(4) === echoXid;
}
