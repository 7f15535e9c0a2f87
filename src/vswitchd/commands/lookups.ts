/**
 * `dpif-netdev/subtable-*`: which function looks up in a subtable of a datapath.
 * Differs: `dpif-netdev/subtable-lookup-info-get` shows one, ours, under the name of the reference's portable one.
 */
import { Refused } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { type Command, type CommandOutput, defineCommand } from '../../daemon/unixctl.ts';
import type { DpFlow } from '../../datapath/provider.ts';
import { getSlot } from '../../flow/key.ts';
import { unpackKey } from '../../flow/match.ts';
import type { Switch } from '../switch.ts';
import { allBackers, asJson } from './common.ts';

const log = logger('dpif_netdev_lookup');
const datapathLog = logger('dpif_netdev');

const functionName = 'generic';
const highestPriority = 255;

export function lookupCommands(aSwitch: Switch): Command[] {
  let priority = 1;
  const show = (): CommandOutput => {
    const useCount = allBackers(aSwitch).reduce((sum, { flows }) => sum + subtableCount(flows), 0);
    const text = `Available dpcls implementations:\n  ${functionName} (Use count: ${useCount}, Priority: ${priority})\n`;
    return { text, json: [asJson({ name: functionName, useCount, priority })] };
  };
  const info = { usage: '', minArgs: 0, maxArgs: 0, run: show };
  return [
    defineCommand({ ...info, name: 'dpif-netdev/subtable-lookup-info-get' }),
    defineCommand({ ...info, name: 'dpif-netdev/subtable-lookup-prio-get', isHidden: true }),
    defineCommand({
      name: 'dpif-netdev/subtable-lookup-prio-set',
      usage: '[lookup_func] [prio]',
      minArgs: 2,
      maxArgs: 2,
      run([name, text = '']) {
        const wanted = Number.parseInt(text, 10) || 0;
        if (wanted < 0 || wanted > highestPriority)
          throw new Refused('dpif', `error converting priority, use integer in range 0-${highestPriority}`);
        if (name !== functionName) {
          log.warn(`Subtable function '${name}' not found, failed to set priority`);
          throw new Refused('dpif', 'error, subtable lookup function not found');
        }
        priority = wanted;
        log.info(`Subtable function '${functionName}' set priority to ${priority}`);
        // With one function, none takes the place of another.
        const affected = { ports: 0, subtables: 0 };
        const told = `Lookup priority change affected ${affected.ports} dpcls ports and ${affected.subtables} subtables.\n`;
        datapathLog.info(told.trimEnd());
        return { text: told, json: affected };
      },
    }),
  ];
}

/** Flows of one port under one mask are a subtable. */
function subtableCount(flows: Iterable<DpFlow>): number {
  const subtables = new Set<string>();
  for (const { key, mask } of flows) subtables.add(`${getSlot(unpackKey(key), 'in_port')} ${mask.id}`);
  return subtables.size;
}
