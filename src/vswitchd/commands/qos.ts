/** `qos/*`: how interfaces shape what they send. */
import { Refused, SyscallFailed } from '../../base/errors.ts';
import { type Command, defineCommand } from '../../daemon/unixctl.ts';
import { type Netdev, qosOf } from '../../netdev/provider.ts';
import { formatQos, type QosReport, reportQos } from '../../ofproto/views/qos.ts';
import type { Switch } from '../switch.ts';
import { asJson } from './common.ts';

const one = { usage: 'interface', minArgs: 1, maxArgs: 1 };

export function qosCommands(aSwitch: Switch): Command[] {
  return [
    defineCommand({
      name: 'qos/show-types',
      ...one,
      run([name = '']) {
        const types = qosOf(netdevNamed(aSwitch, name))?.types ?? [];
        const none = `No QoS types supported for interface: ${name}\n`;
        return {
          text: types.length === 0 ? none : types.map((type) => `QoS type: ${type}\n`).join(''),
          json: [...types],
        };
      },
    }),
    defineCommand({
      name: 'qos/show',
      ...one,
      run([name = '']) {
        const report = reportOf(netdevNamed(aSwitch, name));
        if (report === undefined) return { text: `QoS not configured on ${name}\n`, json: null };
        return { text: formatQos(report), json: asJson(report) };
      },
    }),
  ];
}

function netdevNamed({ state }: Switch, name: string): Netdev {
  const netdev = state.holderOf(name)?.netdev;
  if (netdev === undefined) throw new Refused('qos', 'no such interface');
  return netdev;
}

/** Throws Refused where the kernel does not tell. */
function reportOf(netdev: Netdev): QosReport | undefined {
  try {
    return reportQos(netdev);
  } catch (error) {
    if (!(error instanceof SyscallFailed)) throw error;
    throw new Refused('qos', `${netdev.name}: failed to retrieve QOS configuration (${error.reason})\n`);
  }
}
