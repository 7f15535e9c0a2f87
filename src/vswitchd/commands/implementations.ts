/**
 * `dpif-netdev/dpif-impl-*`, `dpif-netdev/miniflow-parser-*` and `odp-execute/action-impl-*`: by which code a datapath does
 * its work.
 * Differs: there is one of each, ours, under the name of the reference's portable one; none that tries others out.
 */
import { Refused } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { type Command, defineCommand, told } from '../../daemon/unixctl.ts';
import { threadsOf } from '../../datapath/provider.ts';
import type { Switch } from '../switch.ts';
import { allDatapaths } from './dpctl/datapaths.ts';

const log = logger('dpif_netdev');

const datapathCode = 'dpif_scalar';
const otherCode = 'scalar';

export function implementationCommands(aSwitch: Switch): Command[] {
  /** Of threads that poll: all of them use it. */
  const cores = (): number[] =>
    allDatapaths(aSwitch).flatMap(({ datapath }) =>
      threadsOf(datapath).flatMap(({ polling }) => polling?.core ?? []),
    );
  const users = (): string => cores().join(',') || 'none';
  const show = { usage: '', minArgs: 0, maxArgs: 0 };
  return [
    defineCommand({
      ...show,
      name: 'dpif-netdev/dpif-impl-get',
      run: () => ({
        text: `Available DPIF implementations:\n  ${datapathCode} (pmds: ${users()})\n`,
        json: [{ name: datapathCode, cores: cores() }],
      }),
    }),
    defineCommand({
      name: 'dpif-netdev/dpif-impl-set',
      usage: 'dpif_implementation_name',
      minArgs: 1,
      maxArgs: 1,
      run([name = '']) {
        if (name !== datapathCode)
          throw refusal(`DPIF implementation not available: Unknown DPIF implementation ${name}.\n`);
        return answer(`DPIF implementation set to ${name}.\n`);
      },
    }),
    defineCommand({
      ...show,
      name: 'dpif-netdev/miniflow-parser-get',
      run: () => ({
        text: `Available MFEX implementations:\n  ${otherCode} (available: True pmds: ${users()})\n`,
        json: [{ name: otherCode, cores: cores() }],
      }),
    }),
    defineCommand({
      name: 'dpif-netdev/miniflow-parser-set',
      usage: '[-pmd core] miniflow_implementation_name [study_pkt_cnt]',
      minArgs: 1,
      maxArgs: 5,
      run(args) {
        const { name, core } = readParserChoice(args);
        if (name !== otherCode) throw refusal(`Error: unknown miniflow extract implementation ${name}.\n`);
        if (core === undefined) return answer(`Miniflow extract implementation set to ${name}.\n`);
        if (!cores().includes(core))
          throw refusal(
            `Error: miniflow extract parser not changed, PMD thread ${core} not in use, pass a valid pmd thread ID.\n`,
          );
        return answer(`Miniflow extract implementation set to ${name}, on pmd thread ${core}.\n`);
      },
    }),
    defineCommand({
      ...show,
      name: 'odp-execute/action-impl-show',
      run: () => ({
        text: `Available Actions implementations:\n  ${otherCode} (available: Yes, active: Yes)\n`,
        json: [{ name: otherCode, isActive: true }],
      }),
    }),
    defineCommand({
      name: 'odp-execute/action-impl-set',
      usage: 'name',
      minArgs: 1,
      maxArgs: 1,
      run([name = '']) {
        if (name !== otherCode)
          throw new Refused('odp_execute', `Error: unknown action implementation, ${name}, specified!`);
        return told(`Action implementation set to ${name}.\n`);
      },
    }),
  ];
}

/** Throws Refused. */
function readParserChoice(args: readonly string[]): { name: string; core: number | undefined } {
  const isOfCore = args[0] === '-pmd';
  const [name, surplus] = isOfCore ? args.slice(2) : args;
  const core = isOfCore ? readThread(args[1]) : undefined;
  if (name === undefined)
    throw refusal(
      'Error: no miniflow extract name provided. Output of miniflow-parser-get shows implementation list.\n',
    );
  if (surplus !== undefined && name === otherCode) throw refusal(`Error: unknown argument ${surplus}.\n`);
  return { name, core };
}

function readThread(text: string | undefined): number {
  if (text === undefined) throw refusal('Error: -pmd option requires a thread id argument.\n');
  if (/^\d+$/.test(text)) return Number(text);
  throw refusal(
    `Error: miniflow extract parser not changed, PMD thread passed is not valid: '${text}'. Pass a valid pmd thread ID.\n`,
  );
}

function refusal(text: string): Refused {
  log.err(text.trimEnd());
  return new Refused('dpif', text.trimEnd());
}

function answer(text: string): ReturnType<typeof told> {
  log.info(text.trimEnd());
  return told(text);
}
