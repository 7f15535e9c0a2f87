/**
 * Opening AF_PACKET sockets with a mapped ring of received frames, or of frames to send: packet(7) and the kernel's
 * Documentation/networking/packet_mmap.rst. Used by `packet-port.ts` and, to prepare them, `../registry.ts`.
 */
import { closeFd } from '../../sys/calls/fd.ts';
import { type Memory, mapFd } from '../../sys/calls/memory.ts';
import {
  bindSocket,
  family,
  level,
  openSocket,
  setOption,
  setOptionBytes,
  socketOption,
  socketType,
  trySetOption,
  trySetOptionInBackground,
} from '../../sys/calls/socket.ts';

const packetOption = {
  addMembership: 1,
  rxRing: 5,
  statistics: 6,
  copyThresh: 7,
  version: 10,
  reserve: 12,
  txRing: 13,
  vnetHdr: 15,
  ignoreOutgoing: 23,
} as const;
export const packetStatisticsOption = packetOption.statistics;

const TPACKET_V2 = 1;
const PACKET_MR_PROMISC = 1;
/** Protocols that a socket receives. */
const ETH_P_ALL = 3;
const noProtocol = 0;

/** Bytes of one slot: any frame of a 1500-byte device with tags and headroom; longer ones come through recvmmsg. */
export const slotSize = 2048;
/** Free bytes that the kernel leaves before each frame, for tags and tunnel headers. */
const slotReserve = 128;
const blockSize = 65536;
/** Frames of one batch. */
const sendSlotCount = 256;
const socketBufferSize = 8 << 20;

/** struct tpacket2_hdr, byte offsets inside a slot. */
export const slotHeader = {
  status: 0,
  size: 4,
  capturedSize: 8,
  mac: 12,
  tci: 24,
  tpid: 26,
  end: 52,
} as const;

/** Bits of the status word. */
export const slotStatus = { user: 1, copy: 2, losing: 4, vlan: 0x10, tpid: 0x40 } as const;

export interface PacketSocket {
  readonly fd: number;
  readonly ring: Memory;
  readonly slotCount: number;
}

/** Opens the device with that index, promiscuous, and starts to receive. Throws SyscallFailed. */
export function openPacketSocket(name: string, ifindex: number, wantedSlots: number): PacketSocket {
  const fd = openUnbound(name);
  try {
    requestRing(fd, roundUp(wantedSlots), openTried(name));
    return startPacketSocket(fd, name, ifindex, wantedSlots);
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/**
 * The part that takes the kernel milliseconds, off this thread: a socket with its ring that is not bound yet. Throws
 * SyscallFailed.
 */
export async function preparePacketSocket(name: string, wantedSlots: number): Promise<number> {
  const fd = openUnbound(name);
  const ring = ringRequest(roundUp(wantedSlots));
  const isDone = await trySetOptionInBackground(fd, level.packet, packetOption.rxRing, ring);
  try {
    if (!isDone) requestRing(fd, roundUp(wantedSlots), openTried(name)); // once more, for the reason
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/** Maps the ring of a prepared socket and starts to receive. Throws SyscallFailed; leaves closing to the caller. */
export function startPacketSocket(
  fd: number,
  name: string,
  ifindex: number,
  wantedSlots: number,
): PacketSocket {
  const tried = openTried(name);
  const slotCount = roundUp(wantedSlots);
  const ring = mapFd(fd, slotCount * slotSize, tried);
  try {
    setOptionBytes(fd, level.packet, packetOption.addMembership, promiscuous(ifindex), tried);
    bindSocket(fd, linkAddress(ifindex, ETH_P_ALL), tried);
  } catch (error) {
    ring.unmap();
    throw error;
  }
  return { fd, ring, slotCount };
}

/**
 * A second socket on that device, which receives nothing: its ring of frames to send is made off this thread, since
 * that takes the kernel milliseconds. Throws SyscallFailed.
 */
export async function prepareSendSocket(name: string, ifindex: number): Promise<number> {
  const fd = openUnbound(name);
  const ring = ringRequest(sendSlotCount);
  try {
    if (!(await trySetOptionInBackground(fd, level.packet, packetOption.txRing, ring)))
      setOptionBytes(fd, level.packet, packetOption.txRing, ring, openTried(name)); // once more, for the reason
    bindSocket(fd, linkAddress(ifindex, noProtocol), openTried(name));
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/** Maps the ring of a send socket. Throws SyscallFailed. */
export function mapSendRing(fd: number): Memory {
  return mapFd(fd, sendSlotCount * slotSize, 'cannot map a send ring');
}

function openTried(name: string): string {
  return `cannot open network device ${name}`;
}

/** A packet socket with everything set but its ring and its device. */
function openUnbound(name: string): number {
  const tried = openTried(name);
  const fd = openSocket(family.packet, socketType.raw, 0, tried);
  try {
    const set = (option: number, value: number) => setOption(fd, level.packet, option, value, tried);
    set(packetOption.version, TPACKET_V2);
    set(packetOption.vnetHdr, 1);
    set(packetOption.reserve, slotReserve);
    set(packetOption.copyThresh, 1);
    set(packetOption.ignoreOutgoing, 1);
    for (const option of [socketOption.receiveBufferForce, socketOption.sendBufferForce])
      trySetOption(fd, level.socket, option, socketBufferSize);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/**
 * Gives the socket a ring of another size. Every view of the old one must have been forgotten, and what it holds is
 * lost; so are the frames that come meanwhile. Throws SyscallFailed and leaves the socket without a ring.
 */
export function replaceRing(socket: PacketSocket, wantedSlots: number, tried: string): PacketSocket {
  const slotCount = roundUp(wantedSlots);
  socket.ring.unmap();
  requestRing(socket.fd, 0, tried);
  requestRing(socket.fd, slotCount, tried);
  return { fd: socket.fd, ring: mapFd(socket.fd, slotCount * slotSize, tried), slotCount };
}

/** Whole blocks only. */
function roundUp(slotCount: number): number {
  const perBlock = blockSize / slotSize;
  return Math.max(1, Math.ceil(slotCount / perBlock)) * perBlock;
}

/** No slots gives the ring back. */
function requestRing(fd: number, slotCount: number, tried: string): void {
  setOptionBytes(fd, level.packet, packetOption.rxRing, ringRequest(slotCount), tried);
}

/** struct tpacket_req */
function ringRequest(slotCount: number): Uint8Array {
  if (slotCount === 0) return new Uint8Array(16);
  const request = Uint32Array.of(blockSize, (slotCount * slotSize) / blockSize, slotSize, slotCount);
  return new Uint8Array(request.buffer);
}

/** struct packet_mreq */
function promiscuous(ifindex: number): Uint8Array {
  const request = new DataView(new ArrayBuffer(16));
  request.setInt32(0, ifindex, true);
  request.setUint16(4, PACKET_MR_PROMISC, true);
  return new Uint8Array(request.buffer);
}

/** struct sockaddr_ll */
function linkAddress(ifindex: number, protocol: number): Uint8Array {
  const address = new DataView(new ArrayBuffer(20));
  address.setUint16(0, family.packet, true);
  address.setUint16(2, protocol); // network order
  address.setInt32(4, ifindex, true);
  return new Uint8Array(address.buffer);
}
