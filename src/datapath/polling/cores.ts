/** The processor cores that threads of a datapath may poll on, and the NUMA node of each. */
import { logger } from '../../base/log.ts';

const log = logger('ovs_numa');

export interface Core {
  readonly core: number;
  readonly numa: number;
}

const highestNuma = 127;

/** "0,0,1": the node of each core in turn, as --dummy-numa gives them. */
export function readCores(text: string): Core[] {
  const cores: Core[] = [];
  for (const word of text.split(',').filter((each) => each !== '')) {
    const numa = Number.parseInt(word, 10) || 0;
    if (numa < 0 || numa > highestNuma) log.warn(`Invalid numa node ${numa}`);
    else cores.push({ core: cores.length, numa });
  }
  return cores;
}

/** Says in the log which cores there are. */
export function logCores(cores: readonly Core[]): void {
  const nodes = nodesOf(cores);
  for (const node of nodes) {
    const count = cores.filter(({ numa }) => numa === node).length;
    log.info(`Discovered ${count} CPU cores on NUMA node ${node}`);
  }
  log.info(`Discovered ${nodes.length} NUMA nodes and ${cores.length} CPU cores`);
}

/** Ascending. */
export function nodesOf(cores: readonly Core[]): number[] {
  return [...new Set(cores.map(({ numa }) => numa))].sort((a, b) => a - b);
}

/** Those of a hexadecimal mask: its lowest bit is core 0. What is no digit counts as 0. */
export function coresInMask(cores: readonly Core[], mask: string): Core[] {
  const digits = mask.replace(/^0x/i, '');
  const isIn = (core: number): boolean => {
    const digit = Number.parseInt(digits.at(-1 - Math.floor(core / 4)) ?? '0', 16) || 0;
    return ((digit >> (core % 4)) & 1) === 1;
  };
  for (const digit of digits) if (!/[0-9a-f]/i.test(digit)) log.warn(`Invalid cpu mask: ${digit}`);
  return cores.filter(({ core }) => isIn(core));
}

/** The first of each node. */
export function firstOfEachNode(cores: readonly Core[]): Core[] {
  return cores.filter(({ numa }, at) => cores.findIndex((each) => each.numa === numa) === at);
}
