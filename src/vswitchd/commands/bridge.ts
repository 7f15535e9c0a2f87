/** `bridge/*`, `ofproto/*`, `upcall/*`, `revalidator/*`, `qos/*`: what a bridge does and what its flows cost. */
import { Refused } from '../../base/errors.ts';
import { type Command, defineCommand } from '../../daemon/unixctl.ts';
import { formatUpcalls, showUpcalls } from '../../ofproto/views/datapath.ts';
import { formatRules, listRules } from '../../ofproto/views/rules.ts';
import type { Switch } from '../switch.ts';
import { allBackers, allBridges, answerLater, bridgeNamed, splitFlags } from './common.ts';

const none = { minArgs: 0, maxArgs: 0 };
const one = { minArgs: 1, maxArgs: 1 };

export function bridgeCommands(aSwitch: Switch, now: () => number): Command[] {
  return [
    defineCommand({
      name: 'ofproto/list',
      usage: '',
      ...none,
      run() {
        const names = allBridges(aSwitch).map(({ name }) => name);
        return { text: names.map((name) => `${name}\n`).join(''), json: names };
      },
    }),
    defineCommand({
      name: 'bridge/dump-flows',
      usage: '[--offload-stats] bridge',
      minArgs: 1,
      maxArgs: 2,
      run(args) {
        const { rest } = splitFlags(args, ['--offload-stats']);
        const rows = listRules(bridgeNamed(aSwitch, rest.at(-1), 'Unknown bridge').ofproto, now());
        return { text: formatRules(rows), json: rows.map((row) => ({ ...row })) };
      },
    }),
    ...flowCostCommands(aSwitch),
    ...qosCommands(aSwitch),
  ];
}

function flowCostCommands(aSwitch: Switch): Command[] {
  return [
    defineCommand({
      name: 'upcall/show',
      usage: '',
      ...none,
      run() {
        const rows = allBackers(aSwitch).map(showUpcalls);
        return { text: formatUpcalls(rows), json: rows.map((row) => ({ ...row })) };
      },
    }),
    defineCommand({
      name: 'revalidator/wait',
      usage: '',
      ...none,
      run(_args, reply) {
        const waits = allBackers(aSwitch).map((backer) => backer.revalidator.wait());
        return answerLater(
          reply,
          Promise.all(waits).then(() => ''),
        );
      },
    }),
    defineCommand({
      name: 'revalidator/purge',
      usage: '',
      ...none,
      run() {
        for (const backer of allBackers(aSwitch)) backer.revalidator.purge();
        return '';
      },
    }),
  ];
}

/** No kind of shaping is there yet: the lists are empty, the errors are the reference's. */
function qosCommands(aSwitch: Switch): Command[] {
  const requireInterface = (name: string | undefined): string => {
    if (name === undefined || aSwitch.state.holderOf(name) === undefined)
      throw new Refused('qos', 'no such interface');
    return name;
  };
  return [
    defineCommand({
      name: 'qos/show-types',
      usage: 'interface',
      ...one,
      run([name]) {
        requireInterface(name);
        return { text: '', json: [] };
      },
    }),
    defineCommand({
      name: 'qos/show',
      usage: 'interface',
      ...one,
      run: ([name]) => `QoS not configured on ${requireInterface(name)}\n`,
    }),
  ];
}
