/**
 * A netlink socket: requests that are answered at once (the kernel has queued the answer when the send returns, so
 * nothing blocks), and multicast notifications that arrive on the event loop.
 */
import { coverageCounter } from '../../base/coverage.ts';
import { errnos, syscallFailed } from '../../base/errno.ts';
import { closeFd, type Watch, watchReadable } from '../calls/fd.ts';
import {
  bindSocket,
  family,
  isTemporary,
  level,
  openSocket,
  receiveBytes,
  sendBytes,
  sendInBackground,
  socketOption,
  socketType,
  trySetOption,
} from '../calls/socket.ts';
import { controlType, emitMessage, flag, messagesOf, type NetlinkMessage } from './message.ts';

const sentCount = coverageCounter('netlink_sent');
const receivedCount = coverageCounter('netlink_received');
const overflown = coverageCounter('netlink_overflow');

const blockSize = 65536;
const notificationBufferSize = 4 << 20;

export class NetlinkSocket {
  readonly #fd: number;
  readonly #block = new Uint8Array(blockSize);
  #sequence = 0;

  /** `groups`: bits of the multicast groups to hear. Throws SyscallFailed. */
  constructor(protocol: number, groups = 0) {
    this.#fd = openSocket(family.netlink, socketType.raw, protocol, 'cannot open a netlink socket');
    const address = new DataView(new ArrayBuffer(12));
    address.setUint16(0, family.netlink, true);
    address.setUint32(8, groups, true);
    try {
      bindSocket(this.#fd, new Uint8Array(address.buffer), 'cannot open a netlink socket');
    } catch (error) {
      closeFd(this.#fd);
      throw error;
    }
    if (groups !== 0)
      trySetOption(this.#fd, level.socket, socketOption.receiveBufferForce, notificationBufferSize);
  }

  /**
   * Sends one request and hands every message of the answer to `take`, whose views are valid during the call only.
   * `tried` names the request for the operator. Throws SyscallFailed when the kernel refuses.
   */
  request(
    type: number,
    flags: number,
    payload: Uint8Array,
    tried: string,
    take?: (m: NetlinkMessage) => void,
  ): void {
    const sequence = ++this.#sequence;
    const isDump = (flags & flag.dump) === flag.dump;
    const wanted = flag.request | flags | (isDump ? 0 : flag.ack);
    const sent = sendBytes(this.#fd, emitMessage(type, wanted, sequence, payload));
    if (sent < 0) throw syscallFailed('sendmsg', -sent, tried);
    sentCount.total++;
    while (!this.#readAnswer(sequence, tried, take)) {}
  }

  /** The same for what takes the kernel long and has no answer but success. One at a time on a socket. */
  async requestInBackground(type: number, payload: Uint8Array, tried: string): Promise<void> {
    const sequence = ++this.#sequence;
    await sendInBackground(this.#fd, emitMessage(type, flag.request | flag.ack, sequence, payload));
    while (!this.#readAnswer(sequence, tried, undefined)) {}
  }

  /** True once the answer is complete. */
  #readAnswer(sequence: number, tried: string, take: ((m: NetlinkMessage) => void) | undefined): boolean {
    const size = receiveBytes(this.#fd, this.#block);
    if (size === -errnos.EINTR) return false;
    if (size < 0) throw syscallFailed('recvmsg', -size, tried);
    receivedCount.total++;
    for (const message of messagesOf(this.#block.subarray(0, size))) {
      if (message.sequence !== sequence) continue; // the rest of an answer that was given up
      if (message.type === controlType.done) return true;
      if (message.type === controlType.error) {
        const error = message.payload.byteLength < 4 ? 0 : message.payload.getInt32(0, true);
        if (error !== 0) throw syscallFailed('netlink', -error, tried);
        return true;
      }
      take?.(message);
    }
    return false;
  }

  /**
   * Hands all notifications that have arrived to `take`. False when some were lost because the queue was full: the
   * caller must look at the whole state again.
   */
  drain(take: (m: NetlinkMessage) => void): boolean {
    let isComplete = true;
    for (;;) {
      const size = receiveBytes(this.#fd, this.#block);
      if (size === -errnos.ENOBUFS) {
        overflown.total++;
        isComplete = false;
      } else if (isTemporary(size) || size <= 0) {
        return isComplete;
      } else {
        receivedCount.total++;
        for (const message of messagesOf(this.#block.subarray(0, size))) take(message);
      }
    }
  }

  /** Calls `onReadable` when notifications have arrived; it must `drain`. */
  watch(onReadable: () => void): Watch {
    return watchReadable(this.#fd, onReadable);
  }

  close(): void {
    closeFd(this.#fd);
  }
}
