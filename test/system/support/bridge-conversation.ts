/** A conversation with a bridge in bytes. */
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { messageBytes, messageSize, type Sent } from '../../../src/openflow/codec.ts';
import { matchOf } from '../../../src/openflow/message-fixture.ts';
import { plainFlowMod } from '../../../src/openflow/messages/flow-mod.ts';
import { withoutGroups } from '../../../src/openflow/messages/group-mod.ts';
import type { WireVersion } from '../../../src/openflow/versions.ts';
import type { DummyHost } from './dummy-host.ts';

const ownXid = 0x7fff0000;

export class BridgeConversation {
  readonly #socket: Socket;
  readonly #version: WireVersion;
  #left = Buffer.alloc(0);
  #said: Uint8Array[] = [];
  #wake: () => void = () => {};
  #hasEnded = false;
  /** Own requests that were answered. */
  #finished = 0;

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
   * All that the switch says to messages, which come at once. What it tells of by itself, as of packets, the real one says
   * in the round of its main loop after that of its answers, before it takes another request; one that comes while it
   * still reads is taken in the same round, so there are several.
   */
  async ask(...messages: readonly Uint8Array[]): Promise<Uint8Array[]> {
    this.#said = [];
    await this.#finish(messages, { name: 'BARRIER_REQUEST', value: undefined });
    for (let n = 0; n < 3; n++)
      await this.#finish([], { name: 'ECHO_REQUEST', value: { data: new Uint8Array() } });
    return this.#said.filter((bytes) => xidOf(bytes) !== ownXid && !isHello(bytes));
  }

  /** Takes flows, groups and meters away. */
  async clean(): Promise<void> {
    const version = this.#version;
    const mods: Sent[] = [
      {
        name: 'FLOW_MOD',
        value: { ...plainFlowMod, command: 'delete', table: 255, match: matchOf(''), newCookie: 0n },
      },
    ];
    if (version > 1) mods.push({ name: 'GROUP_MOD', value: withoutGroups });
    if (version > 3)
      mods.push({ name: 'METER_MOD', value: { command: 'delete', meter: 0xffffffff, flags: 0, bands: [] } });
    await this.ask(...mods.map((mod) => messageBytes(mod, version, 2)));
  }

  /** Resolves when the last of some requests is answered. */
  async #finish(before: readonly Uint8Array[], last: Sent): Promise<void> {
    const already = this.#finished;
    this.#socket.write(Buffer.concat([...before, messageBytes(last, this.#version, ownXid)]));
    while (this.#finished === already && !this.#hasEnded)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
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
      const message = Uint8Array.from(this.#left.subarray(0, size));
      this.#said.push(message);
      if (xidOf(message) === ownXid) this.#finished++;
      this.#left = this.#left.subarray(size);
    }
    this.#wake();
  }
}

/** Of a whole message. */
export function xidOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(4);
}

function isHello(bytes: Uint8Array): boolean {
  return bytes[1] === 0;
}
