/** Which exporters a switch is to have. */
import type { NetFlowConfig } from './netflow.ts';
import type { SFlowConfig } from './sflow.ts';

export interface ExporterConfig {
  readonly netFlow: NetFlowConfig | undefined;
  readonly sFlow: SFlowConfig | undefined;
}

export const noExporters: ExporterConfig = { netFlow: undefined, sFlow: undefined };
