/** What rows of Bridge and Port ask of spanning trees: ovs-vswitchd.conf.db(5). Pure. */
import type { TreeConfig, TreePortConfig } from '../../ofproto/spanning-tree/tree-config.ts';
import type { OvsRow } from '../schema/index.ts';
import { readKeys, type Values } from './keys.ts';
import { treeBridgeKeys, type treePortKeys } from './tree-keys.ts';

/** One of both where both are asked for: RSTP. */
export function readTree(
  row: Pick<OvsRow<'Bridge'>, 'stp_enable' | 'rstp_enable' | 'other_config'>,
): TreeConfig | undefined {
  if (!row.stp_enable && !row.rstp_enable) return undefined;
  const keys = readKeys(treeBridgeKeys, row.other_config);
  const macOf = (key: string, mac: string | undefined): string | 'invalid' | undefined =>
    row.other_config.has(key) ? (mac ?? 'invalid') : undefined;
  if (!row.rstp_enable)
    return {
      protocol: 'STP',
      mac: macOf('stp-system-id', keys.stpSystemId),
      priority: keys.stpPriority,
      helloTime: keys.stpHelloTime,
      maxAge: 1000 * keys.stpMaxAge,
      forwardDelay: 1000 * keys.stpForwardDelay,
    };
  return {
    protocol: 'RSTP',
    replacesStp: row.stp_enable,
    mac: macOf('rstp-address', keys.rstpAddress),
    priority: keys.rstpPriority,
    isStpOnly: keys.rstpForceProtocolVersion === 0,
    maxAge: keys.rstpMaxAge,
    forwardDelay: keys.rstpForwardDelay,
    transmitHoldCount: keys.rstpTransmitHoldCount,
  };
}

export function readTreePort(keys: Values<typeof treePortKeys>): TreePortConfig {
  return {
    stp: {
      isWanted: keys.stpEnable,
      number: keys.stpPortNum,
      pathCost: low(keys.stpPathCost, 0xffff),
      priority: low(keys.stpPortPriority, 0xff) ?? 128,
    },
    rstp: {
      isWanted: keys.rstpEnable,
      number: keys.rstpPortNum,
      pathCost: keys.rstpPathCost,
      priority: keys.rstpPortPriority ?? 128,
      isEdge: keys.rstpPortAdminEdge,
      findsEdge: keys.rstpPortAutoEdge,
      isPointToPoint: keys.rstpAdminP2pMac === 1,
      isEnabled: keys.rstpAdminPortState,
      mustCheckMigration: keys.rstpPortMcheck,
    },
  };
}

/** The bits that there is room for. */
function low(value: number | undefined, mask: number): number | undefined {
  return value === undefined ? undefined : value & mask;
}
