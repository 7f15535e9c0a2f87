/** A TAP port over one end of a pair of sockets, whose other end plays the kernel. Opened by `../registry.ts`. */
import { closeFd } from '../../sys/calls/fd.ts';
import { openDatagramPair, receiveBytes, sendBytes, stopReceiving } from '../../sys/calls/socket.ts';
import { offloadHeaderSize } from '../offload-header.ts';
import type { PracticePort } from '../provider.ts';
import { TapPort } from './tap-port.ts';

const frameLimit = 4096;

export function openPracticeTapPort(): PracticePort {
  const [near, far] = openDatagramPair();
  const scratch = new Uint8Array(offloadHeaderSize + frameLimit);
  const io = new TapPort(near);
  return {
    io,
    arrive(packet) {
      scratch.set(packet, offloadHeaderSize);
      sendBytes(far, scratch.subarray(0, offloadHeaderSize + packet.length));
    },
    takeSent() {
      while (receiveBytes(far, scratch) > 0);
    },
    refuse() {
      stopReceiving(far);
    },
    close() {
      io.close();
      closeFd(near);
      closeFd(far);
    },
  };
}
