/**
 * Datagrams to a unix socket (the local syslog's /dev/log), which Node does not offer.
 */
import { encodeText } from '../../base/text.ts';
import { closeFd } from './fd.ts';
import { checked, libcFunction } from './libc.ts';
import { family, openSocket, socketType, unixAddress } from './socket.ts';

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

const connect = libcFunction('int connect(int fd, void *address, uint32_t size)');
const send = libcFunction('long send(int fd, void *data, size_t size, int flags)');

export class UnixDatagramSocket {
  readonly #fd: number;

  /** Throws SyscallFailed. */
  constructor(path: string) {
    this.#fd = openSocket(family.unix, socketType.dgram, 0, path);
    const address = unixAddress(path);
    try {
      checked(connect(this.#fd, address, address.byteLength), 'connect', path);
    } catch (error) {
      closeFd(this.#fd);
      throw error;
    }
  }

  /** False when the receiver did not take it (its queue is full, or it is gone). */
  send(data: string): boolean {
    const bytes = encodeText(data);
    return Number(send(this.#fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL)) === bytes.length;
  }

  close(): void {
    closeFd(this.#fd);
  }
}
