/** The DSCP of the packets of a TCP socket that Node has opened: an option that Node does not offer. */
import { type Server, Socket } from 'node:net';
import { descriptorOf } from './fd.ts';
import { failed } from './libc.ts';
import { trySetOption } from './socket.ts';

const IP = { level: 0, trafficClass: 1 } as const; // IPPROTO_IP, IP_TOS
const IPV6 = { level: 41, trafficClass: 67 } as const; // IPPROTO_IPV6, IPV6_TCLASS

/** `dscp`: 0..63. Connections that a listener accepts inherit its own. Throws SyscallFailed. */
export function setDscp(socket: Socket | Server, dscp: number): void {
  const fd = descriptorOf(socket);
  if (fd === undefined) return;
  const { level, trafficClass } = isIpv6(socket) ? IPV6 : IP;
  if (!trySetOption(fd, level, trafficClass, dscp << 2)) throw failed('setsockopt', `DSCP ${dscp}`);
}

function isIpv6(socket: Socket | Server): boolean {
  const address = socket instanceof Socket ? socket.localAddress : addressOf(socket);
  return address?.includes(':') === true;
}

function addressOf(server: Server): string | undefined {
  const address = server.address();
  return typeof address === 'object' ? address?.address : undefined;
}
