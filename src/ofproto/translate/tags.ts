/**
 * What a flow's translation depended on, as a set of 32 hashed bits: enough to tell which flows a changed address or
 * group cannot concern, in a few bytes a flow. `everyTag` stands for the configuration.
 */
import type { Mac } from '../../flow/mac.ts';
import type { GroupPlace } from '../multicast/multicast-table.ts';

export const everyTag = -1;

/** The bit of "what that group of that bridge is". */
export function groupTag(bridge: number, group: number): number {
  return bitOf(Math.imul(bridge, 0x9e3779b1) ^ group);
}

/** The bit of "which ports of that bridge are live". */
export function livenessTag(bridge: number): number {
  return bitOf(bridge);
}

/** The bit of "whether a controller of that bridge is told of packets that no rule is for". */
export function missTag(bridge: number): number {
  return bitOf(~bridge);
}

/** The bit of "where multicast of that bridge is sent to, whatever its group". */
export function multicastTag(bridge: number): number {
  return bitOf(Math.imul(bridge, 0x85ebca6b));
}

/** The bit of "where a group of that bridge is wanted". */
export function multicastGroupTag(bridge: number, { vlan, group }: GroupPlace): number {
  let hash = Math.imul(bridge, 0x9e3779b1) ^ vlan;
  for (let n = 0; n < group.length; n++) hash = Math.imul(hash, 31) ^ group.charCodeAt(n);
  return bitOf(hash);
}

function bitOf(number: number): number {
  const hash = Math.imul(number ^ (number >>> 15), 0x85ebca6b);
  return 1 << (Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) >>> 27);
}

/** The bit of "where `mac` is in `vlan` of that bridge". */
export function addressTag(bridge: number, mac: Mac, vlan: number): number {
  let hash = Math.imul((mac % 0x1000000) ^ Math.imul(bridge, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ Math.floor(mac / 0x1000000) ^ (hash >>> 15), 0xc2b2ae35);
  hash = Math.imul(hash ^ vlan ^ (hash >>> 13), 0x27d4eb2f);
  return 1 << (hash >>> 27);
}

/** The bit of "by which route". */
export const routesTag = bitOf(0x726f7574);

/** The bit of "which packets tunnels of this host end with". */
export const listeningTag = bitOf(0x6c697374);

/** The bit of "what the Ethernet address of that neighbour of that bridge is". */
export function neighbourTag(bridge: string, address: Uint8Array): number {
  let hash = 0;
  for (let n = 0; n < bridge.length; n++) hash = Math.imul(hash, 31) ^ bridge.charCodeAt(n);
  for (const byte of address) hash = Math.imul(hash, 31) ^ byte;
  return bitOf(hash);
}
