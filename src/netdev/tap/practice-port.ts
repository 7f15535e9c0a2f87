/** A TAP port without a device. Opened by `../registry.ts`. */
import { closeFd } from '../../sys/calls/fd.ts';
import { offloadHeaderSize } from '../offload-header.ts';
import { PracticeKernel } from '../practice-kernel.ts';
import type { PracticePort } from '../provider.ts';
import { TapPort } from './tap-port.ts';

const frameLimit = 2048;

export function openPracticeTapPort(): PracticePort {
  const kernel = new PracticeKernel();
  const written = new Uint8Array(offloadHeaderSize + frameLimit);
  const io = new TapPort(kernel.fd);
  return {
    io,
    arrive(packet) {
      written.set(packet, offloadHeaderSize);
      kernel.send(written.subarray(0, offloadHeaderSize + packet.length));
    },
    takeSent: () => kernel.takeSent(),
    refuse: () => kernel.refuse(),
    close() {
      io.close();
      closeFd(kernel.fd);
      kernel.close();
    },
  };
}
