/** Packet ports without a device. Opened by `../registry.ts`. */
import { allocate } from '../../sys/calls/memory.ts';
import type { WarmUpPort } from '../provider.ts';
import { WarmUpKernel, warmUpPort } from '../warm-up-kernel.ts';
import { PacketPort } from './packet-port.ts';
import { slotHeader, slotSize, slotStatus } from './packet-socket.ts';
import { RingReceiver } from './ring-receiver.ts';

const slotCount = 32;
/** Where the kernel puts a frame, behind the room that we ask for. */
const mac = 194;

/** One that frames reach as messages. Throws SyscallFailed. */
export function openWarmUpPacketPort(): WarmUpPort {
  const kernel = new WarmUpKernel();
  return warmUpPort(kernel, new PacketPort(deviceOn(kernel)));
}

/** One with a ring of our own. Throws SyscallFailed. */
export function openWarmUpRingPort(): WarmUpPort {
  const kernel = new WarmUpKernel();
  const ring = allocate(slotCount * slotSize);
  const view = new DataView(ring.buffer);
  const bytes = new Uint8Array(ring.buffer);
  let next = 0;
  kernel.send(Uint8Array.of()); // never fetched: readable for good
  const io = new PacketPort(deviceOn(kernel), (counters) => new RingReceiver(kernel.fd, ring, counters));
  return warmUpPort(kernel, io, (frame) => {
    bytes.set(frame, next * slotSize + mac);
    fillSlot(view, next, slotStatus.user, frame.length, mac);
    next = (next + 1) % slotCount;
  });
}

function deviceOn({ fd }: WarmUpKernel): ConstructorParameters<typeof PacketPort>[0] {
  return { name: 'warm-up', ifindex: 0, fd, isOwner: false };
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
