/** What rows of NetFlow ask of a bridge: ovs-vswitchd.conf.db(5). Pure. */
import { hashName } from '../../base/hash-order.ts';
import type { ExporterConfig } from '../../ofproto/exporters/exporters.ts';
import type { NetFlowConfig } from '../../ofproto/exporters/netflow.ts';
import type { OvsRow } from '../schema/index.ts';

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
}

export interface WantedExporters {
  readonly netFlow: WantedNetFlow | undefined;
}

const defaultActiveTimeout = 600;
/** Ports above that have numbers of more bits than are left beside an engine's. */
const mangledPortLimit = 508;

export function readExporters({ netFlow }: ExporterRows): WantedExporters {
  return { netFlow: netFlow && readNetFlow(netFlow) };
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
export function exporterConfig({ netFlow }: WantedExporters, datapath: string): ExporterConfig {
  return { netFlow: netFlow && netFlowConfig(netFlow, datapath) };
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
  datapath: string,
  portCount: number,
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
