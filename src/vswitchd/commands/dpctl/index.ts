/** The `dpctl/*` commands, ovs-dpctl(8): datapaths, their ports and flows, looked at and changed by hand. */
import type { Command } from '../../../daemon/unixctl.ts';
import type { Switch } from '../../switch.ts';
import { cacheCommands } from './caches.ts';
import { conntrackCommands } from './conntrack.ts';
import { conntrackSettingCommands } from './conntrack-settings.ts';
import { flowCommands } from './flows.ts';
import { fragmentCommands } from './fragments.ts';
import { normalizeCommand } from './normalize.ts';
import { portCommands } from './ports.ts';
import { type DpctlCommand, dpctlCommand } from './request.ts';
import { showCommands } from './show.ts';

export function dpctlCommands(aSwitch: Switch, now: () => number): Command[] {
  const commands = [
    ...portCommands(aSwitch),
    ...showCommands(aSwitch),
    ...flowCommands(aSwitch, now),
    normalizeCommand,
    ...cacheCommands(aSwitch),
    ...conntrackCommands(aSwitch),
    ...conntrackSettingCommands(aSwitch),
    ...fragmentCommands(aSwitch),
  ];
  return [...commands, listCommand(commands)].map(dpctlCommand);
}

function listCommand(commands: readonly DpctlCommand[]): DpctlCommand {
  return {
    name: 'list-commands',
    usage: '',
    minArgs: 0,
    maxArgs: Number.POSITIVE_INFINITY,
    run(_args, _flags, answer) {
      const lines = commands.map(({ name, usage }) => `  dpctl/${name.padEnd(23)} ${usage}\n`);
      answer.print(`The available commands are:\n${lines.join('')}`);
      answer.json = commands.map(({ name, usage }) => ({ name: `dpctl/${name}`, usage }));
    },
  };
}
