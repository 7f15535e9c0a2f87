/**
 * An exporter of IPFIX: counts what flows of sampled packets have carried, and tells it when they have waited for long,
 * or are too many. Knows no sockets and no timers. RFC 7011; ovs-vswitchd.conf.db(5), table IPFIX.
 */

import type { Clock } from '../../base/clock.ts';
import { recordFrom } from '../../base/literals.ts';
import { encodeText } from '../../base/text.ts';
import { type Ms, ms } from '../../base/units.ts';
import {
  emitIpfixRecord,
  emitIpfixStatistics,
  emitIpfixStatisticsTemplate,
  emitIpfixTemplates,
  type IpfixHead,
  ipfixTemplate,
} from '../../wire/ipfix.ts';
import type { IpfixKind, IpfixValues } from '../../wire/ipfix-elements.ts';
import type { IpfixConfig } from './ipfix-config.ts';

/** A packet that was sampled, and stands for `packets`. */
export interface IpfixSample {
  readonly kind: IpfixKind;
  /** What tells its flow apart, as records have it. */
  readonly key: Uint8Array;
  readonly domain: number;
  readonly packets: number;
  /** Bytes of its frame, and of the header of Ethernet in it. */
  readonly size: number;
  readonly headerSize: number;
  readonly isForwarded: boolean;
  readonly destination: 'unicast' | 'multicast' | 'broadcast';
  /** None where it is not of TCP. */
  readonly tcpFlags: number;
}

/** Counters as NXST_IPFIX_* has them. */
export interface IpfixCounters {
  flows: number;
  currentFlows: number;
  packets: number;
  ipv4Packets: number;
  ipv6Packets: number;
  errorPackets: number;
  ipv4ErrorPackets: number;
  ipv6ErrorPackets: number;
}

interface IpfixDeps {
  /** Unlike that of any other of the process. */
  readonly id: number;
  readonly clock: Clock;
  readonly send: (message: Uint8Array) => void;
  /** Messages that were not sent. */
  readonly errorCount: () => number;
  /** Something may be due earlier than was said. */
  readonly due: () => void;
}

/** Counts since the exporter began. */
const totalNames = [
  ...(['packetTotalCount', 'droppedPacketTotalCount', 'layer2OctetTotalCount'] as const),
  ...(['ingressUnicastPacketTotalCount', 'ingressMulticastPacketTotalCount'] as const),
  ...(['ingressBroadcastPacketTotalCount', 'egressUnicastPacketTotalCount'] as const),
  ...(['egressBroadcastPacketTotalCount', 'postMCastPacketTotalCount', 'octetTotalCount'] as const),
  ...(['droppedOctetTotalCount', 'octetTotalSumOfSquares', 'postMCastOctetTotalCount'] as const),
  ...(['tcpAckTotalCount', 'tcpFinTotalCount', 'tcpPshTotalCount', 'tcpRstTotalCount'] as const),
  ...(['tcpSynTotalCount', 'tcpUrgTotalCount'] as const),
];
type Totals = Record<(typeof totalNames)[number], number>;

/** Where each is among them. */
const totalPlaces = recordFrom(totalNames, (_, n) => n);

/** Counts of a flow. */
const deltaNames = [
  ...(['packetDeltaCount', 'droppedPacketDeltaCount', 'layer2OctetDeltaCount'] as const),
  ...(['postMCastPacketDeltaCount', 'octetDeltaCount', 'droppedOctetDeltaCount'] as const),
  ...(['octetDeltaSumOfSquares', 'postMCastOctetDeltaCount'] as const),
];
type Deltas = Record<(typeof deltaNames)[number], number>;

interface Flow {
  readonly name: string;
  readonly kind: IpfixKind;
  readonly key: Uint8Array;
  readonly domain: number;
  readonly addedAt: Ms;
  /** Milliseconds since 1970 of its first and last packet. */
  readonly startedAt: number;
  endedAt: number;
  readonly deltas: Deltas;
  /** As they were with its last packet, in the order of their names. */
  readonly totals: Float64Array;
  shortest: number;
  longest: number;
}

const tcpFlags = [
  ['tcpFinTotalCount', 0x01],
  ['tcpSynTotalCount', 0x02],
  ['tcpRstTotalCount', 0x04],
  ['tcpPshTotalCount', 0x08],
  ['tcpAckTotalCount', 0x10],
  ['tcpUrgTotalCount', 0x20],
] as const;

