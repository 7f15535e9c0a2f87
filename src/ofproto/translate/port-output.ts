/**
 * Packets that go out by a port of the switch that has them: to the datapath, or by a patch port into the next switch.
 */
import type { DpPort, OfPort } from '../../base/units.ts';
import { getSlot, setSlot } from '../../flow/key.ts';
import { isTunnelled } from '../../flow/packet-mask.ts';
import type { TunnelConfig } from '../../netdev/tunnel/tunnel-config.ts';
import type { OfprotoPort, Recirculation } from '../port.ts';
import type { PortOfSwitch } from '../port-of-switch.ts';
import { wireOptionsOf } from '../tunnels/geneve-options.ts';
import { withoutEthernet } from './bare-packets.ts';
import { enterBridge } from './bridge-crossing.ts';
import { firstTunnelWord, tunnelEnd } from './flow-mask.ts';
import { refuseOutput } from './hooks.ts';
import { markForQueue } from './queue-marking.ts';
import type { Translation } from './translation.ts';
import { outputNatively } from './tunnels/native-tunnel.ts';
import { isSameDestination, tunnelWrites, writeTunnel } from './tunnels/tunnel-output.ts';
import { tunnelEndFor } from './tunnels/tunnel-termination.ts';

/** How a packet of a bond comes back for the member that is to send it. */
export interface HashedWay {
  readonly recirculation: Recirculation;
  readonly basis: number;
  /** The datapath chooses without that. */
  readonly usesLbOutput: boolean;
}

interface OutputOptions {
  /** It comes back with a hash instead, by which it goes out. */
  readonly way?: HashedWay | undefined;
  /** Where a spanning tree keeps packets from going out, it does not; the usual. */
  readonly obeysTree?: boolean;
  /** The datapath was told to send no more than so many bytes. */
  readonly isCut?: boolean;
}

/** One object, since most outputs have no other. */
const usual: OutputOptions = {};

/** Sends the packet, as its fields say it is. */
export function outputToPort(t: Translation, number: OfPort, options = usual): void {
  const port = t.ofproto.ports.get(number);
  const { ofproto, flow, mask } = t;
  const obeysTree = options.obeysTree !== false;
  const refused =
    port === undefined ? 'noSuchOutput' : refuseOutput(t.inPort, { ofproto, port, flow, mask }, obeysTree);
  if (port === undefined || refused !== undefined) {
    t.drop(refused ?? 'noSuchOutput');
    return;
  }
  const peer = t.request.context.ports.peerOf(port);
  if (t.snapLength > 0 && port.dpPort === undefined) t.drop('cutToNothing');
  else if (peer !== undefined) crossPatch(t, port, peer);
  else if (port.tunnel?.mode === 'legacy_l3' && getSlot(flow, 'packet_type') === 0)
    withoutEthernet(flow, t.datapath, () => send(t, port, options));
  else send(t, port, options);
}

function send(t: Translation, port: OfprotoPort, { way, isCut = false }: OutputOptions): void {
  const { tunnel, dpPort } = port;
  const service = markForQueue(port, t);
  if (service !== undefined) t.datapath.isPlain = false;
  if (tunnel !== undefined) outputToTunnel(t, port, { tunnel, way, isCut });
  else {
    if (dpPort !== undefined && way !== undefined) outputHashed(t, way);
    else if (dpPort !== undefined) outputOrUnwrap(t, port, dpPort);
    noteSent(t, port);
  }
  if (service !== undefined) setSlot(t.flow, 'nw_tos', service);
}

function noteSent(t: Translation, port: OfprotoPort): void {
  if (port.dpPort !== undefined) t.outputs.add(port.ofPort, port.dpPort);
  t.mirrorAs('destinations', port);
}

/** The next output sends no more than so many bytes. */
export function cut(t: Translation, maxSize: number): void {
  if (!t.request.context.abilities.has('trunc')) t.outcome.slow('action');
  t.datapath.push({ do: 'trunc', maxSize });
}

/** Packets for the host that are ends of tunnels go on as what is in them. */
function outputOrUnwrap(t: Translation, port: OfprotoPort, dpPort: DpPort): void {
  const end = tunnelEndFor(t, port);
  if (end === undefined) outputToDatapath(t, dpPort);
  else t.datapath.act({ do: 'tnl_pop', port: end });
}

function outputToDatapath(t: Translation, port: DpPort, isTunnel = false): void {
  t.datapath.commit();
  t.sampling.leave(t.ofproto, port, isTunnel);
  if (t.snapLength > 0 && t.snapLength < 0xffff) cut(t, t.snapLength);
  t.datapath.push({ do: 'output', port });
}

interface TunnelOutput {
  readonly tunnel: TunnelConfig;
  readonly way: HashedWay | undefined;
  readonly isCut: boolean;
}

/**
 * What flows wrote of the tunnel is seen by what follows; what its options add is not. Where neither names the other
 * end, that is no better than our own.
 */
function outputToTunnel(t: Translation, port: OfprotoPort, output: TunnelOutput): void {
  const { flow, mask, request, datapath } = t;
  const { tunnel } = output;
  const { dpPort } = port;
  if (port.isOvershadowed || dpPort === undefined) {
    t.drop('overshadowed');
    return;
  }
  const written = flow.slice(firstTunnelWord, tunnelEnd);
  writeTunnel(tunnel, flow, mask);
  if (tunnel.egressMark !== undefined) datapath.isPlain = false;
  if (isSameDestination(flow, request.key)) {
    t.drop('toOwnAddress'); // what was written stays, as in the reference
    return;
  }
  t.effect({ kind: 'crossed', from: port });
  if (request.context.tunnels.isOn) outputBySwitch(t, port, output);
  else outputByTunnelPort(t, dpPort, output);
  flow.set(written, firstTunnelWord);
  noteSent(t, port);
}

function outputBySwitch(t: Translation, port: OfprotoPort, { tunnel, way, isCut }: TunnelOutput): void {
  t.tell({ event: 'tunnelled', by: 'switch' });
  t.datapath.commit();
  if (way === undefined) outputNatively(t, port, tunnel, isCut);
  else outputHashed(t, way);
}

/** A port of the datapath puts headers in front of the packet. */
function outputByTunnelPort(t: Translation, port: DpPort, { tunnel, way }: TunnelOutput): void {
  t.tell({ event: 'tunnelled', by: 'datapath' });
  putTunnelHeaders(t, tunnel);
  if (way === undefined) outputToDatapath(t, port, true);
  else outputHashed(t, way);
}

/** Has the datapath wrap the packet as the flow says. */
export function putTunnelHeaders(t: Translation, { type }: TunnelConfig): void {
  const { flow, request } = t;
  const { base } = request.context.scratch;
  const fields = tunnelWrites(flow, base, { type, options: wireOptionsOf(flow, t.ofproto.tlvTable) });
  if (fields !== undefined) t.datapath.push({ do: 'set', header: 'tunnel', fields });
  if (isTunnelled(flow)) base.set(flow.subarray(firstTunnelWord, tunnelEnd), firstTunnelWord);
}

function outputHashed(t: Translation, { recirculation, basis, usesLbOutput }: HashedWay): void {
  if (usesLbOutput) {
    t.datapath.act({ do: 'lb_output', bond: recirculation.id });
    return;
  }
  t.datapath.act({ do: 'hash', algorithm: 'l4', basis });
  t.datapath.act({ do: 'recirc', id: recirculation.id });
}

function crossPatch(t: Translation, from: OfprotoPort, to: PortOfSwitch): void {
  enterBridge(t, to);
  t.effect({ kind: 'crossed', from, to: to.port });
}
