/** How fast frames pass from one veth host to another through a userspace switch, a kernel bridge and ours. */
import { type Host, knowEachOther, makeHost, removeHost } from './support/hosts.ts';
import type { Bench, Row } from './support/report.ts';
import { isInstalled, isRoot, linuxBridge, openVswitch, type Switch } from './support/switches.ts';
import {
  overloadRate,
  overloadRateToSink,
  pause,
  pingTime,
  setOffloads,
  tcpRate,
} from './support/workloads.ts';

interface Figures {
  readonly packets: number;
  readonly packetsToSink: number;
  readonly tcp: number;
  readonly ping: number;
}

async function measure(
  open: (hosts: readonly [Host, Host]) => Promise<Switch> | Switch,
  hasOffloads: boolean,
) {
  const a = makeHost(1);
  const b = makeHost(2);
  try {
    knowEachOther(a, b);
    for (const host of [a, b]) setOffloads(host, hasOffloads);
    const made = await open([a, b]);
    try {
      await pause(500);
      await pingTime(a, b); // learns the addresses
      const ping = await pingTime(a, b);
      const tcp = await tcpRate(a, b);
      const packets = await overloadRate(a, b);
      const packetsToSink = await overloadRateToSink(a, b);
      return { packets, packetsToSink, tcp, ping } satisfies Figures;
    } finally {
      await made.remove();
    }
  } finally {
    removeHost(a);
    removeHost(b);
  }
}

function rows(ours: Figures, theirs: Figures, against: string): Row[] {
  return [
    {
      what: '60-byte UDP, overload, answered by ICMP errors',
      unit: 'packets/s',
      ours: ours.packets,
      theirs: theirs.packets,
      against,
      better: 'more',
    },
    {
      what: '60-byte UDP, overload, to an open port',
      unit: 'packets/s',
      ours: ours.packetsToSink,
      theirs: theirs.packetsToSink,
      against,
      better: 'more',
    },
    {
      what: 'TCP, one connection',
      unit: 'Gb/s',
      ours: ours.tcp,
      theirs: theirs.tcp,
      against,
      better: 'more',
    },
    { what: 'ping, idle', unit: 'us', ours: ours.ping, theirs: theirs.ping, against, better: 'less' },
  ];
}

export const bench: Bench = {
  question: 'How fast does the userspace datapath forward between two veth hosts?',
  missing() {
    if (!isRoot()) return 'needs root, for namespaces';
    if (!isInstalled('iperf3')) return 'needs iperf3';
    return isInstalled('ovs-vsctl') ? undefined : 'needs ovs-vsctl (openvswitch-switch)';
  },
  async run() {
    const ours = await measure((hosts) => openVswitch('ours', hosts), true);
    const bridge = await measure(linuxBridge, true);
    const all = rows(ours, bridge, 'Linux bridge');
    const real = await measure((hosts) => openVswitch('reference', hosts), false);
    return [...rows(ours, real, 'Open vSwitch 3.1 userspace, host offloads off'), ...all];
  },
};
