/**
 * AF_PACKET sockets, whose frames come as messages or lie in mapped rings of received frames, or of frames to send:
 * packet(7) and the kernel's Documentation/networking/packet_mmap.rst.
 */
import { closeFd } from '../../sys/calls/fd.ts';
import { type Memory, mapFd } from '../../sys/calls/memory.ts';
import {
  bindSocket,
  family,
  level,
  muteSocket,
  openSocket,
  setOption,
  setOptionBytes,
  socketOption,
  socketType,
  trySetOption,
  trySetOptionInBackground,
} from '../../sys/calls/socket.ts';
import type { Frame } from '../../wire/frame.ts';
import { restoreVlanTag } from '../offload-header.ts';

const packetOption = {
  addMembership: 1,
  rxRing: 5,
  statistics: 6,
  copyThresh: 7,
  auxData: 8,
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
const defaultTpid = 0x8100;

/** Bytes of one slot: any frame of a 1500-byte device with tags and headroom; longer ones come as messages. */
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

/** A socket that receives nothing yet; frames come as messages, with their tags beside them. Throws SyscallFailed. */
export function openMessageSocket(name: string): number {
  const fd = openPacketSocket(name);
  return orClose(fd, () => setOption(fd, level.packet, packetOption.auxData, 1, openTried(name)));
}

/** A socket on which messages are only sent, to that device. Throws SyscallFailed. */
export function openSendSocket(name: string, ifindex: number): number {
  return bindToSend(openPacketSocket(name), name, ifindex);
}

/** A socket like the first with a ring of received frames. Throws SyscallFailed. */
export async function openReceiveRing(name: string, slotCount: number): Promise<number> {
  const fd = openPacketSocket(name);
  await giveRing(fd, packetOption.rxRing, wholeBlocks(slotCount), name);
  return fd;
}

/** A socket with a ring of frames to send on that device. Throws SyscallFailed. */
export async function openSendRing(name: string, ifindex: number): Promise<number> {
  const fd = openPacketSocket(name);
  await giveRing(fd, packetOption.txRing, sendSlotCount, name);
  return bindToSend(fd, name, ifindex);
}

/** Makes the device take frames whatever their address, as long as the socket is open. Throws SyscallFailed. */
export async function takeAllFrames(fd: number, name: string, ifindex: number): Promise<void> {
  await setOptionAside(fd, packetOption.addMembership, promiscuous(ifindex), name, false);
}

/** The same on this thread. */
export function takeAllFramesNow(fd: number, name: string, ifindex: number): void {
  setOptionHere(fd, packetOption.addMembership, promiscuous(ifindex), name);
}

/**
 * From now on frames of the device come in; with `before`, instead of there: what that has received already can be
 * fetched. Throws SyscallFailed.
 */
export function startReceiving(fd: number, name: string, ifindex: number, before?: number): void {
  const tried = openTried(name);
  // In this order, lest a frame come in twice: the worst is that one is lost in between.
  if (before !== undefined) muteSocket(before, tried);
  bindSocket(fd, linkAddress(ifindex, ETH_P_ALL), tried);
}

/** Maps the ring that was made with so many slots. Throws SyscallFailed. */
export function mapReceiveRing(fd: number, slotCount: number): Memory {
  return mapFd(fd, wholeBlocks(slotCount) * slotSize, 'cannot map a receive ring');
}

/** Maps the ring of a send socket. Throws SyscallFailed. */
export function mapSendRing(fd: number): Memory {
  return mapFd(fd, sendSlotCount * slotSize, 'cannot map a send ring');
}

/** Puts back the tag that the kernel took out of a frame, where `status` says so. */
export function restoreTag(frame: Frame, status: number, tci: number, tpid: number): void {
  if ((status & slotStatus.vlan) !== 0)
    restoreVlanTag(frame, (status & slotStatus.tpid) === 0 ? defaultTpid : tpid, tci);
}

function bindToSend(fd: number, name: string, ifindex: number): number {
  return orClose(fd, () => bindSocket(fd, linkAddress(ifindex, noProtocol), openTried(name)));
}

function openTried(name: string): string {
  return `cannot open network device ${name}`;
}

/** With everything set but its ring and its device. */
function openPacketSocket(name: string): number {
  const tried = openTried(name);
  const fd = openSocket(family.packet, socketType.raw, 0, tried);
  return orClose(fd, () => {
    const set = (option: number, value: number) => setOption(fd, level.packet, option, value, tried);
    set(packetOption.version, TPACKET_V2);
    set(packetOption.vnetHdr, 1);
    set(packetOption.reserve, slotReserve);
    set(packetOption.copyThresh, 1);
    set(packetOption.ignoreOutgoing, 1);
    for (const option of [socketOption.receiveBufferForce, socketOption.sendBufferForce])
      trySetOption(fd, level.socket, option, socketBufferSize);
  });
}

function giveRing(fd: number, option: number, slotCount: number, name: string): Promise<void> {
  return setOptionAside(fd, option, ringRequest(slotCount), name, true);
}

/** Off this thread: it takes the kernel milliseconds, or has to wait for others who configure devices. */
async function setOptionAside(
  fd: number,
  option: number,
  value: Uint8Array,
  name: string,
  isPatient: boolean,
): Promise<void> {
  if (await trySetOptionInBackground(fd, level.packet, option, value, isPatient)) return;
  setOptionHere(fd, option, value, name); // once more, for the reason
}

function setOptionHere(fd: number, option: number, value: Uint8Array, name: string): void {
  orClose(fd, () => setOptionBytes(fd, level.packet, option, value, openTried(name)));
}

/** The socket, closed when it can't be made what it is to be. */
function orClose(fd: number, action: () => void): number {
  try {
    action();
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/** The kernel takes no others. */
function wholeBlocks(slotCount: number): number {
  const perBlock = blockSize / slotSize;
  return Math.max(1, Math.ceil(slotCount / perBlock)) * perBlock;
}

/** struct tpacket_req */
function ringRequest(slotCount: number): Uint8Array {
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
