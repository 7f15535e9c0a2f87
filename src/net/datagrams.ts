/**
 * UDP datagrams to one peer: what exporters of flow records send by. Nothing waits for a peer that cannot be reached;
 * what cannot be sent is told and gone.
 */
import type { Socket } from 'node:dgram';
import { isIP, isIPv6 } from 'node:net';
import { errnos, fromNodeError, syscallFailed } from '../base/errno.ts';
import { SyscallFailed } from '../base/errors.ts';
import { logger } from '../base/log.ts';
import { type DatagramRemote, formatHostPort } from './remote.ts';

const log = logger('dns_resolve');

/** One owner; `close` is the owner's duty. */
export interface DatagramPeer {
  /** "127.0.0.1:40000<->127.0.0.1:2055"; without the first half as long as there is no socket. */
  readonly name: string;
  /** Undefined as long as there is no socket. */
  readonly localAddress: string | undefined;
  /** The bytes are the peer's from then on. */
  send(datagram: Uint8Array): void;
  close(): void;
}

/** None comes before the call that opens has returned. */
interface DatagramEvents {
  /** There is a socket. */
  opened(): void;
  /** There will be no socket: its name means nothing, say. */
  unopened(why: SyscallFailed): void;
  /** A datagram, this one or an earlier one, was not taken. */
  unsent(why: SyscallFailed): void;
}

/** How peers are found: by sockets, or within a test. */
export type OpenDatagrams = (remote: DatagramRemote, events: DatagramEvents) => DatagramPeer;

export const openDatagrams: OpenDatagrams = (remote, events) => new UdpPeer(remote, events);

/** Datagrams that wait for the socket. */
const waitingLimit = 64;
/** Bytes that wait for the kernel to take them. */
const queueLimit = 1 << 20;

class UdpPeer implements DatagramPeer {
  readonly #remote: DatagramRemote;
  readonly #events: DatagramEvents;
  #socket: Socket | undefined;
  #waiting: Uint8Array[] = [];
  #isClosed = false;

  constructor(remote: DatagramRemote, events: DatagramEvents) {
    this.#remote = remote;
    this.#events = events;
    void this.#open();
  }

  get name(): string {
    const remote = formatHostPort(this.#remote);
    if (this.#socket === undefined) return remote;
    const { address: host, port } = this.#socket.address();
    return `${formatHostPort({ host, port })}<->${remote}`;
  }

  get localAddress(): string | undefined {
    return this.#socket?.address().address;
  }

  send(datagram: Uint8Array): void {
    if (this.#isClosed) return;
    const isFull = (this.#socket?.getSendQueueSize() ?? 0) > queueLimit;
    if (this.#socket !== undefined && !isFull)
      this.#socket.send(datagram, (error) => {
        if (error !== null && !this.#isClosed) this.#events.unsent(this.#failureOf(error));
      });
    else if (!isFull && this.#waiting.length < waitingLimit) this.#waiting.push(datagram);
    else this.#events.unsent(syscallFailed('sendto', errnos.EAGAIN, this.name));
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#socket?.close();
    this.#socket = undefined;
  }

  async #open(): Promise<void> {
    try {
      const socket = await connect(this.#remote);
      if (this.#isClosed) {
        socket.close();
        return;
      }
      socket.on('error', (error) => this.#events.unsent(this.#failureOf(error)));
      this.#socket = socket;
      for (const datagram of this.#waiting) this.send(datagram);
      this.#waiting = [];
      this.#events.opened();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (this.#isClosed) return;
      this.close();
      this.#events.unopened(this.#failureOf(error));
    }
  }

  #failureOf(error: Error): SyscallFailed {
    const failure = fromNodeError(error, this.name);
    if (failure instanceof SyscallFailed) return failure;
    if ('syscall' in error && error.syscall === 'getaddrinfo') {
      log.warn(`${this.#remote.host}: failed to resolve`);
      return syscallFailed('connect', errnos.EAFNOSUPPORT, `${this.name}: cannot resolve the host name`);
    }
    throw error;
  }
}

/** A socket that sends to that peer, and keeps no process alive. */
async function connect({ host, port }: DatagramRemote): Promise<Socket> {
  // Exporters are rare: whoever has none does not load these.
  const { createSocket } = process.getBuiltinModule('node:dgram');
  const { lookup } = process.getBuiltinModule('node:dns/promises');
  const address = isIP(host) === 0 ? (await lookup(host)).address : host;
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4').unref();
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once('error', failed);
    socket.connect(port, address, () => {
      socket.off('error', failed);
      resolve(socket);
    });
  });
}
