/** What the exporters of a bridge are to be: what its rows say, and what follows from the other bridges. */
import { isDeepStrictEqual } from 'node:util';
import { orderAsHashed } from '../../base/hash-order.ts';
import type { ExporterConfig } from '../../ofproto/exporters/exporter-config.ts';
import { exporterConfig } from '../config/exporter-rows.ts';
import type { LiveBridge, LiveState } from './live.ts';

export function exportersOf({ name, settings, backer }: LiveBridge, { bridges }: LiveState): ExporterConfig {
  const { controllers, exporters } = settings;
  return exporterConfig(exporters, {
    datapath: backer.datapath.name,
    subAgent: agentsAmong(bridges).indexOf(name),
    controlAddress: controllers.find(({ localAddress }) => localAddress !== undefined)?.localAddress?.address,
  });
}

/** With one more bridge or one less, the sFlow agents of others may be other ones. */
export function followAgents(state: LiveState): void {
  for (const name of agentsAmong(state.bridges)) {
    const bridge = state.bridges.get(name);
    if (bridge === undefined) continue;
    const { ofproto } = bridge;
    const exporters = exportersOf(bridge, state);
    if (!isDeepStrictEqual(ofproto.config.exporters, exporters))
      ofproto.configure({ ...ofproto.config, exporters });
  }
}

/** Bridges that have one, in the order in which the host numbers them. */
function agentsAmong(bridges: LiveState['bridges']): string[] {
  const names = orderAsHashed([...bridges.keys()], (name) => name);
  return names.filter((name) => bridges.get(name)?.settings.exporters.sFlow !== undefined);
}
