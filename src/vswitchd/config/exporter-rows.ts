/** What rows of NetFlow, sFlow, IPFIX and Flow_Sample_Collector_Set ask of a bridge: ovs-vswitchd.conf.db(5). Pure. */
import { hashName } from '../../base/hash-order.ts';
import type { ExporterConfig } from '../../ofproto/exporters/exporter-config.ts';
import type {
  BridgeIpfixConfig,
  FlowIpfixConfig,
  IpfixConfig,
} from '../../ofproto/exporters/ipfix-config.ts';
import type { NetFlowConfig } from '../../ofproto/exporters/netflow.ts';
import type { SFlowConfig } from '../../ofproto/exporters/sflow.ts';
import type { OvsRow } from '../schema/index.ts';
import { ipfixKeys } from './config-keys.ts';
import { readKeys } from './keys.ts';

/** The datapath says what is not said. */
interface WantedNetFlow extends Omit<NetFlowConfig, 'engineType' | 'engineId'> {
  readonly engineType: number | undefined;
  readonly engineId: number | undefined;
  /** It asked for a time that is none. */
  readonly isTimeoutRefused: boolean;
}

/** Rows that a bridge's exporters are made of. */
export interface ExporterRows {
  readonly netFlow: OvsRow<'NetFlow'> | undefined;
  readonly sFlow: OvsRow<'sFlow'> | undefined;
  readonly ipfix: OvsRow<'IPFIX'> | undefined;
  /** By the number of the collectors. */
  readonly sets: ReadonlyMap<number, OvsRow<'IPFIX'>>;
}

export interface WantedExporters {
  readonly netFlow: WantedNetFlow | undefined;
  readonly sFlow: WantedSFlow | undefined;
  readonly bridgeIpfix: BridgeIpfixConfig | undefined;
  readonly flowIpfix: FlowIpfixConfig;
}

/** The host says which of its agents it is, and the controllers by which address they are reached. */
type WantedSFlow = Omit<SFlowConfig, 'subAgent' | 'controlAddress'>;

/** What a bridge's exporters are told besides its rows. */
export interface ExporterPlace {
  /** The datapath's name. */
  readonly datapath: string;
  /** Which of the sFlow agents of the host is the bridge's. */
  readonly subAgent: number;
  /** For controllers, the first that a row says. */
  readonly controlAddress: string | undefined;
}

const defaultActiveTimeout = 600;
const defaultSFlow = { sampling: 400, polling: 30, headerSize: 128 };
/** Ports above that have numbers of more bits than are left beside an engine's. */
const mangledPortLimit = 508;

export function readExporters({ netFlow, sFlow, ipfix, sets }: ExporterRows): WantedExporters {
  const usable = [...sets].filter(([, { targets }]) => targets.length > 0);
  return {
    netFlow: netFlow && readNetFlow(netFlow),
    sFlow: sFlow && readSFlow(sFlow),
    bridgeIpfix: ipfix && ipfix.targets.length > 0 ? readBridgeIpfix(ipfix) : undefined,
    flowIpfix: new Map(usable.map(([id, row]) => [id, readIpfix(row)])),
  };
}

function readBridgeIpfix(row: OvsRow<'IPFIX'>): BridgeIpfixConfig {
  const keys = readKeys(ipfixKeys, row.other_config);
  return {
    ...readIpfix(row),
    sampling: Number(row.sampling ?? defaultSFlow.sampling),
    domain: Number(row.obs_domain_id ?? 0),
    point: Number(row.obs_point_id ?? 0),
    // As the reference reads them, whatever they are called.
    samplesInput: !keys.enableInputSampling,
    samplesOutput: !keys.enableOutputSampling,
  };
}

function readIpfix(row: OvsRow<'IPFIX'>): IpfixConfig {
  const { enableTunnelSampling, virtualObserver } = readKeys(ipfixKeys, row.other_config);
  return {
    targets: row.targets,
    activeTimeout: Number(row.cache_active_timeout ?? 0),
    maxFlows: Number(row.cache_max_flows ?? 0),
    samplesTunnels: enableTunnelSampling,
    virtualObserver,
  };
}

function readSFlow(row: OvsRow<'sFlow'>): WantedSFlow {
  const { sampling, polling, header } = row;
  return {
    targets: row.targets,
    agent: row.agent,
    sampling: Number(sampling ?? defaultSFlow.sampling) >>> 0,
    polling: Number(polling ?? defaultSFlow.polling) >>> 0,
    headerSize: Number(header ?? defaultSFlow.headerSize) >>> 0,
  };
}

function readNetFlow(row: OvsRow<'NetFlow'>): WantedNetFlow {
  const timeout = Number(row.active_timeout);
  return {
    targets: row.targets,
    engineType: row.engine_type === undefined ? undefined : Number(row.engine_type),
    engineId: row.engine_id === undefined ? undefined : Number(row.engine_id),
    addsIdToPorts: row.add_id_to_interface,
    activeTimeout: 1000 * (timeout > 0 ? timeout : defaultActiveTimeout),
    isTimeoutRefused: timeout < 0,
  };
}

/** Where nothing is said of an engine it is the datapath's, by its name. */
export function exporterConfig(
  { netFlow, sFlow, ...ipfix }: WantedExporters,
  place: ExporterPlace,
): ExporterConfig {
  const { datapath, subAgent, controlAddress } = place;
  return {
    netFlow: netFlow && netFlowConfig(netFlow, datapath),
    sFlow: sFlow && { ...sFlow, subAgent, controlAddress },
    ...ipfix,
  };
}

function netFlowConfig(wanted: WantedNetFlow, datapath: string): NetFlowConfig {
  const { isTimeoutRefused: _, engineType, engineId, ...rest } = wanted;
  const usual = hashName(datapath);
  return {
    ...rest,
    engineType: engineType ?? (usual >>> 8) & 0xff,
    engineId: engineId ?? usual & 0xff,
  };
}

/** What will not be as the operator may think, each behind the bridge's name. */
export function exporterWarnings(
  { netFlow }: WantedExporters,
  { datapath, portCount }: { readonly datapath: string; readonly portCount: number },
): { readonly level: 'warn'; readonly text: string }[] {
  const said = netFlow === undefined ? [] : netFlowWarnings(netFlow, datapath, portCount);
  return said.map((text) => ({ level: 'warn', text }));
}

function netFlowWarnings(wanted: WantedNetFlow, datapath: string, portCount: number): string[] {
  const { engineId, addsIdToPorts } = netFlowConfig(wanted, datapath);
  const said: string[] = [];
  if (wanted.isTimeoutRefused)
    said.push(
      `active timeout interval set to negative value, using default instead (${defaultActiveTimeout} seconds)`,
    );
  if (addsIdToPorts && engineId > 0x7f)
    said.push('NetFlow port mangling may conflict with another vswitch, choose an engine id less than 128');
  if (addsIdToPorts && portCount > mangledPortLimit)
    said.push(
      `NetFlow port mangling will conflict with another port when more than ${mangledPortLimit} ports are used`,
    );
  return said;
}
