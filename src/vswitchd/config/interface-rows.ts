/** What an Interface row asks for. */
import { type OfPort, ofPort, type Uuid } from '../../base/units.ts';
import type { DpMeter } from '../../datapath/meter.ts';
import type { MemberLacp, PortDiscovery } from '../../ofproto/config.ts';
import type { PortMonitoring } from '../../ofproto/monitoring/monitoring-config.ts';
import { localPort } from '../../ofproto/port.ts';
import type { Integer } from '../../ovsdb/schema-types.ts';
import type { OvsRow } from '../schema/index.ts';
import { readDiscovery } from './auto-attach-rows.ts';
import { interfaceKeys } from './config-keys.ts';
import { readKeys } from './keys.ts';
import { isHostMac, normalizeMac } from './mac.ts';
import { readMonitoring } from './monitoring-rows.ts';
import type { WantedQos } from './qos-rows.ts';

export interface WantedInterface {
  readonly id: Uuid;
  readonly name: string;
  /** Never empty: "system" when the row says nothing, "internal" for the device of the bridge's own name. */
  readonly type: string;
  readonly options: ReadonlyMap<string, string>;
  /** Only internal ones have one of their own; the local port's is the bridge's. */
  readonly mac: string | undefined;
  readonly mtuRequest: number | undefined;
  /** Cores that its receive queues are bound to, by queue. */
  readonly queueCores: ReadonlyMap<number, number>;
  /** Its packets are spread over send queues by their connection. */
  readonly isSpread: boolean;
  /** A number that the operator insists on. */
  readonly ofportRequest: OfPort | undefined;
  /** The number that it had before, from the database; kept up with it. */
  ofport: OfPort | undefined;
  readonly patchPeer: string | undefined;
  /** What may come in. */
  readonly limits: readonly DpMeter[];
  /** How its link is monitored. */
  readonly monitoring: PortMonitoring;
  /** How what goes out is shaped; its port says that. */
  readonly qos: WantedQos | undefined;
  readonly discovery: PortDiscovery;
  /**
   * How often the device itself is asked whether its link is up; milliseconds. Undefined: what the kernel tells counts.
   */
  readonly linkPolling: number | undefined;
  /** As far as it speaks LACP. */
  readonly lacp: MemberLacp;
  /**
   * False for the device of a bond's own name: frames pass by it as flows say, and by no row of the database is it
   * known.
   */
  readonly isMember: boolean;
}

export function readInterface(
  row: OvsRow<'Interface'>,
  bridgeName: string,
  portSays: Pick<WantedInterface, 'qos' | 'linkPolling'>,
): WantedInterface {
  const keys = readKeys(interfaceKeys, row.other_config);
  const isLocal = row.name === bridgeName;
  const type = isLocal ? 'internal' : row.type === '' ? 'system' : row.type;
  const mac = isLocal || type !== 'internal' || row.mac === undefined ? undefined : normalizeMac(row.mac);
  return {
    id: row._uuid,
    name: row.name,
    type,
    options: row.options,
    mac: mac !== undefined && isHostMac(mac) ? mac : undefined,
    mtuRequest: row.mtu_request === undefined ? undefined : Number(row.mtu_request),
    queueCores: keys.queueCores,
    isSpread: keys.sendSteering === 'hash',
    ofportRequest: row.ofport_request === undefined ? undefined : ofPort(row.ofport_request),
    ofport: assignedNumber(row.ofport),
    patchPeer: row.type === 'patch' ? row.options.get('peer') : undefined,
    limits: readPolicing(row),
    monitoring: readMonitoring(row),
    discovery: readDiscovery(row),
    ...portSays,
    lacp: { portId: keys.lacpPortId, priority: keys.lacpPortPriority, key: keys.lacpAggregationKey },
    isMember: true,
  };
}

/** What a bucket holds where nothing is said: kilobits, and thousands of packets. */
const usualBurst = { kilobits: 8000, kilopackets: 16 } as const;

function readPolicing(row: OvsRow<'Interface'>): DpMeter[] {
  const limits: DpMeter[] = [];
  const rate = Number(row.ingress_policing_rate);
  const packetRate = Number(row.ingress_policing_kpkts_rate);
  if (rate > 0) {
    const burst = Number(row.ingress_policing_burst) || usualBurst.kilobits;
    limits.push({ unit: 'kilobits', bands: [{ rate, burst }] });
  }
  if (packetRate > 0) {
    const burst = 1000 * (Number(row.ingress_policing_kpkts_burst) || usualBurst.kilopackets);
    limits.push({ unit: 'packets', bands: [{ rate: 1000 * packetRate, burst }] });
  }
  return limits;
}

/** The local port's number, or one of ordinary ports, OpenFlow 1.0 up to OFPP_MAX; -1 means "could not be added". */
export function assignedNumber(number: Integer | undefined): OfPort | undefined {
  const isAssigned = number !== undefined && ((number > 0 && number < 0xff00) || number === localPort);
  return isAssigned ? ofPort(Number(number)) : undefined;
}
