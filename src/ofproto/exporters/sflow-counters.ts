/** What sFlow counts of a port, and of the process. */
import type { NetdevStats } from '../../netdev/provider.ts';
import type { Lacp } from '../../protocols/lacp.ts';
import { lacpState } from '../../wire/lacp.ts';
import { counterRecords, type SFlowPart } from '../../wire/sflow.ts';
import type { OfprotoPort } from '../port.ts';
import type { ProcessTotals } from './host.ts';

/** ifType of Ethernet (RFC 2863). */
const ethernetType = 6;
/** bit/s of a link of which nothing is told. */
const usualSpeed = 100_000_000;
/** Duplex modes as sFlow has them. */
const directions = { full: 1, half: 2 } as const;

/** `datapathId` is 16 hex digits. */
export async function countersOfPort(port: OfprotoPort, datapathId: string): Promise<SFlowPart[]> {
  const stats = await port.stats();
  const lacp = port.bundle?.lacp;
  return [
    ethernetCounters(stats),
    counterRecords.openflowPort({
      datapathHigh: Number.parseInt(datapathId.slice(0, 8), 16),
      datapathLow: Number.parseInt(datapathId.slice(8), 16),
      port: port.ofPort,
    }),
    counterRecords.portName(port.name),
    ...(lacp === undefined ? [] : lacpCounters(lacp, port)),
    interfaceCounters(port, stats),
  ];
}

function interfaceCounters({ netdev: { state } }: OfprotoPort, stats: NetdevStats): SFlowPart {
  const { linkSpeed, duplex, isUp, hasCarrier } = state;
  return counterRecords.interface({
    index: state.ifindex,
    type: ethernetType,
    speed: linkSpeed ?? usualSpeed,
    direction: duplex === undefined ? 0 : directions[duplex],
    status: isUp ? 1 | (hasCarrier ? 2 : 0) : 0,
    inOctets: stats.get('rx_bytes'),
    inUnicast: stats.get('rx_packets'),
    inMulticast: stats.get('rx_multicast_packets'),
    inBroadcast: stats.get('rx_broadcast_packets'),
    inDiscards: stats.get('rx_dropped'),
    inErrors: stats.get('rx_errors'),
    inUnknownProtocols: undefined,
    outOctets: stats.get('tx_bytes'),
    outUnicast: stats.get('tx_packets'),
    outMulticast: stats.get('tx_multicast_packets'),
    outBroadcast: stats.get('tx_broadcast_packets'),
    outDiscards: stats.get('tx_dropped'),
    outErrors: stats.get('tx_errors'),
    promiscuous: 0,
  });
}

function ethernetCounters(stats: NetdevStats): SFlowPart {
  const unknown = undefined;
  return counterRecords.ethernet({
    alignmentErrors: stats.get('rx_frame_err'),
    checksumErrors: stats.get('rx_crc_err'),
    tooLong: stats.get('rx_oversize_errors'),
    ...{ singleCollisions: unknown, multipleCollisions: unknown, squelchErrors: unknown },
    ...{ deferred: unknown, lateCollisions: unknown, excessiveCollisions: unknown },
    ...{ sendErrors: unknown, carrierErrors: unknown, receiveErrors: unknown, symbolErrors: unknown },
  });
}

function lacpCounters(lacp: Lacp<OfprotoPort>, port: OfprotoPort): SFlowPart[] {
  const member = [...lacp.members].find((each) => each.port === port);
  if (member === undefined) return [];
  const { settings, key = 0 } = lacp;
  const { partner, counters } = member;
  const wanted =
    lacpState.aggregation |
    (settings.isActive ? lacpState.activity : 0) |
    (settings.isFast ? lacpState.timeout : 0);
  return [
    counterRecords.lacp({
      actor: settings.systemId,
      partner: partner.systemId,
      aggregate: key,
      states: [wanted, lacp.actorOf(member).state, 0, partner.state],
      received: counters.received,
      illegal: counters.bad,
      sent: counters.sent,
    }),
  ];
}

export function countersOfProcess({ datapath, userTime, systemTime, memory }: ProcessTotals): SFlowPart[] {
  return [
    counterRecords.resources({
      ...{ userTime, systemTime, memory, memoryLimit: 0 },
      ...{ files: 0, fileLimit: 0, connections: 0, connectionLimit: 0 },
    }),
    counterRecords.datapath({
      hits: datapath.hitCount,
      misses: datapath.missCount,
      losses: datapath.lostCount,
      maskHits: datapath.maskHitCount,
      flows: datapath.flowCount,
      masks: datapath.maskCount,
    }),
  ];
}
