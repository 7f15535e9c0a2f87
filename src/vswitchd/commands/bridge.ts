/** `bridge/*`, `ofproto/*`, `upcall/*`, `revalidator/*`: what a bridge does and what its flows cost. */
import { Refused } from '../../base/errors.ts';
import { type Command, defineCommand, listed, told } from '../../daemon/unixctl.ts';
import type { Backer } from '../../ofproto/backer.ts';
import { formatUpcalls, showUpcalls } from '../../ofproto/views/datapath.ts';
import { formatRules, listRules } from '../../ofproto/views/rules.ts';
import type { Switch } from '../switch.ts';
import { allBackers, allBridges, answerLater, bridgeNamed } from './common.ts';

const none = { minArgs: 0, maxArgs: 0 };
const one = { minArgs: 1, maxArgs: 1 };

export function bridgeCommands(aSwitch: Switch, now: () => number): Command[] {
  return [
    defineCommand({
      name: 'ofproto/list',
      usage: '',
      ...none,
      run() {
        return listed(allBridges(aSwitch).map(({ name }) => name));
      },
    }),
    defineCommand({
      name: 'bridge/dump-flows',
      usage: '[--offload-stats] bridge',
      minArgs: 1,
      maxArgs: 2,
      run(args) {
        const rows = listRules(bridgeNamed(aSwitch, args.at(-1), 'Unknown bridge').ofproto, now());
        return {
          text: formatRules(rows, args[0] === '--offload-stats'),
          json: rows.map((row) => ({ ...row })),
        };
      },
    }),
    defineCommand({
      name: 'bridge/reconnect',
      usage: '[bridge]',
      minArgs: 0,
      maxArgs: 1,
      run([name]) {
        const bridges =
          name === undefined ? allBridges(aSwitch) : [bridgeNamed(aSwitch, name, 'Unknown bridge')];
        for (const { ofproto } of bridges) ofproto.controllers.reconnect();
        return '';
      },
    }),
    ...flowCostCommands(aSwitch),
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
    megaflowCommand(aSwitch, 'enable'),
    megaflowCommand(aSwitch, 'disable'),
    ufidCommand(aSwitch, 'enable'),
    ufidCommand(aSwitch, 'disable'),
    defineCommand({
      name: 'upcall/set-flow-limit',
      usage: 'flow-limit-number',
      ...one,
      run([text = '']) {
        const limit = Math.max(0, Number.parseInt(text, 10) || 0);
        for (const { revalidator } of allBackers(aSwitch)) revalidator.setFlowLimit(limit);
        return { text: `set flow_limit to ${limit}\n`, json: { limit } };
      },
    }),
    defineCommand({
      name: 'revalidator/wait',
      usage: '',
      ...none,
      run(_args, reply) {
        const done = onlyBacker(aSwitch).revalidator.wait();
        return answerLater(
          reply,
          done.then(() => ''),
        );
      },
    }),
    revalidatorCommand(aSwitch, 'pause'),
    revalidatorCommand(aSwitch, 'resume'),
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

function megaflowCommand(aSwitch: Switch, verb: 'enable' | 'disable'): Command {
  return defineCommand({
    name: `upcall/${verb}-megaflows`,
    usage: '',
    ...none,
    run() {
      for (const backer of allBackers(aSwitch)) backer.setMegaflows(verb === 'enable');
      return told(`megaflows ${verb}d`);
    },
  });
}

/** A debugging aid: how much the log shows of flows that are looked at. */
function ufidCommand(aSwitch: Switch, verb: 'enable' | 'disable'): Command {
  return defineCommand({
    name: `upcall/${verb}-ufid`,
    usage: '',
    ...none,
    run() {
      for (const { revalidator } of allBackers(aSwitch)) revalidator.readsTersely = verb === 'enable';
      const where = verb === 'enable' ? ' for supported datapaths' : '';
      return told(`Datapath dumping tersely using UFID ${verb}d${where}`);
    },
  });
}

/** Works, but is listed nowhere, as with the reference. */
function revalidatorCommand(aSwitch: Switch, verb: 'pause' | 'resume'): Command {
  return defineCommand({
    name: `revalidator/${verb}`,
    usage: '',
    ...none,
    isHidden: true,
    run() {
      for (const { revalidator } of allBackers(aSwitch)) revalidator[verb]();
      return '';
    },
  });
}

function onlyBacker(aSwitch: Switch): Backer {
  const [only, ...others] = allBackers(aSwitch);
  if (only === undefined || others.length > 0) throw new Refused('upcall', "can't wait on multiple udpifs.");
  return only;
}
