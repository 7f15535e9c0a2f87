import { type Command, defineCommand } from '../../daemon/unixctl.ts';
import { formatTunnels, listTunnels } from '../../ofproto/views/tunnel-list.ts';
import type { Switch } from '../switch.ts';
import { allBackers } from './common.ts';

export function tunnelListCommand(aSwitch: Switch): Command {
  return defineCommand({
    name: 'ofproto/list-tunnels',
    usage: '',
    minArgs: 0,
    maxArgs: 0,
    run() {
      const rows = allBackers(aSwitch).flatMap(listTunnels);
      return { text: formatTunnels(rows), json: rows.map((row) => ({ ...row })) };
    },
  });
}
