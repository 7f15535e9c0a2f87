/** Packets that go out by a tunnel: what its headers will say, from its options, the packet, and what flows wrote. */
import type { SlotWrite } from '../../../datapath/actions.ts';
import { tunnelFlag } from '../../../flow/fields/flags.ts';
import { etherTypeOf, getSlot, readSlot, setSlot, writeSlot } from '../../../flow/key.ts';
import { isTunnelled } from '../../../flow/packet-mask.ts';
import { type SlotName, slots, slotWords } from '../../../flow/slots.ts';
import {
  byFlow,
  defaultTtl,
  type TunnelAddress,
  type TunnelConfig,
  type TunnelType,
} from '../../../netdev/tunnel/tunnel-config.ts';
import { etherType } from '../../../wire/ethernet.ts';
import { congestion, serviceBits } from '../../../wire/ip.ts';

/** Of these flows write what they like: whether packets of operation and maintenance are inside. */
const flowFlags = tunnelFlag.oam;

/** Writes into `flow` what the tunnel's headers say of that packet; what of the packet decided is set in `mask`. */
export function writeTunnel(tunnel: TunnelConfig, flow: Uint32Array, mask: Uint32Array): void {
  if (tunnel.local !== byFlow) writeAddress(flow, 'src', tunnel.local);
  if (tunnel.remote !== byFlow) writeAddress(flow, 'dst', tunnel.remote);
  setSlot(flow, 'tun_tp_dst', tunnel.dstPort);
  if (tunnel.outKey !== byFlow) writeKey(flow, tunnel.outKey ?? 0n);
  const type = etherTypeOf(flow);
  const isIp = type === etherType.ipv4 || type === etherType.ipv6;
  setSlot(flow, 'tun_ttl', timeToLive(tunnel, isIp, flow, mask));
  setSlot(flow, 'tun_tos', service(tunnel, isIp, flow, mask));
  const flags =
    (tunnel.dontFragment ? tunnelFlag.dontFragment : 0) |
    (tunnel.hasChecksum ? tunnelFlag.checksum : 0) |
    (tunnel.outKey === undefined ? 0 : tunnelFlag.key);
  setSlot(flow, 'tun_flags', (getSlot(flow, 'tun_flags') & flowFlags) | flags);
  if (tunnel.egressMark !== undefined) {
    setSlot(flow, 'pkt_mark', tunnel.egressMark);
    unwildcard(mask, 'pkt_mark', 0xffffffff);
  }
  writeErspan(tunnel, flow);
}

function writeAddress(flow: Uint32Array, end: 'src' | 'dst', address: TunnelAddress | undefined): void {
  const isIpv4 = address?.length === 4;
  writeSlot(flow, `tun_${end}`, isIpv4 ? address : new Uint8Array(4));
  writeSlot(flow, `tun_ipv6_${end}`, isIpv4 || address === undefined ? new Uint8Array(16) : address);
}

function writeKey(flow: Uint32Array, key: bigint): void {
  flow[slots.tun_id.word] = Number(key >> 32n);
  flow[slots.tun_id.word + 1] = Number(key & 0xffffffffn);
}

function timeToLive({ ttl }: TunnelConfig, isIp: boolean, flow: Uint32Array, mask: Uint32Array): number {
  if (ttl !== 'inherit') return ttl;
  if (!isIp) return defaultTtl;
  unwildcard(mask, 'nw_ttl', 0xff);
  return getSlot(flow, 'nw_ttl');
}

/** What a packet says of congestion, its tunnel always says, too; that it met some, the tunnel need not repeat. */
function service({ tos }: TunnelConfig, isIp: boolean, flow: Uint32Array, mask: Uint32Array): number {
  if (!isIp) return tos === 'inherit' ? 0 : tos;
  const own = getSlot(flow, 'nw_tos');
  unwildcard(mask, 'nw_tos', serviceBits.congestion);
  const told = own & serviceBits.congestion;
  const tells = told === congestion.met ? congestion.capable : told;
  if (tos !== 'inherit') return tos | tells;
  unwildcard(mask, 'nw_tos', serviceBits.dscp);
  return (own & serviceBits.dscp) | tells;
}

