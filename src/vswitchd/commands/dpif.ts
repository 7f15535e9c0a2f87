/** `dpif/*`: datapaths as the bridges see them. What is in a datapath is shown by `dpctl/*`. */
import { type Command, defineCommand } from '../../daemon/unixctl.ts';
import {
  datapathFeatures,
  formatBacker,
  formatDatapathFeatures,
  showBacker,
} from '../../ofproto/views/datapath.ts';
import { formatFlows, listFlows } from '../../ofproto/views/flows.ts';
import type { Switch } from '../switch.ts';
import { allBackers, allBridges, asJson, bridgeNamed, flowsAsJson } from './common.ts';

const none = { minArgs: 0, maxArgs: 0 };

export function dpifCommands(aSwitch: Switch, now: () => number): Command[] {
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
    defineCommand({
      name: 'dpif/dump-dps',
      usage: '',
      ...none,
      run() {
        const names = allBridges(aSwitch).map(({ backer, name }) => `${backer.datapath.type}@${name}`);
        return { text: names.map((name) => `${name}\n`).join(''), json: names };
      },
    }),
    defineCommand({
      name: 'dpif/show-dp-features',
      usage: 'bridge',
      minArgs: 1,
      maxArgs: 1,
      run([name]) {
        const features = datapathFeatures(bridgeNamed(aSwitch, name).backer);
        return { text: formatDatapathFeatures(features), json: Object.fromEntries(features) };
      },
    }),
    defineCommand({
      name: 'dpif/dump-flows',
      usage: '[-m] [--names | --no-names] bridge',
      minArgs: 1,
      maxArgs: Number.POSITIVE_INFINITY,
      run(args) {
        const { backer, ofproto } = bridgeNamed(aSwitch, args.at(-1));
        const flags = args.slice(0, -1); // whatever is no flag here means nothing
        const isVerbose = flags.includes('-m');
        const naming = flags.findLast((flag) => flag === '--names' || flag === '--no-names');
        const isNamed = naming === undefined ? isVerbose : naming === '--names';
        const options = { isVerbose, isNamed, style: 'dpif' } as const;
        const rows = listFlows(backer, now(), ofproto);
        const text = formatFlows(backer.datapath, rows, options);
        return { text, json: flowsAsJson(backer.datapath, rows, options) };
      },
    }),
  ];
}
