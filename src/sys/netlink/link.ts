/**
 * rtnetlink(7) for links: what a network device is, changing it, its counters. Used by the link monitor and by
 * netdevs.
 */

import { formatMac, readMac } from '../../base/addresses.ts';
import { errnos } from '../../base/errno.ts';
import { Malformed, SyscallFailed } from '../../base/errors.ts';
import { kernelName } from '../calls/device.ts';
import {
  attributeText,
  attributeU32,
  flag,
  MessageWriter,
  type NetlinkMessage,
  walkAttributes,
} from './message.ts';
import { NetlinkSocket } from './socket.ts';

export const NETLINK_ROUTE = 0;
/** Bit of the multicast group of link changes. */
export const RTMGRP_LINK = 1;

const messageType = {
  newLink: 16,
  delLink: 17,
  getLink: 18,
  setLink: 19,
  newStats: 92,
  getStats: 94,
  newProperties: 108,
  delProperties: 109,
} as const;
const attribute = {
  address: 1,
  name: 3,
  mtu: 4,
  linkInfo: 18,
  group: 27,
  extensionMask: 29,
  carrierChanges: 35,
  properties: 52,
  alternativeName: 53,
} as const;
/** Leave out the counters, which are most of an answer. */
const RTEXT_FILTER_SKIP_STATS = 8;
const linkInfoKind = 1;
const linkStats64 = 1;

const interfaceHeaderSize = 16;
const statsHeaderSize = 12;

const IFF_UP = 1;
const IFF_LOOPBACK = 8;
const IFF_RUNNING = 0x40;
const IFF_PROMISC = 0x100;

/** A network device of the kernel. */
export interface Link {
  readonly ifindex: number;
  readonly name: string;
  /** "xx:xx:xx:xx:xx:xx", or "" for a device without hardware address. */
  readonly mac: string;
  /** Bytes of layer 3. */
  readonly mtu: number;
  readonly isUp: boolean;
  /** Administratively up and with carrier. */
  readonly isRunning: boolean;
  readonly isPromiscuous: boolean;
  readonly isLoopback: boolean;
  /** "veth", "tun", ...; "" for a physical device. */
  readonly kind: string;
  /** For commands about many devices at once; 0 unless somebody set it. */
  readonly group: number;
  /** Further names (`ip link property`). Those of a device that is down come and go without notification. */
  readonly alternativeNames: readonly string[];
  /** How often `isRunning` was seen to change. */
  readonly runningChanges: number;
}

export interface LinkChange {
  readonly isRemoved: boolean;
  readonly link: Link;
}

/** A link notification or dump entry; undefined for any other message. Throws Malformed. */
export function parseLinkChange(message: NetlinkMessage): LinkChange | undefined {
  if (message.type !== messageType.newLink && message.type !== messageType.delLink) return undefined;
  const { payload } = message;
  if (payload.byteLength < interfaceHeaderSize) throw new Malformed('netlink link', 0, 'cut short');
  if (payload.getUint8(0) !== 0) return undefined; // about a bridge's port, not the device
  return { isRemoved: message.type === messageType.delLink, link: parseLink(payload) };
}

function parseLink(payload: DataView): Link {
  const flags = payload.getUint32(8, true);
  let name = '';
  let mac = '';
  let mtu = 0;
  let kind = '';
  let group = 0;
  const alternativeNames: string[] = [];
  walkAttributes(payload, interfaceHeaderSize, (type, value) => {
    if (type === attribute.name) name = attributeText(value);
    else if (type === attribute.address) mac = value.byteLength === 6 ? formatMac(bytesOf(value)) : '';
    else if (type === attribute.mtu) mtu = attributeU32(value);
    else if (type === attribute.group) group = attributeU32(value);
    else if (type === attribute.linkInfo)
      walkAttributes(value, 0, (inner, text) => {
        if (inner === linkInfoKind) kind = attributeText(text);
      });
    else if (type === attribute.properties)
      walkAttributes(value, 0, (inner, text) => {
        if (inner === attribute.alternativeName) alternativeNames.push(attributeText(text));
      });
  });
  return {
    ifindex: payload.getInt32(4, true),
    name,
    mac,
    mtu,
    isUp: (flags & IFF_UP) !== 0,
    isRunning: (flags & IFF_RUNNING) !== 0,
    isPromiscuous: (flags & IFF_PROMISC) !== 0,
    isLoopback: (flags & IFF_LOOPBACK) !== 0,
    kind,
    group,
    alternativeNames,
    runningChanges: 0,
  };
}

/** struct rtnl_link_stats64 in its order. */
const counterNames = [
  'rx_packets',
  'tx_packets',
  'rx_bytes',
  'tx_bytes',
  'rx_errors',
  'tx_errors',
  'rx_dropped',
  'tx_dropped',
  'multicast',
  'collisions',
  'rx_length_errors',
  'rx_over_errors',
  'rx_crc_errors',
  'rx_frame_errors',
  'rx_fifo_errors',
  'rx_missed_errors',
  'tx_aborted_errors',
  'tx_carrier_errors',
] as const;
export type LinkCounters = Readonly<Record<(typeof counterNames)[number], number>>;

