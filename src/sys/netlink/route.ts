/**
 * rtnetlink(7) for routes: those that the kernel has, and being told when they change. Used by what tunnels know of the
 * host.
 */
import { Malformed } from '../../base/errors.ts';
import type { Watch } from '../calls/fd.ts';
import { addressIn, anyFamily, familySize } from './family.ts';
import { NETLINK_ROUTE, requests } from './link.ts';
import { attributeU32, flag, type NetlinkMessage, walkAttributes } from './message.ts';
import { NetlinkSocket } from './socket.ts';

const messageType = { newRoute: 24, getRoute: 26 } as const;
const attribute = { destination: 1, outputInterface: 4, gateway: 5, mark: 16 } as const;
const routeType = { unicast: 1, local: 2 } as const;
const nowhere = 255;
const headerSize = 12;

/** Bits of the multicast groups of changes. */
const RTMGRP_IPV4_ROUTE = 0x40;
const RTMGRP_IPV6_ROUTE = 0x400;

/** To a host or network, by a device. */
export interface KernelRoute {
  /** 4 or 16 bytes. */
  readonly destination: Uint8Array;
  readonly prefix: number;
  readonly ifindex: number;
  readonly gateway: Uint8Array | undefined;
  /** To the host itself. */
  readonly isLocal: boolean;
  /** Of packets that it is for; 0 for those without. */
  readonly mark: number;
}

/** Undefined for any other message, and for routes that lead to no device. Throws Malformed. */
export function parseRoute({ type, payload }: NetlinkMessage): KernelRoute | undefined {
  if (type !== messageType.newRoute) return undefined;
  if (payload.byteLength < headerSize) throw new Malformed('netlink route', 0, 'cut short');
  const size = familySize.get(payload.getUint8(0));
  const prefix = payload.getUint8(1);
  const kind = payload.getUint8(7);
  if (size === undefined || payload.getUint8(6) === nowhere) return undefined;
  if (kind !== routeType.unicast && kind !== routeType.local) return undefined;
  if (prefix > 8 * size) throw new Malformed('netlink route', 1, `a prefix of ${prefix} bits`);
  let destination = new Uint8Array(size);
  let gateway: Uint8Array | undefined;
  let ifindex = 0;
  let mark = 0;
  walkAttributes(payload, headerSize, (which, value) => {
    if (which === attribute.destination) destination = addressIn(value, size);
    else if (which === attribute.gateway) gateway = addressIn(value, size);
    else if (which === attribute.outputInterface) ifindex = attributeU32(value);
    else if (which === attribute.mark) mark = attributeU32(value);
  });
  if (ifindex === 0) return undefined;
  return { destination, prefix, ifindex, gateway, isLocal: kind === routeType.local, mark };
}

/** Of all tables, in the kernel's order. Throws SyscallFailed. */
export function dumpRoutes(): KernelRoute[] {
  const routes: KernelRoute[] = [];
  requests().request(messageType.getRoute, flag.dump, anyFamily(), 'cannot list routes', (message) => {
    const route = parseRoute(message);
    if (route !== undefined) routes.push(route);
  });
  return routes;
}

/** Calls `changed` after routes came or went, however many. Throws SyscallFailed. */
export function watchRoutes(changed: () => void): Watch {
  const socket = new NetlinkSocket(NETLINK_ROUTE, RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE);
  return socket.watch(() => {
    socket.drain(() => {});
    changed();
  });
}
