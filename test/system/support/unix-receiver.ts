/** A unix datagram socket to receive on, as a syslog daemon has; Node offers none. */
import { libcFunction } from '../../../src/sys/calls/libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;

const socket = libcFunction('int socket(int domain, int type, int protocol)');
const bind = libcFunction('int bind(int fd, void *address, uint32_t size)');
const recv = libcFunction('long recv(int fd, void *buffer, size_t size, int flags)');
const close = libcFunction('int close(int fd)');

export class UnixReceiver implements Disposable {
  readonly #fd = socket(AF_UNIX, SOCK_DGRAM, 0);

  constructor(path: string) {
    const address = Buffer.alloc(110);
    address.writeUInt16LE(AF_UNIX, 0);
    address.write(path, 2);
    if (bind(this.#fd, address, address.length) !== 0) throw new Error(`cannot bind to ${path}`);
  }

  /** What has come in since the last call. */
  take(): string[] {
    const buffer = Buffer.alloc(65536);
    const taken: string[] = [];
    for (;;) {
      const size = Number(recv(this.#fd, buffer, buffer.length, MSG_DONTWAIT));
      if (size < 0) return taken;
      taken.push(buffer.toString('utf8', 0, size));
    }
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}
