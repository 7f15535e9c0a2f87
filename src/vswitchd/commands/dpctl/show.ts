/** `dpctl/show` and `dpctl/dump-dps`. */
import { datapathName, formatDatapath, showDatapath } from '../../../ofproto/views/datapath.ts';
import type { Json } from '../../../rpc/channel.ts';
import type { Switch } from '../../switch.ts';
import { asJson } from '../common.ts';
import { type AnyDatapath, allDatapaths, openDatapath } from './datapaths.ts';
import { type DpctlCommand, each } from './request.ts';

export function showCommands(aSwitch: Switch): DpctlCommand[] {
  return [
    {
      name: 'dump-dps',
      usage: '',
      minArgs: 0,
      maxArgs: 0,
      run(_args, _flags, answer) {
        const names = allDatapaths(aSwitch).map(datapathName);
        answer.print(names.map((name) => `${name}\n`).join(''));
        answer.json = names;
      },
    },
    {
      name: 'show',
      usage: '[-s] [dp...]',
      minArgs: 0,
      maxArgs: Number.POSITIVE_INFINITY,
      async run(args, { hasStatistics }, answer) {
        const rows: Json[] = [];
        const show = async (any: AnyDatapath): Promise<void> => {
          const row = await showDatapath(any, hasStatistics);
          answer.print(formatDatapath(row));
          rows.push(asJson(row));
        };
        await each(args, answer, (name) =>
          show(openDatapath(aSwitch, name, `opening datapath ${name} failed`)),
        );
        if (args.length === 0) await each(allDatapaths(aSwitch), answer, show);
        answer.json = rows;
      },
    },
  ];
}
