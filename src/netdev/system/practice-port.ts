/**
 * A packet port over memory in which we play the kernel: the ring is ours, the socket one end of a pair. Opened by
 * `../registry.ts`.
 */
import { closeFd } from '../../sys/calls/fd.ts';
import { allocate } from '../../sys/calls/memory.ts';
import { openDatagramPair, receiveBytes, sendBytes, stopReceiving } from '../../sys/calls/socket.ts';
import type { PracticePort } from '../provider.ts';
import { PacketPort } from './packet-port.ts';
import { slotHeader, slotSize, slotStatus } from './packet-socket.ts';

const slotCount = 32;
/** Where the kernel puts a frame, behind the room that we ask for. */
const mac = 194;

export function openPracticePacketPort(): PracticePort {
  const [near, far] = openDatagramPair();
  const ring = allocate(slotCount * slotSize);
  const slots = new DataView(ring.buffer);
  const bytes = new Uint8Array(ring.buffer);
  const socket = { fd: near, ring, slotCount };
  const scratch = new Uint8Array(slotSize);
  let next = 0;
  sendBytes(far, scratch); // never fetched: readable for good
  const io = new PacketPort({ socket, isOwner: true, slotLimit: slotCount }, { ...ring, slotCount });
  return {
    io,
    arrive(packet) {
      const at = next * slotSize;
      next = (next + 1) % slotCount;
      bytes.set(packet, at + mac);
      slots.setUint32(at + slotHeader.size, packet.length, true);
      slots.setUint32(at + slotHeader.capturedSize, packet.length, true);
      slots.setUint16(at + slotHeader.mac, mac, true);
      slots.setUint32(at + slotHeader.status, slotStatus.user, true);
    },
    takeSent() {
      while (receiveBytes(far, scratch) > 0);
    },
    refuse() {
      stopReceiving(far);
    },
    close() {
      io.close();
      closeFd(far);
    },
  };
}
