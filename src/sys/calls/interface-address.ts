/** The IPv4 address of a device, and the host's default route, through ioctl: netdevice(7). */
import { readIpv4 } from '../../base/addresses.ts';
import { deviceNameSize, networkIoctl, requestFor } from './device.ts';
import { failed } from './libc.ts';
import { family } from './socket.ts';

const SIOCADDRT = 0x890b;
const SIOCSIFADDR = 0x8916;
const SIOCSIFNETMASK = 0x891c;
const RTF_UP = 1;
const RTF_GATEWAY = 2;

/** struct rtentry, on machines of 64 bits. */
const route = { size: 120, destination: 8, gateway: 24, mask: 40, flags: 56 } as const;

/** In place of its first address. Throws SyscallFailed. */
export function setInterfaceAddress(device: string, address: string, netmask: string): void {
  const set = (command: number, value: string): void => {
    const request = requestFor(device);
    putAddress(request, deviceNameSize, value);
    if (networkIoctl(command, new Uint8Array(request.buffer)) < 0)
      throw failed('ioctl', `cannot set an address of ${device}`);
  };
  set(SIOCSIFADDR, address);
  set(SIOCSIFNETMASK, netmask);
}

/** What nothing else is known about is sent to that address. Throws SyscallFailed. */
export function addDefaultRoute(gateway: string): void {
  const request = new DataView(new ArrayBuffer(route.size));
  putAddress(request, route.destination, '0.0.0.0');
  putAddress(request, route.gateway, gateway);
  putAddress(request, route.mask, '0.0.0.0');
  request.setUint16(route.flags, RTF_UP | RTF_GATEWAY, true);
  if (networkIoctl(SIOCADDRT, new Uint8Array(request.buffer)) < 0)
    throw failed('ioctl', `cannot route by way of ${gateway}`);
}

/** struct sockaddr_in */
function putAddress(to: DataView, at: number, address: string): void {
  to.setUint16(at, family.inet, true);
  new Uint8Array(to.buffer).set(readIpv4(address), at + 4);
}
