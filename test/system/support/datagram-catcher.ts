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

  close(): void {
    this.#socket.close();
  }
}
