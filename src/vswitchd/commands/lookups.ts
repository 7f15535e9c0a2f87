/** `dpif-netdev/subtable-*`: which function looks up in the subtables of datapaths. */
import { Refused } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { type Command, type CommandOutput, defineCommand } from '../../daemon/unixctl.ts';
import type { DpFlow } from '../../datapath/provider.ts';
import { getSlot } from '../../flow/key.ts';
import { unpackKey } from '../../flow/match.ts';
import { isLookupName } from '../lookup-choice.ts';
import type { Switch } from '../switch.ts';
import { asJson } from './common.ts';
import { allDatapaths } from './dpctl/datapaths.ts';

const log = logger('dpif_netdev_lookup');
const datapathLog = logger('dpif_netdev');

const highestPriority = 255;

export function lookupCommands(aSwitch: Switch): Command[] {
  const { lookups } = aSwitch;
  const show = (): CommandOutput => {
    const functions = [...lookups.priorities].map(([name, priority]) => {
      const useCount = name === lookups.chosen ? inUse(aSwitch).subtables : 0;
      return { name, useCount, priority };
    });
    const lines = functions.map(
      ({ name, useCount, priority }) => `  ${name} (Use count: ${useCount}, Priority: ${priority})\n`,
    );
    return {
      text: `Available dpcls implementations:\n${lines.join('')}`,
      json: functions.map(asJson),
    };
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
        if (!isLookupName(name)) {
          log.warn(`Subtable function '${name}' not found, failed to set priority`);
          throw new Refused('dpif', 'error, subtable lookup function not found');
        }
        const isOther = lookups.setPriority(name, wanted);
        log.info(`Subtable function '${name}' set priority to ${wanted}`);
        const affected = isOther ? inUse(aSwitch) : { ports: 0, subtables: 0 };
        const told = `Lookup priority change affected ${affected.ports} dpcls ports and ${affected.subtables} subtables.\n`;
        datapathLog.info(told.trimEnd());
        return { text: told, json: affected };
      },
    }),
  ];
}

/** Flows of one port under one mask are a subtable. */
function inUse(aSwitch: Switch): { ports: number; subtables: number } {
  const all = allDatapaths(aSwitch).map(({ datapath }) => portsAndMasks(datapath.flows()));
  const sum = (count: (of: { ports: number; subtables: number }) => number): number =>
    all.reduce((total, each) => total + count(each), 0);
  return { ports: sum(({ ports }) => ports), subtables: sum(({ subtables }) => subtables) };
}

function portsAndMasks(flows: Iterable<DpFlow>): { ports: number; subtables: number } {
  const ports = new Set<number>();
  const subtables = new Set<string>();
  for (const { key, mask } of flows) {
    const port = getSlot(unpackKey(key), 'in_port');
    ports.add(port);
    subtables.add(`${port} ${mask.id}`);
  }
  return { ports: ports.size, subtables: subtables.size };
}
