/** What a row of AutoAttach asks of a bridge: ovs-vswitchd.conf.db(5). Pure. */
import { type AutoAttachConfig, noAutoAttach, type PortDiscovery } from '../../ofproto/config.ts';
import type { OvsRow } from '../schema/index.ts';

export function readAutoAttach(row: OvsRow<'AutoAttach'> | undefined): AutoAttachConfig {
  if (row === undefined) return noAutoAttach;
  return {
    systemName: row.system_name,
    systemDescription: row.system_description || noAutoAttach.systemDescription,
    services: new Map([...row.mappings].map(([service, vlan]) => [Number(service), vlan])),
  };
}

export function readDiscovery({ lldp }: OvsRow<'Interface'>): PortDiscovery {
  if (lldp.size === 0) return 'unset';
  return lldp.get('enable') === 'true' ? 'on' : 'off';
}
