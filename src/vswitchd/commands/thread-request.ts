/** What a command about the threads of a datapath is asked for: `[OPTION...] [-pmd core] [dp]`. */
import { Refused } from '../../base/errors.ts';
import { type Datapath, type DpThread, threadsOf } from '../../datapath/provider.ts';
import type { Switch } from '../switch.ts';
import { allDatapaths } from './dpctl/datapaths.ts';

export interface ThreadRequest {
  readonly datapath: Datapath;
  /** All, or the one on some core. */
  readonly threads: readonly DpThread[];
  /** Of options that take one; 0 for what is none. */
  readonly numbers: ReadonlyMap<string, number>;
}

/** `numbered`: options that take a number. Throws Refused. */
export function readThreadRequest(
  aSwitch: Switch,
  args: readonly string[],
  numbered: readonly string[] = [],
): ThreadRequest {
  const all = allDatapaths(aSwitch).map(({ datapath }) => datapath);
  const queue = [...args];
  const numbers = new Map<string, number>();
  let named: Datapath | undefined;
  let core: number | undefined;
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === '-pmd' && queue.length > 0) core = readCore(queue.shift()) ?? core;
    else if (numbered.includes(arg) && queue.length > 0)
      numbers.set(arg, Math.max(0, Number.parseInt(queue.shift() ?? '', 10) || 0));
    else if (!arg.startsWith('-')) named = all.find(({ name }) => name === arg);
  }
  const datapath = named ?? onlyOne(all);
  const threads = threadsOf(datapath).filter(({ polling }) => core === undefined || polling?.core === core);
  return { datapath, threads, numbers };
}

function readCore(text = ''): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Throws Refused. */
export function onlyOne([only, ...others]: readonly Datapath[]): Datapath {
  if (only === undefined || others.length > 0)
    throw new Refused('dpif', 'please specify an existing datapath');
  return only;
}
