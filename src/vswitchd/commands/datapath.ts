/** `dpif/*` and `dpctl/*`: datapaths, their ports and flows, by bridge and by datapath name. */
import { Refused } from '../../base/errors.ts';
import { type Command, type CommandOutput, defineCommand } from '../../daemon/unixctl.ts';
import type { Backer } from '../../ofproto/backer.ts';
import {
  type DatapathRow,
  datapathFeatures,
  datapathName,
  formatBacker,
  formatDatapath,
  formatFeatures,
  showBacker,
  showDatapath,
} from '../../ofproto/views/datapath.ts';
import {
  type FlowRow,
  type FlowTextOptions,
  formatFlow,
  formatFlows,
  listFlows,
} from '../../ofproto/views/flows.ts';
import type { Json } from '../../rpc/channel.ts';
import type { Switch } from '../switch.ts';
import { allBackers, answerLater, bridgeNamed, splitFlags } from './common.ts';

const none = { minArgs: 0, maxArgs: 0 };
const many = Number.POSITIVE_INFINITY;

export function datapathCommands(aSwitch: Switch, now: () => number): Command[] {
  return [...dpifCommands(aSwitch, now), ...dpctlCommands(aSwitch, now)];
}

function dpifCommands(aSwitch: Switch, now: () => number): Command[] {
  return [
    defineCommand({
      name: 'dpif/show',
      usage: '',
      ...none,
      run() {
        const rows = allBackers(aSwitch).map(showBacker);
        return { text: rows.map(formatBacker).join(''), json: rows.map((row) => asJson(row)) };
      },
    }),
    defineCommand({ name: 'dpif/dump-dps', usage: '', ...none, run: () => dumpNames(aSwitch) }),
    defineCommand({
      name: 'dpif/show-dp-features',
      usage: 'bridge',
      minArgs: 1,
      maxArgs: 1,
      run([name]) {
        const features = datapathFeatures(bridgeNamed(aSwitch, name).backer);
        return { text: formatFeatures(features), json: Object.fromEntries(features) };
      },
    }),
    defineCommand({
      name: 'dpif/dump-flows',
      usage: '[-m] [--names | --no-names] bridge',
      minArgs: 1,
      maxArgs: many,
      run(args) {
        const { flags, rest } = splitFlags(args, ['-m', '--names', '--no-names']);
        const { backer, ofproto } = bridgeNamed(aSwitch, rest.at(-1));
        const isVerbose = flags.has('-m');
        const options = { isVerbose, isNamed: showsNames(flags, isVerbose), style: 'dpif' } as const;
        return flowsOutput(backer, listFlows(backer, now(), ofproto), options);
      },
    }),
  ];
}

/** Names where asked for; verbose text has them unless told otherwise. */
function showsNames(flags: ReadonlySet<string>, isVerbose: boolean): boolean {
  return flags.has('--names') || (isVerbose && !flags.has('--no-names'));
}

function dpctlCommands(aSwitch: Switch, now: () => number): Command[] {
  return [
    defineCommand({ name: 'dpctl/dump-dps', usage: '', ...none, run: () => dumpNames(aSwitch) }),
    defineCommand({
      name: 'dpctl/show',
      usage: '[-s] [dp...]',
      minArgs: 0,
      maxArgs: many,
      run(args, reply) {
        const { flags, rest } = splitFlags(args, ['-s', '--statistics']);
        const backers =
          rest.length === 0 ? allBackers(aSwitch) : rest.map((name) => backerNamed(aSwitch, name));
        const rows = Promise.all(backers.map((backer) => showDatapath(backer, flags.size > 0)));
        return answerLater(reply, rows.then(datapathsOutput));
      },
    }),
    defineCommand({
      name: 'dpctl/dump-flows',
      usage: '[-m] [--names] [dp] [filter=..] [type=..] [pmd=..]',
      minArgs: 0,
      maxArgs: many,
      run(args) {
        const { flags, rest } = splitFlags(args, ['-m', '--more', '--names', '--no-names']);
        const [name] = rest.filter((arg) => !/^(filter|type|pmd)=/.test(arg));
        const backer = name === undefined ? onlyBacker(aSwitch) : backerNamed(aSwitch, name);
        const isVerbose = flags.has('-m') || flags.has('--more');
        return flowsOutput(backer, listFlows(backer, now()), {
          isVerbose,
          isNamed: showsNames(flags, isVerbose),
          style: 'dpctl',
        });
      },
    }),
    defineCommand({
      name: 'dpctl/del-flows',
      usage: '[dp]',
      minArgs: 0,
      maxArgs: 1,
      run([name]) {
        const backer = name === undefined ? onlyBacker(aSwitch) : backerNamed(aSwitch, name);
        backer.revalidator.purge();
        return '';
      },
    }),
  ];
}

function dumpNames(aSwitch: Switch): CommandOutput {
  const names = allBackers(aSwitch).map(datapathName);
  return { text: names.map((name) => `${name}\n`).join(''), json: names };
}

function datapathsOutput(rows: readonly DatapathRow[]): CommandOutput {
  return { text: rows.map(formatDatapath).join(''), json: rows.map((row) => asJson(row)) };
}

function flowsOutput(backer: Backer, rows: readonly FlowRow[], options: FlowTextOptions): CommandOutput {
  return {
    text: formatFlows(backer, rows, options),
    json: rows.map((row) => ({
      flow: formatFlow(backer, row, options),
      ufid: row.ufid,
      packets: row.packets,
      bytes: row.bytes,
    })),
  };
}

/** "netdev@ovs-netdev" or "ovs-netdev". */
function backerNamed(aSwitch: Switch, name: string): Backer {
  const found = allBackers(aSwitch).find(
    (backer) => datapathName(backer) === name || backer.datapath.name === name,
  );
  if (found === undefined)
    throw new Refused('dpctl', `ovs-vswitchd: opening datapath ${name} failed (No such file or directory)`);
  return found;
}

function onlyBacker(aSwitch: Switch): Backer {
  const [first, second] = allBackers(aSwitch);
  if (first === undefined) throw new Refused('dpctl', 'ovs-vswitchd: no datapaths exist');
  if (second !== undefined) throw new Refused('dpctl', 'ovs-vswitchd: multiple datapaths, specify one');
  return first;
}

/** Values of views are plain already but for maps, which become objects; what is undefined is left out. */
function asJson(value: object): Json {
  return JSON.parse(
    JSON.stringify(value, (_key, inner: unknown) =>
      inner instanceof Map ? Object.fromEntries(inner) : inner,
    ),
  );
}
