/**
 * Devices through ioctl: making TAP devices (the kernel's Documentation/networking/tuntap.rst) and what ethtool tells
 * about any device.
 */

import { accessSync, closeSync, constants } from 'node:fs';
import { fromNodeError } from '../../base/errno.ts';
import { openSync } from '../../base/files.ts';
import { decodeCString, decodeText, encodeText } from '../../base/text.ts';
import { addressOf, failed, libcFunction } from './libc.ts';
import { family, openSocket, socketType } from './socket.ts';

const ioctlMemory = libcFunction('int ioctl(int, unsigned long, void *)');
const ioctlValue = libcFunction('int ioctl(int, unsigned long, unsigned long)');

const TUNSETIFF = 0x400454ca;
const TUNSETPERSIST = 0x400454cb;
const TUNSETOWNER = 0x400454cc;
const TUNGETIFF = 0x800454d2;
const TUNSETOFFLOAD = 0x400454d0;
const TUNSETVNETHDRSZ = 0x400454d8;
const IFF_TAP = 2;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const IFF_PERSIST = 0x0800;
const TUN_F_CSUM = 1;
const TUN_F_TSO4 = 2;
const TUN_F_TSO6 = 4;
const TUN_F_TSO_ECN = 8;
const SIOCETHTOOL = 0x8946;
const ETHTOOL_GSET = 1;
const ETHTOOL_GDRVINFO = 3;
const ETHTOOL_GLINK = 10;
const SIOCGMIIPHY = 0x8947;
const SIOCGMIIREG = 0x8948;

/** struct ifreq: name, then a union. */
const requestSize = 40;
export const deviceNameSize = 16;
const offloadHeaderSize = 10;

/**
 * Makes the TAP device `name`, or attaches to a persistent one that nobody else is attached to (EBUSY), with an offload
 * header before each frame. A device that it makes goes when the descriptor is closed, until `makePersistent`. Throws
 * SyscallFailed.
 */
