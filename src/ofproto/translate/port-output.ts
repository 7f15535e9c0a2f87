/** Packets that go out by a port of the switch that has them: to the datapath, or by a patch port into the next switch. */
import type { DpPort, OfPort } from '../../base/units.ts';
import { setSlot } from '../../flow/key.ts';
import { isTunnelled } from '../../flow/packet-mask.ts';
import { slots } from '../../flow/slots.ts';
import type { TunnelConfig } from '../../netdev/tunnel/tunnel-config.ts';
import type { OfprotoPort, Recirculation } from '../port.ts';
import type { PortOfSwitch } from '../port-of-switch.ts';
import { firstTunnelWord, tunnelEnd } from './flow-mask.ts';
import { refuseOutput } from './hooks.ts';
import { markForQueue } from './queue-marking.ts';
import type { Translation } from './translation.ts';
import { isSameDestination, tunnelWrites, writeTunnel } from './tunnel-output.ts';

const firstConntrackWord = slots.ct_state.word;

/** How a packet of a bond comes back for the member that is to send it. */
export interface HashedWay {
  readonly recirculation: Recirculation;
  readonly basis: number;
  /** The datapath chooses without that. */
  readonly usesLbOutput: boolean;
}

/** Sends the packet, as its fields say it is. With `way`, it comes back with a hash instead, by which it goes out. */
export function outputToPort(t: Translation, number: OfPort, way?: HashedWay, obeysTree = true): void {
  const port = t.ofproto.ports.get(number);
  const { ofproto, flow, mask } = t;
  const refused =
    port === undefined ? 'noSuchOutput' : refuseOutput(t.inPort, { ofproto, port, flow, mask }, obeysTree);
  if (port === undefined || refused !== undefined) {
    t.drop(refused ?? 'noSuchOutput');
    return;
  }
  const peer = t.request.ports.peerOf(port);
  if (t.snapLength > 0 && port.dpPort === undefined) t.drop('cutToNothing');
  else if (peer !== undefined) crossPatch(t, port, peer);
  else {
    const service = markForQueue(port, t);
    if (service !== undefined) t.datapath.isPlain = false;
    if (port.tunnel !== undefined) outputToTunnel(t, port, port.tunnel);
    else if (port.dpPort !== undefined && way !== undefined) outputHashed(t, way);
    else if (port.dpPort !== undefined) outputToDatapath(t, port.dpPort);
    if (service !== undefined) setSlot(t.flow, 'nw_tos', service);
    if (port.dpPort !== undefined) t.outputs.add(port.ofPort, port.dpPort);
    t.mirrorAs('destinations', port);
  }
}

/** The next output sends no more than so many bytes. */
export function cut(t: Translation, maxSize: number): void {
  if (!t.request.abilities.has('trunc')) t.outcome.slow('action');
  t.datapath.push({ do: 'trunc', maxSize });
}

function outputToDatapath(t: Translation, port: DpPort): void {
  t.datapath.commit();
  t.sampling.leave(t.ofproto, port);
  if (t.snapLength > 0 && t.snapLength < 0xffff) cut(t, t.snapLength);
  t.datapath.push({ do: 'output', port });
}

/** What flows wrote of the tunnel is seen by what follows; what its options add is not. */
function outputToTunnel(t: Translation, port: OfprotoPort, tunnel: TunnelConfig): void {
  const { flow, mask, request } = t;
  const { base } = request.scratch;
  const written = flow.slice(firstTunnelWord, tunnelEnd);
  writeTunnel(tunnel, flow, mask);
  if (isTunnelled(request.key) && isSameDestination(flow, request.key)) t.drop('toOwnAddress');
  else if (port.dpPort !== undefined) {
    t.tell({ event: 'tunnelled', by: 'datapath' });
    const fields = tunnelWrites(flow, base);
    if (fields !== undefined) t.datapath.push({ do: 'set', header: 'tunnel', fields });
    base.set(flow.subarray(firstTunnelWord, tunnelEnd), firstTunnelWord);
    outputToDatapath(t, port.dpPort);
  }
  flow.set(written, firstTunnelWord);
}

function outputHashed(t: Translation, { recirculation, basis, usesLbOutput }: HashedWay): void {
  if (usesLbOutput) {
    t.datapath.act({ do: 'lb_output', bond: recirculation.id });
    return;
  }
  t.datapath.act({ do: 'hash', algorithm: 'l4', basis });
  t.datapath.act({ do: 'recirc', id: recirculation.id });
}

/** What happens to the packet there does not come back here. */
function crossPatch(t: Translation, from: OfprotoPort, to: PortOfSwitch): void {
  const { packet, flow, mask, detours } = t;
  detours.take(() => {
    const tunnelBits = mask.slice(firstTunnelWord, tunnelEnd);
    flow.fill(0, firstConntrackWord);
    mask.fill(0, firstTunnelWord, tunnelEnd);
    packet.inPort = to.port.ofPort;
    packet.stack = [];
    packet.actionSet = [];
    const { mirrored } = packet;
    const isOther = to.ofproto !== t.ofproto;
    if (isOther) packet.mirrored = 0; // that bridge has mirrors of its own
    t.enter(to.ofproto);
    mask.set(tunnelBits, firstTunnelWord);
    if (isOther) packet.mirrored = mirrored;
  });
  t.forgetEnd();
  t.effect({ kind: 'patch', from, to: to.port });
}
