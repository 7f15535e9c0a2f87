/** The appctl commands about bridges, ports and flows. Those that every daemon has are in src/daemon. */
import type { Command } from '../../daemon/unixctl.ts';
import type { Switch } from '../switch.ts';
import { configCommands } from './config.ts';

export function switchCommands(aSwitch: Switch): Command[] {
  return [...configCommands(aSwitch)];
}
