/**
 * The part of the NORMAL action of a switch that snoops: multicast goes to where somebody wants it. RFC 4541; behaviour
 * of ovs-vswitchd where that leaves a choice.
 */
import { formatIpv4, formatIpv6 } from '../../base/addresses.ts';
import { etherTypeOf, getSlot } from '../../flow/key.ts';
import { broadcast, ethDst, isMulticast } from '../../flow/mac.ts';
import { slots } from '../../flow/slots.ts';
import { etherType } from '../../wire/ethernet.ts';
import { igmpType } from '../../wire/igmp.ts';
import { ipProtocol } from '../../wire/ip.ts';
import { mldType } from '../../wire/mld.ts';
import type { MulticastSnooping } from '../multicast/snooping.ts';
import type { Bundle } from '../port.ts';
import { type Arrival, flood, outputTagged } from './normal-output.ts';
import { multicastGroupTag, multicastTag } from './tags.ts';
import type { MulticastTarget } from './trace/trace.ts';

type State = NonNullable<MulticastSnooping['state']>;

const protoSlot = slots.nw_proto;
const sourcePort = slots.tp_src;
const nwDst = slots.nw_dst.word;
const ipv6Dst = slots.ipv6_dst.word;

const igmpTypes: ReadonlySet<number> = new Set(Object.values(igmpType));
const mldTypes: ReadonlySet<number> = new Set(Object.values(mldType));

/** True when the packet is multicast that somebody watches over, so that all has been done with it. */
export function forwardMulticast(arrival: Arrival): boolean {
  const { t } = arrival;
  const { state } = t.ofproto.protocols.multicast;
  const dst = ethDst(t.flow);
  const type = etherTypeOf(t.flow);
  const isIp = type === etherType.ipv4 || type === etherType.ipv6;
  if (state === undefined || !isIp || dst === broadcast || !isMulticast(dst)) return false;
  t.outcome.tags |= multicastTag(t.ofproto.id);
  t.unwildcard(protoSlot.word, 0xff << protoSlot.shift);
  if (type === etherType.ipv4) forwardOverIpv4(arrival, state);
  else forwardOverIpv6(arrival, state);
  return true;
}

function forwardOverIpv4(arrival: Arrival, state: State): void {
  const { t } = arrival;
  if (getSlot(t.flow, 'nw_proto') === ipProtocol.igmp) {
    const type = getSlot(t.flow, 'tp_src');
    t.outcome.slow('action');
    if (igmpTypes.has(type)) learn(arrival);
    forwardMessage(arrival, state, igmpTypes.has(type) && type !== igmpType.query, 'traffic');
    return;
  }
  t.unwildcard(nwDst, 0xffffffff);
  const group = t.flow[nwDst] ?? 0;
  if (group >>> 8 === linkLocal) floodFor(arrival, 'linkLocal');
  else forwardToGroup(arrival, state, formatIpv4(bytesOf(t.flow, nwDst, 1)));
}

/** The first three bytes of groups that stay on a link. */
const linkLocal = 0xe00000;
const allNodes = 'ff02::1';

function forwardOverIpv6(arrival: Arrival, state: State): void {
  const { t } = arrival;
  if (getSlot(t.flow, 'nw_proto') === ipProtocol.icmpv6) {
    t.unwildcard(sourcePort.word, 0xffff << sourcePort.shift);
    const type = getSlot(t.flow, 'tp_src');
    if (mldTypes.has(type)) {
      t.outcome.slow('action');
      learn(arrival);
      forwardMessage(arrival, state, type !== mldType.query, 'query');
      return;
    }
  }
  for (let n = 0; n < 4; n++) t.unwildcard(ipv6Dst + n, 0xffffffff);
  const group = formatIpv6(bytesOf(t.flow, ipv6Dst, 4));
  if (group === allNodes) floodFor(arrival, 'linkLocal');
  else forwardToGroup(arrival, state, group);
}

/** Of a packet that came in by a port of the switch; what controllers send teaches nothing. */
function learn({ t, from, tags }: Arrival): void {
  const { bytes: packet } = t.packet;
  const { actions } = t.request;
  if (packet === undefined || actions !== undefined || t.inPort === undefined) return;
  const vlan = tags[0].vid;
  const learned = t.ofproto.protocols.multicast.receive(from, vlan, packet);
  if (learned !== undefined) t.trace?.note({ event: 'snooped', ...learned, port: from.name, vlan });
}

/** What hosts say goes to routers only, lest other hosts keep silent. */
function forwardMessage(
  arrival: Arrival,
  state: State,
  isOfHost: boolean,
  otherwise: 'traffic' | 'query',
): void {
  if (isOfHost) sendTo(arrival, [...routers(arrival, state), ...ports(arrival, 'report', state.reportPorts)]);
  else floodFor(arrival, otherwise);
}

function forwardToGroup(arrival: Arrival, state: State, group: string): void {
  const { t, tags } = arrival;
  const place = { vlan: tags[0].vid, group };
  t.outcome.tags |= multicastGroupTag(t.ofproto.id, place);
  const members = state.table.membersOf(place);
  const floodPorts = (): Bundle[] => ports(arrival, 'flood', state.floodPorts);
  if (members !== undefined)
    sendTo(arrival, [...ports(arrival, 'group', members), ...floodPorts(), ...routers(arrival, state)]);
  else if (t.ofproto.config.multicast?.floodsUnregistered === true) floodFor(arrival, 'unregistered');
  else sendTo(arrival, [...routers(arrival, state), ...floodPorts()]);
}

function floodFor(arrival: Arrival, why: 'traffic' | 'query' | 'linkLocal' | 'unregistered'): void {
  arrival.t.trace?.note({ event: 'multicastFlood', why });
  flood(arrival);
}

/** Where each is known before anything is sent: what goes through a patch port may come back and change that. */
function sendTo({ t, tags }: Arrival, targets: readonly Bundle[]): void {
  for (const target of targets) outputTagged(t, target, tags);
}

function ports({ t, from }: Arrival, target: MulticastTarget, candidates: Iterable<Bundle>): Bundle[] {
  return [...candidates].filter((bundle) => {
    const outcome = bundle === from ? 'isInput' : 'forwarding';
    t.trace?.note({ event: 'multicastPort', target, outcome });
    return outcome === 'forwarding';
  });
}

function routers({ t, from, tags }: Arrival, { table }: State): Bundle[] {
  const found: Bundle[] = [];
  for (const { port, vlan } of table.routers()) {
    const isOther = vlan !== tags[0].vid;
    const outcome = isOther ? 'otherVlan' : port === from ? 'isInput' : 'forwarding';
    t.trace?.note({ event: 'multicastPort', target: 'router', outcome });
    if (outcome === 'forwarding') found.push(port);
  }
  return found;
}

function bytesOf(flow: Uint32Array, word: number, count: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(4 * count));
  for (let n = 0; n < count; n++) bytes.setUint32(4 * n, flow[word + n] ?? 0);
  return new Uint8Array(bytes.buffer);
}
