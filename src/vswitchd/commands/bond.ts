/** `bond/*` and `lacp/*`: bonds, what their members do, and what was agreed of their links. */

import { Malformed, Refused } from '../../base/errors.ts';
import { orderAsHashed } from '../../base/hash-order.ts';
import { type Command, type CommandOutput, defineCommand, told } from '../../daemon/unixctl.ts';
import { hashStation } from '../../flow/field-hash.ts';
import { readMacNumber } from '../../flow/mac.ts';
import {
  type BondOfSwitch,
  bondsOf,
  enableMember,
  formatBond,
  formatBondList,
  listBond,
  migrateHash,
  reportBond,
  setActiveMember,
} from '../../ofproto/views/bond.ts';
import {
  formatLacp,
  formatLacpStats,
  type LacpReport,
  lacpsOf,
  reportLacp,
} from '../../ofproto/views/lacp.ts';
import { bucketCount } from '../../protocols/bond-buckets.ts';
import type { Switch } from '../switch.ts';
import { asJson } from './common.ts';

const upToOne = { minArgs: 0, maxArgs: 1 };
const two = { minArgs: 2, maxArgs: 2 };

export function bondCommands(aSwitch: Switch): Command[] {
  return [
    ...memberCommands(aSwitch),
    hashCommand,
    defineCommand({
      name: 'bond/list',
      usage: '',
      minArgs: 0,
      maxArgs: 0,
      run() {
        const rows = allBonds(aSwitch).map(listBond);
        return { text: formatBondList(rows), json: rows.map(asJson) };
      },
    }),
    defineCommand({
      name: 'bond/show',
      usage: '[port]',
      ...upToOne,
      run([name]) {
        const bonds = name === undefined ? allBonds(aSwitch) : [bondNamed(aSwitch, name)];
        const reports = bonds.map(reportBond);
        return { text: reports.map(formatBond).join(''), json: reports.map(asJson) };
      },
    }),
    lacpCommand(aSwitch, 'lacp/show', formatLacp),
    lacpCommand(aSwitch, 'lacp/show-stats', formatLacpStats),
  ];
}

function memberCommands(aSwitch: Switch): Command[] {
  return [
    defineCommand({
      name: 'bond/migrate',
      usage: 'port hash member',
      minArgs: 3,
      maxArgs: 3,
      run: ([bond, hash = '', member = '']) => told(migrateHash(bondNamed(aSwitch, bond), hash, member)),
    }),
    ...withOldName('bond/set-active', ([bond, member = '']) =>
      setActiveMember(bondNamed(aSwitch, bond), member),
    ),
    ...withOldName('bond/enable', ([bond, member = '']) =>
      enableMember(bondNamed(aSwitch, bond), member, true),
    ),
    ...withOldName('bond/disable', ([bond, member = '']) =>
      enableMember(bondNamed(aSwitch, bond), member, false),
    ),
  ];
}

/** The same command under the word that members had before. */
function withOldName(name: string, change: (args: readonly string[]) => string): Command[] {
  const run = (args: readonly string[]): CommandOutput => told(change(args));
  const command = { usage: 'port member', ...two, run };
  return [
    defineCommand({ ...command, name: `${name}-member` }),
    defineCommand({ ...command, name: `${name}-slave`, isHidden: true }),
  ];
}

const hashCommand = defineCommand({
  name: 'bond/hash',
  usage: 'mac [vlan] [basis]',
  minArgs: 1,
  maxArgs: 3,
  run([mac = '', vlanText = '0', basisText = '0']) {
    const vlan = numberArgument(vlanText, 'invalid vlan');
    const basis = numberArgument(basisText, 'invalid basis');
    const hash = hashStation(macArgument(mac), vlan, basis) & (bucketCount - 1);
    return { text: String(hash), json: hash };
  },
});

function macArgument(text: string): ReturnType<typeof readMacNumber> {
  try {
    return readMacNumber(text);
  } catch (why) {
    if (!(why instanceof Malformed)) throw why;
    throw new Refused('bond', 'invalid mac');
  }
}

/** Throws Refused with `unless` as the whole answer. */
function numberArgument(text: string, unless: string): number {
  if (!/^\s*[-+]?\d+\s*$/.test(text)) throw new Refused('bond', unless);
  return Number(text) >>> 0;
}

function allBonds(aSwitch: Switch): BondOfSwitch[] {
  const bonds = [...aSwitch.state.bridges.values()].flatMap(({ ofproto }) => bondsOf(ofproto));
  return orderAsHashed(bonds, ({ bond }) => bond.name);
}

function bondNamed(aSwitch: Switch, name: string | undefined): BondOfSwitch {
  const found = allBonds(aSwitch).find(({ bond }) => bond.name === name);
  if (found === undefined) throw new Refused('bond', 'no such bond');
  return found;
}

function lacpCommand(aSwitch: Switch, name: string, format: (report: LacpReport) => string): Command {
  return defineCommand({
    name,
    usage: '[port]',
    ...upToOne,
    run([port]) {
      const all = [...aSwitch.state.bridges.values()].flatMap(({ ofproto }) => lacpsOf(ofproto));
      const lacps = port === undefined ? all : all.filter((lacp) => lacp.name === port);
      if (port !== undefined && lacps.length === 0) throw new Refused('lacp', 'no such lacp object');
      const reports = lacps.map(reportLacp);
      return { text: reports.map(format).join(''), json: reports.map(asJson) };
    },
  });
}
