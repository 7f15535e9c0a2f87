/** Which exporters a switch is to have. */
import type { BridgeIpfixConfig, FlowIpfixConfig } from './ipfix-config.ts';
import type { NetFlowConfig } from './netflow.ts';
import type { SFlowConfig } from './sflow.ts';

export interface ExporterConfig {
  readonly netFlow: NetFlowConfig | undefined;
  readonly sFlow: SFlowConfig | undefined;
  readonly bridgeIpfix: BridgeIpfixConfig | undefined;
  readonly flowIpfix: FlowIpfixConfig;
}

export const noExporters: ExporterConfig = {
  netFlow: undefined,
  sFlow: undefined,
  bridgeIpfix: undefined,
  flowIpfix: new Map(),
};
