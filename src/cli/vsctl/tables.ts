/** What ovs-vsctl's database commands know of the Open_vSwitch schema beyond its columns. */
import type { RowId } from '../db-ctl/schema.ts';
import type { ShownTable } from '../db-ctl/show.ts';

const byName = (table: string, nameColumn = 'name'): RowId[] => [{ table, nameColumn }];
const via = (table: string, uuidColumn: string): RowId[] => [{ table, nameColumn: 'name', uuidColumn }];

/** How a command line names rows, by table. */
export const rowIds: Readonly<Record<string, readonly RowId[]>> = {
  Bridge: byName('Bridge'),
  Controller: via('Bridge', 'controller'),
  Interface: byName('Interface'),
  Mirror: byName('Mirror'),
  Manager: byName('Manager', 'target'),
  NetFlow: via('Bridge', 'netflow'),
  Port: byName('Port'),
  QoS: via('Port', 'qos'),
  sFlow: via('Bridge', 'sflow'),
  Flow_Table: byName('Flow_Table'),
  IPFIX: via('Bridge', 'ipfix'),
  AutoAttach: via('Bridge', 'auto_attach'),
  Flow_Sample_Collector_Set: byName('Flow_Sample_Collector_Set', 'id'),
};

/** The tree that `show` prints. */
export const shownTables: readonly ShownTable[] = [
  { table: 'Open_vSwitch', columns: ['manager_options', 'bridges', 'ovs_version'] },
  { table: 'Bridge', nameColumn: 'name', columns: ['controller', 'fail_mode', 'datapath_type', 'ports'] },
  { table: 'Port', nameColumn: 'name', columns: ['tag', 'trunks', 'interfaces'] },
  { table: 'Interface', nameColumn: 'name', columns: ['type', 'options', 'error', 'bfd_status'] },
  { table: 'Controller', nameColumn: 'target', columns: ['is_connected'] },
  { table: 'Manager', nameColumn: 'target', columns: ['is_connected'] },
];
