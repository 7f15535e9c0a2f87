/**
 * Datagrams to a unix socket (the local syslog's /dev/log), which Node does not offer.
 */
import { encodeText } from '../../base/text.ts';
import { checked, libcFunction } from './libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

const socket = libcFunction('int socket(int domain, int type, int protocol)');
const connect = libcFunction('int connect(int fd, void *address, uint32_t size)');
const send = libcFunction('long send(int fd, void *data, size_t size, int flags)');
const close = libcFunction('int close(int fd)');

export class UnixDatagramSocket {
  readonly #fd: number;

  /** Throws SyscallFailed. */
  constructor(path: string) {
    this.#fd = checked(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'socket', path);
    const name = encodeText(path);
    const address = Buffer.alloc(110);
    address.writeUInt16LE(AF_UNIX, 0);
    name.copy(address, 2, 0, 107);
    try {
      checked(connect(this.#fd, address, 2 + Math.min(name.length, 107) + 1), 'connect', path);
    } catch (error) {
      close(this.#fd);
      throw error;
    }
  }

  /** False when the receiver did not take it (its queue is full, or it is gone). */
  send(data: string): boolean {
    const bytes = encodeText(data);
    return Number(send(this.#fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL)) === bytes.length;
  }

  close(): void {
    close(this.#fd);
  }
}