/** Why a record is told (flowEndReason). */
const endReasons = { activeTimeout: 2, forced: 4, lackOfResources: 5 } as const;
/** Seconds after which templates are sent anew (RFC 7011 section 8.4). */
const templateInterval = 600;

export class IpfixExporter {
  readonly counters: IpfixCounters = {
    ...{ flows: 0, currentFlows: 0, packets: 0, ipv4Packets: 0, ipv6Packets: 0 },
    ...{ errorPackets: 0, ipv4ErrorPackets: 0, ipv6ErrorPackets: 0 },
  };
  readonly #deps: IpfixDeps;
  /** Oldest first. */
  readonly #flows = new Map<string, Flow>();
  readonly #totals = new Float64Array(totalNames.length);
  #config: IpfixConfig;
  #sequence = 1;
  #templatesSentAt = 0;

  constructor(config: IpfixConfig, deps: IpfixDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  get config(): IpfixConfig {
    return this.#config;
  }

  /** What waits goes on to, but for what has waited too long then. */
  configure(config: IpfixConfig): void {
    this.#config = config;
    this.#deps.due();
  }

  addPacket(sample: IpfixSample): void {
    const deltas = this.#count(sample);
    this.#countKind(sample);
    const { domain, kind, key } = sample;
    const name = `${domain} ${ipfixTemplate(kind)} ${textOf(key)}`;
    const known = this.#flows.get(name);
    if (known === undefined) this.#add(name, sample, deltas);
    else this.#aggregate(known, sample, deltas);
  }

  /** Tells of flows that have waited long enough; returns when to call again. */
  run(): Ms {
    this.#expire(false);
    const [first] = this.#flows.values();
    if (first === undefined) return ms(Number.POSITIVE_INFINITY);
    return ms(first.addedAt + 1000 * this.#config.activeTimeout);
  }

  /** Tells of all that waits, for the last time. */
  close(): void {
    this.#expire(true);
  }

  #add(name: string, { kind, key, domain, size, headerSize }: IpfixSample, deltas: Deltas): void {
    const now = this.#deps.clock.wall();
    const length = kind.network === 'other' ? 0 : size - headerSize;
    this.#flows.set(name, {
      ...{ name, kind, key, domain, deltas, totals: this.#totals.slice() },
      ...{ addedAt: this.#deps.clock.now(), startedAt: now, endedAt: now, shortest: length, longest: length },
    });
    this.counters.flows++;
    this.counters.currentFlows = this.#flows.size;
    if (this.#flows.size > this.#config.maxFlows) this.#expire(false);
    if (this.#flows.size === 1) this.#deps.due();
  }

  #aggregate(flow: Flow, { kind, size, headerSize }: IpfixSample, deltas: Deltas): void {
    flow.endedAt = this.#deps.clock.wall();
    for (const name of deltaNames) flow.deltas[name] += deltas[name];
    flow.totals.set(this.#totals);
    if (kind.network === 'other') return;
    const length = size - headerSize;
    flow.shortest = Math.min(flow.shortest, length);
    flow.longest = Math.max(flow.longest, length);
  }

  /** Adds the packet to the totals; returns what it adds to its flow. */
  #count(sample: IpfixSample): Deltas {
    const { kind, packets, size, headerSize, isForwarded, destination } = sample;
    const isIp = kind.network !== 'other';
    const length = size - headerSize;
    const octets = isIp ? packets * length : 0;
    const isPost = destination === 'multicast' && kind.isEgress;
    const deltas: Deltas = {
      packetDeltaCount: packets,
      droppedPacketDeltaCount: isForwarded ? 0 : packets,
      layer2OctetDeltaCount: packets * size,
      postMCastPacketDeltaCount: isPost ? packets : 0,
      octetDeltaCount: octets,
      droppedOctetDeltaCount: isForwarded ? 0 : octets,
      octetDeltaSumOfSquares: octets * length,
      postMCastOctetDeltaCount: isPost ? octets : 0,
    };
    this.#gain('packetTotalCount', deltas.packetDeltaCount);
    this.#gain('droppedPacketTotalCount', deltas.droppedPacketDeltaCount);
    this.#gain('layer2OctetTotalCount', deltas.layer2OctetDeltaCount);
    this.#gain('octetTotalCount', deltas.octetDeltaCount);
    this.#gain('droppedOctetTotalCount', deltas.droppedOctetDeltaCount);
    this.#gain('octetTotalSumOfSquares', deltas.octetDeltaSumOfSquares);
    this.#gain('postMCastPacketTotalCount', deltas.postMCastPacketDeltaCount);
    this.#gain('postMCastOctetTotalCount', deltas.postMCastOctetDeltaCount);
    if (!isPost) this.#gain(destinationTotals[destination][kind.isEgress ? 1 : 0], packets);
    if (kind.transport === 'tcp')
      for (const [name, bit] of tcpFlags) if ((sample.tcpFlags & bit) !== 0) this.#gain(name, packets);
    return deltas;
  }

  #gain(name: keyof Totals, count: number): void {
    const place = totalPlaces[name];
    this.#totals[place] = (this.#totals[place] ?? 0) + count;
  }

  #countKind({ kind: { network, transport } }: IpfixSample): void {
    const { counters } = this;
    counters.packets++;
    if (network === 'other') return;
    const isKnown = transport !== 'other';
    counters[`${network}${isKnown ? 'Packets' : 'ErrorPackets'}`]++;
    if (!isKnown) counters.errorPackets++;
  }

