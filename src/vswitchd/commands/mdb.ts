/** `mdb/*`: what multicast snooping has learned. */
import { type Command, defineCommand, told } from '../../daemon/unixctl.ts';
import { flushMdb, formatMdb, listMdb } from '../../ofproto/views/mdb.ts';
import type { Switch } from '../switch.ts';
import { allBridges, bridgeNamed } from './common.ts';

export function mdbCommands(aSwitch: Switch): Command[] {
  return [
    defineCommand({
      name: 'mdb/flush',
      usage: '[bridge]',
      minArgs: 0,
      maxArgs: 1,
      run([name]) {
        if (name !== undefined) flushMdb(bridgeNamed(aSwitch, name).ofproto);
        else for (const { ofproto } of allBridges(aSwitch)) ofproto.protocols.multicast.flush();
        return told('table successfully flushed');
      },
    }),
    defineCommand({
      name: 'mdb/show',
      usage: 'bridge',
      minArgs: 1,
      maxArgs: 1,
      run([name]) {
        const rows = listMdb(bridgeNamed(aSwitch, name).ofproto);
        return {
          text: formatMdb(rows),
          json: rows.map(({ group, ...row }) =>
            group === undefined ? { ...row, querier: true } : { ...row, group },
          ),
        };
      },
    }),
  ];
}