/** The device's counters of an RTM_NEWSTATS message; undefined for any other. Throws Malformed. */
export function parseLinkStats(
  message: NetlinkMessage,
): { ifindex: number; counters: LinkCounters } | undefined {
  if (message.type !== messageType.newStats) return undefined;
  const { payload } = message;
  if (payload.byteLength < statsHeaderSize) throw new Malformed('netlink stats', 0, 'cut short');
  let counters: LinkCounters | undefined;
  walkAttributes(payload, statsHeaderSize, (type, value) => {
    if (type === linkStats64) counters = parseCounters(value);
  });
  return counters === undefined ? undefined : { ifindex: payload.getUint32(4, true), counters };
}

function parseCounters(value: DataView): LinkCounters {
  const counters: Record<string, number> = {};
  counterNames.forEach((name, i) => {
    const at = i * 8;
    if (value.byteLength < at + 8) throw new Malformed('netlink stats', at, 'cut short');
    counters[name] = value.getUint32(at + 4, true) * 0x100000000 + value.getUint32(at, true);
  });
  return counters as LinkCounters; // the loop filled every name
}

let shared: NetlinkSocket | undefined;

/** The socket of this thread's requests. */
export function requests(): NetlinkSocket {
  shared ??= new NetlinkSocket(NETLINK_ROUTE);
  return shared;
}

/** Every device of this network namespace. */
export function dumpLinks(): Link[] {
  const links: Link[] = [];
  requests().request(
    messageType.getLink,
    flag.dump,
    linkQuery().finish(),
    'cannot list network devices',
    (m) => {
      const change = parseLinkChange(m);
      if (change !== undefined) links.push(change.link);
    },
  );
  return links;
}

/** The device as it is now; undefined when there is none of that name, whose own may be shorter. Throws SyscallFailed. */
export function readLink(name: string): Link | undefined {
  const query = linkQuery().text(attribute.name, kernelName(name)).finish();
  let link: Link | undefined;
  try {
    requests().request(messageType.getLink, 0, query, `cannot look at device ${name}`, (message) => {
      link = parseLinkChange(message)?.link;
    });
  } catch (error) {
    if (!(error instanceof SyscallFailed) || error.errno !== errnos.ENODEV) throw error;
  }
  return link;
}

/** The counters of one device, or of all without `ifindex`. Throws SyscallFailed when it is gone. */
export function readLinkStats(
  take: (ifindex: number, counters: LinkCounters) => void,
  ifindex?: number,
): void {
  const query = new MessageWriter()
    .u32(0)
    .u32(ifindex ?? 0)
    .u32(1 << (linkStats64 - 1))
    .finish();
  const flags = ifindex === undefined ? flag.dump : 0;
  requests().request(
    messageType.getStats,
    flags,
    query,
    'cannot read the counters of network devices',
    (m) => {
      const stats = parseLinkStats(m);
      if (stats !== undefined) take(stats.ifindex, stats.counters);
    },
  );
}

/** What to change of a device; absent means leave. */
export interface LinkSettings {
  readonly isUp?: boolean;
  readonly mtu?: number;
  /** "xx:xx:xx:xx:xx:xx" */
  readonly mac?: string;
  readonly group?: number;
}

/** Throws SyscallFailed. */
export function setLink(ifindex: number, settings: LinkSettings, tried: string): void {
  const flags = settings.isUp === true ? IFF_UP : 0;
  const change = settings.isUp === undefined ? 0 : IFF_UP;
  const request = new MessageWriter().bytes(linkHeader(ifindex, flags, change));
  if (settings.mtu !== undefined) request.number(attribute.mtu, settings.mtu);
  if (settings.mac !== undefined) request.attribute(attribute.address, readMac(settings.mac));
  if (settings.group !== undefined) request.number(attribute.group, settings.group);
  requests().request(messageType.setLink, 0, request.finish(), tried);
}

/** Gives a device one more name, which no other device may have (Linux 5.5). Throws SyscallFailed. */
export function addAlternativeName(ifindex: number, name: string, tried: string): void {
  changeNames(messageType.newProperties, ifindex, name, tried);
}

/** Throws SyscallFailed when it has no such name. */
export function removeAlternativeName(ifindex: number, name: string, tried: string): void {
  changeNames(messageType.delProperties, ifindex, name, tried);
}

function changeNames(type: number, ifindex: number, name: string, tried: string): void {
  const request = new MessageWriter()
    .bytes(linkHeader(ifindex))
    .nested(attribute.properties, (properties) => properties.text(attribute.alternativeName, name));
  requests().request(type, 0, request.finish(), tried);
}

/** Removes all devices of a group; resolves when they are gone. Throws SyscallFailed. */
export async function removeLinkGroup(group: number, tried: string): Promise<void> {
  const request = new MessageWriter().bytes(linkHeader(0)).number(attribute.group, group).finish();
  const socket = new NetlinkSocket(NETLINK_ROUTE); // its own: the answer must not meet those of other requests
  try {
    await socket.requestInBackground(messageType.delLink, request, tried);
  } finally {
    socket.close();
  }
}

/** What asks for devices without their counters. */
function linkQuery(): MessageWriter {
  return new MessageWriter().bytes(linkHeader(0)).number(attribute.extensionMask, RTEXT_FILTER_SKIP_STATS);
}

/** struct ifinfomsg */
function linkHeader(ifindex: number, flags = 0, change = 0): Uint8Array {
  return new MessageWriter().u32(0).u32(ifindex).u32(flags).u32(change).finish();
}

function bytesOf(value: DataView): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}
