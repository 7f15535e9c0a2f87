/** `dpif/*`: datapaths as the bridges see them. What is in a datapath is shown by `dpctl/*`. */
import { Refused } from '../../base/errors.ts';
import { type Command, type CommandOutput, defineCommand, listed, told } from '../../daemon/unixctl.ts';
import { type AbilityName, abilityNamed, abilityNames } from '../../ofproto/abilities.ts';
import type { Backer } from '../../ofproto/backer.ts';
import {
  datapathFeatures,
  formatBacker,
  formatDatapathAbilities,
  formatDatapathFeatures,
  showBacker,
  showDatapathAbilities,
} from '../../ofproto/views/datapath.ts';
import { type DropRow, formatDrops, listDrops } from '../../ofproto/views/drops.ts';
import { formatFlows, listFlows, showFlows } from '../../ofproto/views/flows.ts';
import type { Switch } from '../switch.ts';
import { allBackers, allBridges, asJson, bridgeNamed } from './common.ts';

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
        return listed(allBridges(aSwitch).map(({ backer, name }) => `${backer.datapath.type}@${name}`));
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
      name: 'dpif/set-dp-features',
      usage: 'bridge',
      minArgs: 1,
      maxArgs: 3,
      run: ([bridge, name, value]) => setAbility(bridgeNamed(aSwitch, bridge).backer, name, value),
    }),
    // Differs: `dpif/show-drops` is ours: how many packets were dropped, by bridge, port and reason.
    defineCommand({
      name: 'dpif/show-drops',
      usage: '[bridge]',
      minArgs: 0,
      maxArgs: 1,
      run([name]) {
        const rows = dropRows(aSwitch, name);
        return { text: formatDrops(rows), json: rows.map((row) => asJson(row)) };
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
        const rows = listFlows(backer, now(), { of: ofproto });
        const flows = showFlows(backer.datapath, rows, options);
        return { text: formatFlows(flows, options), json: flows.map(asJson) };
      },
    }),
  ];
}

/** Of one bridge, or of all. Throws Refused. */
export function dropRows(aSwitch: Switch, name: string | undefined): DropRow[] {
  const only = name === undefined ? undefined : bridgeNamed(aSwitch, name);
  const backers = only === undefined ? allBackers(aSwitch) : [only.backer];
  return backers.flatMap((backer) => listDrops(backer, only?.ofproto));
}

/** Shows all abilities, or one, or sets that; what is wrong with the value is an answer like any other. */
function setAbility(backer: Backer, text: string | undefined, value: string | undefined): CommandOutput {
  if (text === undefined) return showAbilities(backer, abilityNames);
  const name = abilityNamed(text);
  if (name === undefined) return told('Unexpected support field');
  if (value === undefined) return showAbilities(backer, [name]);
  try {
    backer.setAbility(name, value);
    return '';
  } catch (why) {
    if (!(why instanceof Refused)) throw why;
    return told(why.message);
  }
}

function showAbilities(backer: Backer, names: readonly AbilityName[]): CommandOutput {
  const rows = showDatapathAbilities(backer, names);
  return { text: formatDatapathAbilities(rows), json: rows.map((row) => ({ ...row })) };
}
