/** `autoattach/*`: what LLDP of each port has heard, and what became of the services that were asked for. */
import { orderAsHashed } from '../../base/hash-order.ts';
import { type Command, defineCommand } from '../../daemon/unixctl.ts';
import {
  formatLldpCounters,
  formatLldpServers,
  formatLldpServices,
  type LldpReport,
  lldpsOf,
  reportLldp,
} from '../../ofproto/views/auto-attach.ts';
import type { Switch } from '../switch.ts';
import { asJson } from './common.ts';

/** As the reference, each tells of all bridges, whichever is named. */
export function discoveryCommands(aSwitch: Switch): Command[] {
  const command = <K extends keyof LldpReport>(
    name: string,
    format: (report: LldpReport) => string,
    part: K,
  ): Command =>
    defineCommand({
      name: `autoattach/${name}`,
      usage: '[bridge]',
      minArgs: 0,
      maxArgs: 1,
      run() {
        const reports = allReports(aSwitch);
        return {
          text: reports.map(format).join(''),
          json: reports.map((report) => asJson({ name: report.name, [part]: report[part] })),
        };
      },
    });
  return [
    command('status', formatLldpServers, 'servers'),
    command('show-isid', formatLldpServices, 'services'),
    command('statistics', formatLldpCounters, 'counters'),
  ];
}

function allReports({ state }: Switch): LldpReport[] {
  const lldps = [...state.bridges.values()].flatMap(({ ofproto }) => lldpsOf(ofproto));
  return orderAsHashed(lldps, ({ name }) => name).map((lldp) =>
    reportLldp(lldp, (services) => orderAsHashed(services, ({ service }) => service)),
  );
}
