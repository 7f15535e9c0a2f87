/** A packet port without a device, over a ring of our own. Opened by `../registry.ts`. */
import { allocate } from '../../sys/calls/memory.ts';
import { PracticeKernel } from '../practice-kernel.ts';
import type { PracticePort } from '../provider.ts';
import { PacketPort } from './packet-port.ts';
import { slotHeader, slotSize, slotStatus } from './packet-socket.ts';

const slotCount = 32;
/** Where the kernel puts a frame, behind the room that we ask for. */
const mac = 194;

export function openPracticePacketPort(): PracticePort {
  const kernel = new PracticeKernel();
  const ring = allocate(slotCount * slotSize);
  const view = new DataView(ring.buffer);
  const bytes = new Uint8Array(ring.buffer);
  let next = 0;
  kernel.send(Uint8Array.of(0)); // never fetched: readable for good
  const socket = { fd: kernel.fd, ring, slotCount };
  const io = new PacketPort({ socket, isOwner: true, slotLimit: slotCount }, { ...ring, slotCount });
  return {
    io,
    arrive(packet) {
      bytes.set(packet, next * slotSize + mac);
      fillSlot(view, next, slotStatus.user, packet.length, mac);
      next = (next + 1) % slotCount;
    },
    takeSent: () => kernel.takeSent(),
    refuse: () => kernel.refuse(),
    close() {
      io.close();
      kernel.close();
    },
  };
}

/** Hands out slot number `slot` of a ring as the kernel does. Bytes: `mac` from the slot's start. */
export function fillSlot(
  view: DataView,
  slot: number,
  status: number,
  size: number,
  mac: number,
  captured = size,
): void {
  const at = slot * slotSize;
  view.setUint32(at + slotHeader.size, size, true);
  view.setUint32(at + slotHeader.capturedSize, captured, true);
  view.setUint16(at + slotHeader.mac, mac, true);
  view.setUint32(at + slotHeader.status, status, true);
}
