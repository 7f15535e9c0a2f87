/** A collector: a UDP socket of this host that keeps what it gets. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export class DatagramCatcher {
  readonly datagrams: Buffer[] = [];
  /** As a row of the database names it. */
  readonly target: string;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    const { address, port } = socket.address();
    this.#socket = socket;
    this.target = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
    socket.on('message', (bytes) => void this.datagrams.push(bytes));
  }

  static async listen(host = '127.0.0.1'): Promise<DatagramCatcher> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, host);
    await once(socket, 'listening');
    return new DatagramCatcher(socket);
  }

  /** Resolves when all is in `datagrams` that was sent before: they come in order. */
  async settle(): Promise<void> {
    const mark = Buffer.from('the last one');
    const { address, port } = this.#socket.address();
    this.#socket.send(mark, port, address);
    const isLast = (bytes: Buffer): boolean => bytes.equals(mark);
    while (!this.datagrams.some(isLast)) await once(this.#socket, 'message');
    this.datagrams.splice(this.datagrams.findIndex(isLast), 1);
  }

  close(): void {
    this.#socket.close();
  }
}