function writeErspan({ erspan }: TunnelConfig, flow: Uint32Array): void {
  const { version, index, direction, hardwareId } = erspan;
  if (version !== byFlow) setSlot(flow, 'tun_erspan_ver', version);
  if (index !== byFlow) setSlot(flow, 'tun_erspan_idx', index);
  if (direction !== byFlow) setSlot(flow, 'tun_erspan_dir', direction);
  if (hardwareId !== byFlow) setSlot(flow, 'tun_erspan_hwid', hardwareId);
}

function unwildcard(mask: Uint32Array, slot: SlotName, bits: number): void {
  setSlot(mask, slot, getSlot(mask, slot) | bits);
}

/** Headers of a tunnel, as an action writes them whole: what is zero is left out, but for what every tunnel has. */
const tunnelSlots = [
  ...(['tun_id', 'tun_src', 'tun_dst', 'tun_ipv6_src', 'tun_ipv6_dst', 'tun_tos', 'tun_ttl'] as const),
  ...(['tun_tp_src', 'tun_tp_dst', 'tun_gbp_id', 'tun_gbp_flags', 'tun_gtpu_flags'] as const),
  ...(['tun_gtpu_msgtype', 'tun_erspan_ver', 'tun_erspan_idx', 'tun_erspan_dir'] as const),
  ...(['tun_erspan_hwid', 'tun_metadata', 'tun_metadata_present', 'tun_flags'] as const),
] as const satisfies readonly SlotName[];

/** What just tunnels of these types have room for. */
const slotsOfTypes: readonly (readonly [start: string, types: readonly TunnelType[]])[] = [
  ['tun_gbp', ['vxlan']],
  ['tun_metadata', ['geneve']],
  ['tun_erspan', ['erspan', 'ip6erspan']],
  ['tun_gtpu', ['gtpu']],
];

function hasRoomFor(type: TunnelType, slot: SlotName): boolean {
  return slotsOfTypes.every(([start, types]) => !slot.startsWith(start) || types.includes(type));
}

/**
 * The fields of an action that has the datapath wrap a packet so, with options as they lie on the wire; undefined where
 * `base` is wrapped so already.
 */
export function tunnelWrites(
  flow: Uint32Array,
  base: Uint32Array,
  { type, options }: { readonly type: TunnelType; readonly options: Uint8Array },
): readonly SlotWrite[] | undefined {
  if (!isTunnelled(flow) || tunnelSlots.every((slot) => isSame(flow, base, slot))) return undefined;
  const hasKey = (getSlot(flow, 'tun_flags') & tunnelFlag.key) !== 0;
  const wire = flow.slice();
  writeSlot(wire, 'tun_metadata', options);
  writeSlot(wire, 'tun_metadata_present', [0, 0, 0, 0, 0, 0, 0, options.length]);
  return tunnelSlots
    .filter((slot) => {
      if (slot === 'tun_ttl' || slot === 'tun_flags') return true;
      if (!hasRoomFor(type, slot)) return false;
      return slot === 'tun_id' ? hasKey : readSlot(wire, slot).some((byte) => byte !== 0);
    })
    .map((slot) => wholeSlot(wire, slot));
}

export function isSameDestination(a: Uint32Array, b: Uint32Array): boolean {
  return isSame(a, b, 'tun_dst') && isSame(a, b, 'tun_ipv6_dst');
}

function isSame(a: Uint32Array, b: Uint32Array, slot: SlotName): boolean {
  return Buffer.compare(readSlot(a, slot), readSlot(b, slot)) === 0;
}

function wholeSlot(flow: Uint32Array, slot: SlotName): SlotWrite {
  const words = slotWords(slot);
  return {
    slot,
    value: words.map(([word, own]) => ((flow[word] ?? 0) & own) >>> 0),
    mask: words.map(([, own]) => own),
  };
}
