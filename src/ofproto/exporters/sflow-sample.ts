/**
 * What sFlow says of a sampled packet: its first bytes, its VLANs, the tunnels that it came by and leaves by, its
 * labels.
 */
import type { DpPort } from '../../base/units.ts';
import type { DpAction, DpActionOf } from '../../datapath/actions.ts';
import type { CookieOf } from '../../datapath/cookie.ts';
import type { SentUp, Upcall } from '../../datapath/provider.ts';
import { getSlot, readSlot } from '../../flow/key.ts';
import { type SlotName, slots } from '../../flow/slots.ts';
import { isMplsType } from '../../wire/ethernet.ts';
import { ipProtocol } from '../../wire/ip.ts';
import { flowRecords, type SFlowPart } from '../../wire/sflow.ts';
import type { SFlowSample } from './sflow.ts';

/** Interfaces of the datapath, as far as they are known. */
export interface SFlowPort {
  /** 0 where it has none. */
  readonly index: number;
  /** The Interface `type`. */
  readonly type: string;
}

/** The headers of a tunnel in front of the packet. */
interface Tunnel {
  protocol: number;
  source: number;
  destination: number;
  sourcePort: number;
  destinationPort: number;
  tos: number;
  /** In its low 32 bits. */
  id: number;
}

/** What actions do to the packet. */
interface Outcome {
  tunnel: Tunnel | undefined;
  /** More than one, or something that is not told of. */
  isTunnelUnclear: boolean;
  /** The outermost last. */
  labels: number[];
  areLabelsUnclear: boolean;
  port: DpPort | undefined;
}

/** GRE has no number of a port. */
const greProtocol = 47;
const tunnelProtocols: ReadonlyMap<string, number> = new Map([
  ['gre', greProtocol],
  ['vxlan', ipProtocol.udp],
  ['lisp', ipProtocol.udp],
  ['geneve', ipProtocol.udp],
]);
const maxLabels = 3;
const bottomBit = 0x100;
const vlanBits = 0xfff;

export function sFlowSampleOf(
  { key, bytes }: Pick<Upcall, 'key' | 'bytes'>,
  { cookie, actions }: SentUp & { readonly cookie: CookieOf<'sFlow'> },
  portOf: (port: number) => SFlowPort | undefined,
  headerSize: number,
): SFlowSample {
  const input = portOf(getSlot(key, 'in_port'));
  const outcome = actions === undefined || actions.length === 0 ? undefined : outcomeOf(key, actions);
  const tci = getSlot(key, 'vlan_tci');
  const isOneOutput = outputCount(cookie.output) === 1;
  return {
    input: input?.index ?? 0,
    output: cookie.output,
    records: [
      flowRecords.switch({
        sourceVlan: tci & vlanBits,
        sourcePriority: tci >>> 13,
        destinationVlan: cookie.vlanTci & vlanBits,
        destinationPriority: cookie.vlanTci >>> 13,
      }),
      flowRecords.header(bytes, headerSize),
      ...(outcome !== undefined && isOneOutput ? recordsOfOutcome(outcome, portOf) : []),
      ...recordsOfArrival(key, input),
    ],
  };
}

/** sFlow version 5, "Input/Output port information". */
function outputCount(output: number): number {
  const count = output & 0x3fffffff;
  const format = output >>> 30;
  if (format === 0) return count === 0 ? 0 : 1;
  return format === 2 ? count : 0;
}

function recordsOfArrival(key: Uint32Array, input: SFlowPort | undefined): SFlowPart[] {
  if (getSlot(key, 'tun_dst') === 0) return [];
  const tunnel = {
    protocol: tunnelProtocols.get(input?.type ?? '') ?? 0,
    source: getSlot(key, 'tun_src'),
    destination: getSlot(key, 'tun_dst'),
    sourcePort: getSlot(key, 'tun_tp_src'),
    destinationPort: getSlot(key, 'tun_tp_dst'),
    tos: getSlot(key, 'tun_tos'),
  };
  const id = readSlot(key, 'tun_id');
  const vni = new DataView(id.buffer).getUint32(4);
  const isNamed = id.some((byte) => byte !== 0);
  return [
    ...(isNamed ? [flowRecords.vniIn({ vni })] : []),
    flowRecords.tunnelIn({ ...tunnel, length: 0, tcpFlags: 0 }),
  ];
}

