/** Ports that are asked for: OpenFlow 1.5.1 section 7.2.1, 7.3.5.6 and 7.3.5.7. */

import { readMac } from '../../base/addresses.ts';
import { orderAsHashed } from '../../base/hash-order.ts';
import { recordFrom } from '../../base/literals.ts';
import { ofPort } from '../../base/units.ts';
import type { LinkMode } from '../../netdev/provider.ts';
import { type PortDescription, portStateBit } from '../../openflow/messages/port-description.ts';
import { type PortStats, type Rfc2819Counts, rfc2819Names } from '../../openflow/messages/port-stats.ts';
import { reservedPorts } from '../../openflow/ports.ts';
import type { Ofproto } from '../ofproto.ts';
import type { OfprotoPort } from '../port.ts';
import { highestSpeed } from '../port-speed.ts';
import { durationOf } from './duration.ts';
import type { RequestHandlers } from './request-handler.ts';

export const portRequests: RequestHandlers = {
  PORT_MOD: (connection, { value, xid }) =>
    connection.ofproto.switchPorts.modify(value, connection.requester(xid)),
  PORT_DESC_REQUEST: (connection, request) =>
    connection.replyList(
      request,
      'PORT_DESC_REPLY',
      portsOf(connection.ofproto, request.value.port).map(describePort),
    ),
  async PORT_REQUEST(connection, request) {
    const { ofproto } = connection;
    const ports = portsOf(ofproto, request.value.port);
    const stats = await Promise.all(ports.map((port) => portStats(ofproto, port)));
    await connection.replyList(request, 'PORT_REPLY', stats);
  },
};

export function portDescriptions(ofproto: Ofproto): PortDescription[] {
  return portsOf(ofproto, reservedPorts.ANY).map(describePort);
}

/** The one of that number, if any, or all for ANY, in the reference's order. */
function portsOf({ ports }: Ofproto, number: number): OfprotoPort[] {
  if (number === reservedPorts.ANY) return orderAsHashed([...ports.values()], ({ ofPort: port }) => port);
  const port = ports.get(ofPort(number));
  return port === undefined ? [] : [port];
}

export function describePort({
  ofPort: port,
  netdev,
  config,
  mayEnable,
  tree,
}: OfprotoPort): PortDescription {
  const { state, name } = netdev;
  const { current = [], advertised = [], supported = [] } = state.linkModes ?? {};
  return {
    port,
    name,
    mac: readMac(state.mac ?? '00:00:00:00:00:00'),
    config,
    state:
      (mayEnable ? portStateBit('LIVE') : 0) |
      (state.hasCarrier ? 0 : portStateBit('LINK_DOWN')) |
      (tree?.bits ?? 0),
    current: featureBits(current),
    advertised: featureBits(advertised),
    supported: featureBits(supported),
    peer: 0,
    currentSpeed: perMegabit * highestSpeed(current),
    maxSpeed: perMegabit * highestSpeed(supported),
  };
}

/** In the order of the bits of `PortDescription.current`: OpenFlow 1.5.1 section 7.2.1. */
const features: readonly (LinkMode | undefined)[] = [
  '10 half',
  '10 full',
  '100 half',
  '100 full',
  '1000 half',
  '1000 full',
  '10000 full',
  '40000 full',
  '100000 full',
  '1000000 full',
  undefined, // another speed
  'copper',
  'fiber',
  'negotiation',
  'pause',
  'asymmetric pause',
];

function featureBits(modes: readonly LinkMode[]): number {
  return modes.reduce((bits, mode) => bits | (1 << features.indexOf(mode)), 0);
}

/** OpenFlow counts in kb/s. */
const perMegabit = 1000;

const noRfc2819Counts: Rfc2819Counts = recordFrom(rfc2819Names, () => undefined);

/** Counters that are a device's own. */
const customCounter = /^[rt]x_(?:custom|q\d+)_/;

async function portStats(ofproto: Ofproto, port: OfprotoPort): Promise<PortStats> {
  const counters = await port.stats();
  const count = (key: string): bigint | undefined => {
    const value = counters.get(key);
    return value === undefined ? undefined : BigInt(value);
  };
  return {
    port: port.ofPort,
    duration: durationOf(ofproto.now - port.createdAt),
    rxPackets: count('rx_packets'),
    txPackets: count('tx_packets'),
    rxBytes: count('rx_bytes'),
    txBytes: count('tx_bytes'),
    rxDropped: count('rx_dropped'),
    txDropped: count('tx_dropped'),
    rxErrors: count('rx_errors'),
    txErrors: count('tx_errors'),
    rxFrameErrors: count('rx_frame_err'),
    rxOverrunErrors: count('rx_over_err'),
    rxCrcErrors: count('rx_crc_err'),
    collisions: count('collisions'),
    rfc2819: noRfc2819Counts,
    custom: [...counters]
      .filter(([name]) => customCounter.test(name))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => ({ name, value: BigInt(value) })),
  };
}
