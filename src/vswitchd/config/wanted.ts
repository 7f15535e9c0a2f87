/**
 * What the database asks of a bridge, as checked values; `*-rows.ts` read the rows that belong to it. Pure; used by
 * `model.ts`. Unusable values count as absent (the reference does the same); the operator is told by `GapLog`.
 */

import type { Uuid } from '../../base/units.ts';
import type { TlsConfig } from '../../net/tls-config.ts';
import type { AutoAttachConfig, FlowTableConfig } from '../../ofproto/config.ts';
import type { TreeConfig } from '../../ofproto/spanning-tree/tree-config.ts';
import { allVersions, versionNamed, type WireVersion } from '../../openflow/versions.ts';
import type { OvsRow } from '../schema/index.ts';
import { readAutoAttach } from './auto-attach-rows.ts';
import { bridgeKeys } from './config-keys.ts';
import { readControllerRow, type WantedController } from './controller-rows.ts';
import { type ExporterRows, readExporters, type WantedExporters } from './exporter-rows.ts';
import { readKeys, type Values } from './keys.ts';
import type { WantedMirror } from './mirror-rows.ts';
import type { WantedPort } from './port-rows.ts';
import { readTree } from './tree-rows.ts';

export interface BridgeSettings extends Values<typeof bridgeKeys> {
  /** "system" or as the row says. */
  readonly datapathType: string;
  readonly failMode: 'standalone' | 'secure';
  readonly floodVlans: readonly number[];
  readonly isSnooping: boolean;
  readonly autoAttach: AutoAttachConfig;
  readonly versions: readonly WireVersion[];
  /** By number. */
  readonly tables: readonly FlowTableConfig[];
  /** In the order of their rows' uuids. */
  readonly controllers: readonly WantedController[];
  readonly mirrors: readonly WantedMirror[];
  readonly tree: TreeConfig | undefined;
  readonly exporters: WantedExporters;
}

export interface WantedBridge {
  readonly id: Uuid;
  readonly name: string;
  readonly settings: BridgeSettings;
  readonly ports: ReadonlyMap<string, WantedPort>;
}

export function readBridgeSettings(
  row: OvsRow<'Bridge'>,
  controllers: readonly OvsRow<'Controller'>[],
  tables: readonly FlowTableConfig[],
  mirrors: readonly WantedMirror[],
  others: ExporterRows & { readonly autoAttach: OvsRow<'AutoAttach'> | undefined },
): BridgeSettings {
  return {
    ...readKeys(bridgeKeys, row.other_config),
    datapathType: row.datapath_type === '' ? 'system' : row.datapath_type,
    failMode: row.fail_mode ?? 'standalone',
    floodVlans: row.flood_vlans,
    isSnooping: row.mcast_snooping_enable,
    versions: row.protocols.length === 0 ? allVersions : versionsOf(row.protocols),
    controllers: controllers.map(readControllerRow),
    tables,
    mirrors,
    tree: readTree(row),
    exporters: readExporters(others),
    autoAttach: readAutoAttach(others.autoAttach),
  };
}

export function readTls(row: OvsRow<'SSL'>): TlsConfig {
  return {
    privateKey: row.private_key,
    certificate: row.certificate,
    caCert: row.ca_cert,
    isBootstrap: row.bootstrap_ca_cert,
  };
}

function versionsOf(names: readonly string[]): WireVersion[] {
  return names.map(versionNamed).filter((version) => version !== undefined);
}
