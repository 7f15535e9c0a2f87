/** `fdb/*`: learned and static addresses. */
import { Refused } from '../../base/errors.ts';
import { type Command, defineCommand, told } from '../../daemon/unixctl.ts';
import {
  addStaticMac,
  fdbStats,
  formatFdb,
  formatFdbStats,
  listFdb,
  removeStaticMac,
} from '../../ofproto/views/fdb.ts';
import type { Switch } from '../switch.ts';
import { bridgeNamed, bridgesNamed } from './common.ts';

export function fdbCommands(aSwitch: Switch): Command[] {
  const one = { minArgs: 1, maxArgs: 1 };
  const upToOne = { minArgs: 0, maxArgs: 1 };
  return [
    defineCommand({
      name: 'fdb/show',
      usage: 'bridge',
      ...one,
      run([name]) {
        const rows = listFdb(bridgeNamed(aSwitch, name).ofproto);
        return {
          text: formatFdb(rows),
          json: rows.map(({ age, ...row }) =>
            age === undefined ? { ...row, static: true } : { ...row, age },
          ),
        };
      },
    }),
    defineCommand({
      name: 'fdb/stats-show',
      usage: 'bridge',
      ...one,
      run([name]) {
        const stats = fdbStats(bridgeNamed(aSwitch, name).ofproto);
        return { text: formatFdbStats(stats), json: { ...stats } };
      },
    }),
    defineCommand({
      name: 'fdb/stats-clear',
      usage: '[bridge]',
      ...upToOne,
      run([name]) {
        for (const { ofproto } of bridgesNamed(aSwitch, name)) ofproto.macs.clearStats();
        return told('statistics successfully cleared');
      },
    }),
    defineCommand({
      name: 'fdb/flush',
      usage: '[bridge]',
      ...upToOne,
      run([name]) {
        for (const { ofproto } of bridgesNamed(aSwitch, name)) ofproto.macs.flush();
        return told('table successfully flushed');
      },
    }),
    defineCommand({
      name: 'fdb/add',
      usage: 'bridge port vlan mac',
      minArgs: 4,
      maxArgs: 4,
      run([name, port = '', vlan, mac = '']) {
        return told(addStaticMac(bridgeNamed(aSwitch, name).ofproto, port, readVlan(vlan), mac));
      },
    }),
    defineCommand({
      name: 'fdb/del',
      usage: 'bridge vlan mac',
      minArgs: 3,
      maxArgs: 3,
      run([name, vlan, mac = '']) {
        removeStaticMac(bridgeNamed(aSwitch, name).ofproto, readVlan(vlan), mac);
        return '';
      },
    }),
  ];
}

/** Differs: a VLAN beyond 4095 is refused, where the reference keeps its low bits. */
function readVlan(text: string | undefined): number {
  const vlan = Number(text);
  if (text === undefined || !/^\d{1,5}$/.test(text) || vlan > 4095) throw new Refused('fdb', 'invalid vlan');
  return vlan;
}