  #expire(isForced: boolean): void {
    if (this.#flows.size === 0) return;
    const { clock } = this.#deps;
    const oldest = clock.now() - 1000 * this.#config.activeTimeout;
    const time = Math.ceil(clock.wall() / 1000);
    for (const flow of this.#flows.values()) {
      const reason = this.#endReason(flow, isForced, oldest);
      if (reason === undefined) return;
      this.#flows.delete(flow.name);
      if (this.#templatesSentAt + templateInterval <= time) this.#sendTemplates(time, flow.domain);
      this.#send(flow, time, reason);
      this.counters.currentFlows--;
    }
  }

  #endReason({ addedAt }: Flow, isForced: boolean, oldest: number): number | undefined {
    if (isForced) return endReasons.forced;
    if (addedAt <= oldest) return endReasons.activeTimeout;
    return this.#flows.size > this.#config.maxFlows ? endReasons.lackOfResources : undefined;
  }

  /** And how the exporter itself fares. */
  #sendTemplates(time: number, domain: number): void {
    const { send, id, errorCount } = this.#deps;
    this.#templatesSentAt = time;
    const head = (of: number): IpfixHead => ({ time, sequence: this.#sequence, domain: of });
    const isNamed = this.#config.virtualObserver !== undefined;
    for (const templates of emitIpfixTemplates(head(domain), isNamed)) send(templates);
    send(emitIpfixStatisticsTemplate(head(0)));
    const values = { exportingProcessId: id, notSentPacketTotalCount: errorCount() };
    send(emitIpfixStatistics(head(0), values));
    this.#sequence++;
  }

  #send({ kind, key, domain, deltas, totals, ...flow }: Flow, time: number, flowEndReason: number): void {
    const { virtualObserver } = this.#config;
    const since = (wall: number): number => 1000 * (1000 * time - wall);
    const counts: IpfixValues = {
      ...deltas,
      ...Object.fromEntries(totalNames.map((name, n) => [name, totals[n] ?? 0])),
      flowStartDeltaMicroseconds: since(flow.startedAt),
      flowEndDeltaMicroseconds: since(flow.endedAt),
      minimumIpTotalLength: flow.shortest,
      maximumIpTotalLength: flow.longest,
      flowEndReason,
    };
    const name = virtualObserver === undefined ? undefined : encodeText(virtualObserver);
    const head = { time, sequence: this.#sequence++, domain };
    this.#deps.send(emitIpfixRecord(head, { kind, key, name, counts }));
  }
}

/** What counts packets by where they go to, as they come in and as they go out. */
const destinationTotals = {
  unicast: ['ingressUnicastPacketTotalCount', 'egressUnicastPacketTotalCount'],
  multicast: ['ingressMulticastPacketTotalCount', 'postMCastPacketTotalCount'],
  broadcast: ['ingressBroadcastPacketTotalCount', 'egressBroadcastPacketTotalCount'],
} as const satisfies Record<IpfixSample['destination'], readonly [keyof Totals, keyof Totals]>;

/** As short as can be: each byte a character. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
