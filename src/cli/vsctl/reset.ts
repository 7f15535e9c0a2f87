/** emer-reset: back to a switch that nobody controls, with its bridges, ports and addresses kept. */
import type { CommandDef, Context } from '../db-ctl/command.ts';
import { tableNamed } from '../db-ctl/schema.ts';
import { rootOf } from './model.ts';

const bridgeReferences = ['controller', 'fail_mode', 'mirrors', 'netflow', 'sflow', 'ipfix', 'flood_vlans'];
/** Of these no row is left. Rows of tables that are no roots go with the last reference. */
const emptied = [
  'Mirror',
  'Controller',
  'Manager',
  'NetFlow',
  'SSL',
  'sFlow',
  'IPFIX',
  'Flow_Sample_Collector_Set',
];
const policing = ['ingress_policing_rate', 'ingress_policing_burst'];

export const resetCommands: readonly CommandDef[] = [
  {
    name: 'emer-reset',
    minArgs: 0,
    maxArgs: 0,
    arguments: '',
    options: [],
    mayWrite: true,
    prepare(_command, { schema, snapshot }) {
      snapshot.prepare(tableNamed(schema, 'Open_vSwitch'), [], ['manager_options', 'ssl']);
      snapshot.prepare(tableNamed(schema, 'Bridge'), [], [...bridgeReferences, 'other_config']);
      snapshot.prepare(tableNamed(schema, 'Port'), [], ['other_config']);
      snapshot.prepare(tableNamed(schema, 'Interface'), [], policing);
      for (const table of emptied) snapshot.prepare(tableNamed(schema, table), [], []);
    },
    run: reset,
  },
];

function reset({ work }: Context): void {
  const root = rootOf(work);
  root.set('manager_options', []);
  root.set('ssl', []);
  for (const bridge of work.rows('Bridge', bridgeReferences)) {
    for (const column of bridgeReferences) bridge.set(column, []);
    const address = bridge.valueUnder('other_config', 'hwaddr');
    bridge.set('other_config', address === undefined ? [] : ['hwaddr', address]);
  }
  for (const port of work.rows('Port', ['other_config'])) port.set('other_config', []);
  for (const iface of work.rows('Interface', policing)) {
    for (const column of policing) iface.set(column, 0);
  }
  for (const table of emptied) for (const row of work.rows(table)) work.delete(row);
}
