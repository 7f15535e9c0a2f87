/** `cfm/*` and `bfd/*`: what is known of links that are monitored, and what somebody says instead. */
import { Refused } from '../../base/errors.ts';
import { orderAsHashed } from '../../base/hash-order.ts';
import { type Command, defineCommand, told } from '../../daemon/unixctl.ts';
import { formatCfm, type MonitorOfPort, monitorsOf } from '../../ofproto/views/monitoring.ts';
import { formatBfd } from '../../protocols/bfd-text.ts';
import type { Switch } from '../switch.ts';
import { asJson } from './common.ts';

const upToOne = { minArgs: 0, maxArgs: 1 };
const override = { usage: '[interface] normal|false|true', minArgs: 1, maxArgs: 2 };

export function monitoringCommands(aSwitch: Switch): Command[] {
  return [...cfmCommands(aSwitch), ...bfdCommands(aSwitch)];
}

function cfmCommands(aSwitch: Switch): Command[] {
  const all = (): MonitorOfPort[] => {
    const found = monitors(aSwitch).filter(({ monitor }) => monitor.cfmStatus !== undefined);
    return orderAsHashed(found, ({ name }) => name);
  };
  return [
    defineCommand({
      name: 'cfm/show',
      usage: '[interface]',
      ...upToOne,
      run([name]) {
        const shown = name === undefined ? all() : [named(all(), name, 'no such CFM object')];
        const reports = shown.flatMap(({ monitor }) => monitor.reportCfm() ?? []);
        return { text: reports.map(formatCfm).join(''), json: reports.map(asJson) };
      },
    }),
    defineCommand({
      name: 'cfm/set-fault',
      ...override,
      run(args) {
        const isFaulty = truthOf(args.at(-1));
        for (const { monitor } of chosen(all(), args, 'no such CFM object')) monitor.overrideFault(isFaulty);
        return told('OK');
      },
    }),
  ];
}

function bfdCommands(aSwitch: Switch): Command[] {
  const all = (): MonitorOfPort[] =>
    monitors(aSwitch).filter(({ monitor }) => monitor.bfdStatus !== undefined);
  return [
    defineCommand({
      name: 'bfd/show',
      usage: '[interface]',
      ...upToOne,
      run([only]) {
        const shown = only === undefined ? all() : [named(all(), only, 'no such bfd object')];
        const reports = shown.flatMap(({ name, monitor }) => {
          const report = monitor.reportBfd();
          return report === undefined ? [] : { name, ...report };
        });
        const texts = reports.map((report) => {
          return `${only === undefined ? `---- ${report.name} ----\n` : ''}${formatBfd(report)}`;
        });
        return { text: texts.join(''), json: reports.map(asJson) };
      },
    }),
    defineCommand({
      name: 'bfd/set-forwarding',
      ...override,
      run(args) {
        const forwards = truthOf(args.at(-1));
        for (const { monitor } of chosen(all(), args, 'no such BFD object'))
          monitor.overrideForwarding(forwards);
        return told('OK');
      },
    }),
  ];
}

function monitors(aSwitch: Switch): MonitorOfPort[] {
  return [...aSwitch.state.bridges.values()].flatMap(({ ofproto }) => monitorsOf(ofproto));
}

/** Of a command that ends with what is to be said of one, or of all. Throws Refused. */
function chosen(
  all: readonly MonitorOfPort[],
  args: readonly string[],
  unless: string,
): readonly MonitorOfPort[] {
  const [name = ''] = args;
  return args.length < 2 ? all : [named(all, name, unless)];
}

function named(all: readonly MonitorOfPort[], name: string, unless: string): MonitorOfPort {
  const found = all.find((each) => each.name === name);
  if (found === undefined) throw new Refused('interface', unless);
  return found;
}

/** Undefined for what is found. Throws Refused. */
function truthOf(text = ''): boolean | undefined {
  const word = text.toLowerCase();
  if (!['true', 'false', 'normal'].includes(word)) throw new Refused('override', 'unknown fault string');
  return word === 'normal' ? undefined : word === 'true';
}