export function openTap(name: string): number {
  const tried = `cannot make device ${name}`;
  const fd = openTunControl(tried);
  try {
    const request = requestFor(name);
    request.setUint16(deviceNameSize, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, true);
    if (ioctlMemory(fd, TUNSETIFF, new Uint8Array(request.buffer)) < 0) throw failed('ioctl', tried);
    const size = new Uint8Array(Int32Array.of(offloadHeaderSize).buffer);
    if (ioctlMemory(fd, TUNSETVNETHDRSZ, size) < 0) throw failed('ioctl', tried);
    ioctlValue(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** True for one that stays when its descriptor is closed. */
export function isPersistentTap(fd: number): boolean {
  return ((tapFlags(fd) ?? 0) & IFF_PERSIST) !== 0;
}

/** False once the device is deleted; one that was renamed, or moved to another network namespace, still is attached. */
export function isTapAttached(fd: number): boolean {
  return tapFlags(fd) !== undefined;
}

/** undefined when the device is deleted. */
function tapFlags(fd: number): number | undefined {
  const request = new Uint8Array(requestSize);
  if (ioctlMemory(fd, TUNGETIFF, request) < 0) return undefined;
  return new DataView(request.buffer).getUint16(deviceNameSize, true);
}

/**
 * From now on the device stays when its descriptor is closed, and only this user, or who has CAP_NET_ADMIN, may attach to
 * it then: without an owner anybody might. Throws SyscallFailed.
 */
export function makePersistent(fd: number, tried: string): void {
  const owner = process.geteuid?.() ?? 0;
  if (ioctlValue(fd, TUNSETOWNER, owner) < 0) throw failed('ioctl', tried);
  if (ioctlValue(fd, TUNSETPERSIST, 1) < 0) throw failed('ioctl', tried);
}

/** From now on the device goes when its descriptor is closed. Does nothing when it is gone already. */
export function endPersistence(fd: number): void {
  ioctlValue(fd, TUNSETPERSIST, 0);
}

/** Why this process can make no TAP device, and what helps; undefined when it can open what makes them. */
export function tunProblem(): string | undefined {
  try {
    accessSync(tunControl, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return isMissing
      ? `${tunControl} does not exist. As root: modprobe tun (to a container: --device ${tunControl})`
      : `${tunControl} is not open to this user. As root: chmod 666 ${tunControl}`;
  }
}

function openTunControl(tried: string): number {
  try {
    return openSync(tunControl, constants.O_RDWR | constants.O_NONBLOCK); // Node adds O_CLOEXEC
  } catch (error) {
    throw fromNodeError(error, tried);
  }
}

const tunControl = '/dev/net/tun';

/** What the driver says of itself; texts may be empty. */
export interface DriverInfo {
  readonly driver: string;
  readonly version: string;
  readonly firmware: string;
}

const driverInfo = { size: 196, driver: 4, version: 36, firmware: 68, textSize: 32 } as const;

/** undefined when the device has no such thing (or is gone). */
export function readDriverInfo(name: string): DriverInfo | undefined {
  const info = new Uint8Array(driverInfo.size);
  if (!ethtool(name, ETHTOOL_GDRVINFO, info)) return undefined;
  const text = (at: number) => {
    return decodeCString(info.subarray(at, at + driverInfo.textSize));
  };
  return {
    driver: text(driverInfo.driver),
    version: text(driverInfo.version),
    firmware: text(driverInfo.firmware),
  };
}

/** struct ethtool_cmd */
const linkCommand = {
  size: 44,
  supported: 4,
  advertised: 8,
  speed: 12,
  duplex: 14,
  port: 15,
  negotiates: 18,
  speedHigh: 28,
} as const;
const unknownSpeed = 0xffffffff;

export interface EthernetSettings {
  /** Mb/s; undefined when unknown. */
  readonly speed: number | undefined;
  readonly duplex: 'half' | 'full' | undefined;
  /** PORT_* */
  readonly port: number;
  readonly negotiates: boolean;
  /** Bits ADVERTISED_* and SUPPORTED_*. */
  readonly advertised: number;
  readonly supported: number;
}

/** Undefined when the device has no such thing. */
export function readEthernetSettings(name: string): EthernetSettings | undefined {
  const command = new Uint8Array(linkCommand.size);
  if (!ethtool(name, ETHTOOL_GSET, command)) return undefined;
  const view = new DataView(command.buffer);
  const speed =
    view.getUint16(linkCommand.speedHigh, true) * 0x10000 + view.getUint16(linkCommand.speed, true);
  return {
    speed: speed === unknownSpeed || speed === 0xffff ? undefined : speed,
    duplex: (['half', 'full'] as const)[view.getUint8(linkCommand.duplex)],
    port: view.getUint8(linkCommand.port),
    negotiates: view.getUint8(linkCommand.negotiates) !== 0,
    advertised: view.getUint32(linkCommand.advertised, true),
    supported: view.getUint32(linkCommand.supported, true),
  };
}

/** struct mii_ioctl_data, in an ifreq; linux/mii.h. */
const miiRequest = { register: deviceNameSize + 2, value: deviceNameSize + 6 } as const;
const MII_BMSR = 1;
const BMSR_LSTATUS = 4;

/**
 * What the device itself says of its link: its MII registers, or where there are none its driver. False if neither
 * does.
 */
export function readLinkStatus(name: string): boolean {
  const request = requestFor(name);
  const memory = new Uint8Array(request.buffer);
  if (networkIoctl(SIOCGMIIPHY, memory) === 0) {
    request.setUint16(miiRequest.register, MII_BMSR, true); // of the transceiver that the answer named
    if (networkIoctl(SIOCGMIIREG, memory) === 0)
      return (request.getUint16(miiRequest.value, true) & BMSR_LSTATUS) !== 0;
  }
  const answer = new Uint32Array(2);
  return ethtool(name, ETHTOOL_GLINK, new Uint8Array(answer.buffer)) && answer[1] !== 0;
}

/** Any socket will do for asking about devices; made once. */
let asking: number | undefined;

function ethtool(name: string, command: number, data: Uint8Array): boolean {
  new DataView(data.buffer).setUint32(0, command, true);
  const request = requestFor(name);
  request.setBigUint64(deviceNameSize, BigInt(addressOf(data)), true);
  return networkIoctl(SIOCETHTOOL, new Uint8Array(request.buffer)) === 0;
}

/** A request about a device or a route, not about a descriptor; below 0 where the kernel refuses, for `failed` to say. */
export function networkIoctl(command: number, memory: Uint8Array): number {
  asking ??= openSocket(family.inet, socketType.dgram, 0, 'cannot ask about network devices');
  return ioctlMemory(asking, command, memory);
}

/** What the kernel calls the device of that name: of a longer one it takes the first 15 bytes. */
export function kernelName(name: string): string {
  return decodeText(nameBytes(name));
}

function nameBytes(name: string): Buffer {
  return encodeText(name).subarray(0, deviceNameSize - 1);
}

/** struct ifreq about that device, whose union starts at `deviceNameSize`. */
export function requestFor(name: string): DataView {
  const request = new Uint8Array(requestSize);
  request.set(nameBytes(name));
  return new DataView(request.buffer);
}