function recordsOfOutcome(outcome: Outcome, portOf: (port: number) => SFlowPort | undefined): SFlowPart[] {
  const { labels, areLabelsUnclear, tunnel, isTunnelUnclear, port } = outcome;
  const records: SFlowPart[] = [];
  if (labels.length > 0 && !areLabelsUnclear) {
    const stack = labels.toReversed().map((label) => (label & ~bottomBit) >>> 0);
    records.push(flowRecords.labels([...stack.slice(0, -1), ((stack.at(-1) ?? 0) | bottomBit) >>> 0]));
  }
  if (tunnel !== undefined && !isTunnelUnclear) {
    const type = port === undefined ? undefined : portOf(port)?.type;
    const protocol = tunnel.protocol || (tunnelProtocols.get(type ?? '') ?? 0);
    if (tunnel.id !== 0) records.push(flowRecords.vniOut({ vni: tunnel.id }));
    records.push(flowRecords.tunnelOut({ ...tunnel, protocol, length: 0, tcpFlags: 0 }));
  }
  return records;
}

function outcomeOf(key: Uint32Array, actions: readonly DpAction[]): Outcome {
  const labels = labelsOf(key);
  const outcome: Outcome = {
    ...{ tunnel: undefined, isTunnelUnclear: false, labels, areLabelsUnclear: false, port: undefined },
  };
  follow(outcome, actions);
  return outcome;
}

/** With which it came: the innermost first. */
function labelsOf(key: Uint32Array): number[] {
  if (!isMplsType(getSlot(key, 'eth_type'))) return [];
  const all = (['mpls_lse', 'mpls_lse2', 'mpls_lse3'] as const).map((slot) => getSlot(key, slot));
  const bottom = all.findIndex((label) => (label & bottomBit) !== 0);
  return all.slice(0, bottom < 0 ? maxLabels : bottom + 1).reverse();
}

function follow(outcome: Outcome, actions: readonly DpAction[]): void {
  for (const action of actions) {
    if (action.do === 'output') outcome.port = action.port;
    else if (action.do === 'tnl_pop') outcome.isTunnelUnclear = true;
    else if (action.do === 'tnl_push') push(outcome, tunnelOfHeader(action), action.outPort);
    else if (action.do === 'set') followSet(outcome, action);
    else if (action.do === 'push_mpls') pushLabel(outcome, action.lse);
    else if (action.do === 'pop_mpls') {
      if (outcome.labels.pop() === undefined) outcome.areLabelsUnclear = true;
    } else if (action.do === 'clone') follow(outcome, action.actions);
  }
}

function pushLabel(outcome: Outcome, label: number): void {
  if (outcome.labels.length >= maxLabels) outcome.areLabelsUnclear = true;
  else outcome.labels.push(label);
}

/** Only what is written whole is told of; of labels then only that one. */
function followSet(outcome: Outcome, { header, fields }: DpActionOf<'set'>): void {
  const written = (name: SlotName): number => {
    const { shift, bits } = slots[name];
    return (((fields.find(({ slot }) => slot === name)?.value[0] ?? 0) >>> shift) & bits) >>> 0;
  };
  if (header === 'mpls' && fields.every(({ mask }) => mask.every((word) => word === 0xffffffff)))
    outcome.labels = [written('mpls_lse')];
  if (header !== 'tunnel') return;
  push(outcome, {
    protocol: 0,
    source: written('tun_src'),
    destination: written('tun_dst'),
    sourcePort: written('tun_tp_src'),
    destinationPort: written('tun_tp_dst'),
    tos: written('tun_tos'),
    id: (fields.find(({ slot }) => slot === 'tun_id')?.value[1] ?? 0) >>> 0,
  });
}

function push(outcome: Outcome, tunnel: Tunnel | undefined, port?: DpPort): void {
  if (outcome.tunnel !== undefined || tunnel === undefined) outcome.isTunnelUnclear = true;
  else {
    outcome.tunnel = tunnel;
    if (port !== undefined) outcome.port = port;
  }
}

/** undefined where it is none of IPv4. */
function tunnelOfHeader({ header }: DpActionOf<'tnl_push'>): Tunnel | undefined {
  const { ip, tunnel } = header;
  if (ip.version !== 4) return undefined;
  const addresses = { source: addressOf(ip.src), destination: addressOf(ip.dst) };
  const said = { ...addresses, protocol: ip.protocol, tos: ip.tos };
  if (tunnel.type === 'vxlan' || tunnel.type === 'geneve')
    return { ...said, sourcePort: tunnel.udp.src, destinationPort: tunnel.udp.dst, id: tunnel.vni };
  return { ...said, sourcePort: 0, destinationPort: 0, id: tunnel.type === 'gre' ? (tunnel.key ?? 0) : 0 };
}

function addressOf(bytes: readonly number[]): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}
