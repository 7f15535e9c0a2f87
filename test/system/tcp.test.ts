/** TCP through our daemon, with every offload of the devices as the kernel sets it: no byte is lost or changed. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SwitchHost, until, whyNoReference } from './support/daemon-pair.ts';
import { Namespace, whyNoNamespaces } from './support/namespace.ts';
import { sumsOfTransfer } from './support/tcp-transfer.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`tcp.test.ts: not run: ${reason}\n`);

const megabytes = 32;

interface Topology {
  readonly name: string;
  /** Lines of ovs-vsctl, ovs-ofctl, or ip in the switch's host; the hosts are behind v1 and v2. */
  readonly lines: readonly string[];
  /** Of whom the first host talks to: the second host unless it is the switch itself. */
  readonly isOwnAddress?: boolean;
}

const topologies: readonly Topology[] = [
  { name: 'one bridge', lines: ['add-br br0', 'add-port br0 v1', 'add-port br0 v2'] },
  {
    name: 'a VLAN trunk between two bridges',
    lines: [
      'ip link add t1 up type veth peer name t2',
      'ip link set t2 up',
      'add-br br0 -- add-port br0 v1 tag=7 -- add-port br0 t1 trunks=7',
      'add-br br1 -- add-port br1 v2 tag=7 -- add-port br1 t2 trunks=7',
    ],
  },
  {
    name: 'a trunk of service tags around customer tags',
    lines: [
      'ip link add t1 up mtu 1504 type veth peer name t2', // the kernel allows room for a tag of type 0x8100 only
      'ip link set t2 up mtu 1504',
      'add-br br0 -- add-port br0 v1 tag=7 vlan_mode=dot1q-tunnel -- add-port br0 t1 trunks=7',
      'add-br br1 -- add-port br1 v2 tag=7 vlan_mode=dot1q-tunnel -- add-port br1 t2 trunks=7',
    ],
  },
  {
    name: 'a pair of patch ports',
    lines: [
      'add-br br0 -- add-port br0 v1 tag=7 -- add-port br0 p1 -- set interface p1 type=patch options:peer=p2',
      'add-br br1 -- add-port br1 v2 tag=7 -- add-port br1 p2 -- set interface p2 type=patch options:peer=p1',
    ],
  },
  {
    name: 'connections that are tracked',
    lines: [
      'add-br br0',
      'add-port br0 v1 -- set interface v1 ofport_request=1',
      'add-port br0 v2 -- set interface v2 ofport_request=2',
      'ovs-ofctl del-flows br0',
      'ovs-ofctl add-flow br0 priority=0,actions=NORMAL', // ARP, and neighbours over IPv6
      'ovs-ofctl add-flow br0 ip,actions=ct(table=1,zone=7)',
      'ovs-ofctl add-flow br0 tcp6,actions=ct(table=1,zone=7)',
      'ovs-ofctl add-flow br0 table=1,ct_state=+trk+new,ip,actions=ct(commit,zone=7),NORMAL',
      'ovs-ofctl add-flow br0 table=1,ct_state=+trk+new,ipv6,actions=ct(commit,zone=7),NORMAL',
      'ovs-ofctl add-flow br0 table=1,ct_state=+trk+est,actions=NORMAL',
      'ovs-ofctl add-flow br0 table=1,ct_state=+trk+inv,actions=drop',
    ],
  },
  {
    name: "the bridge's own address",
    lines: [
      'add-br br0',
      'add-port br0 v1',
      'ip addr add 10.1.0.2/24 dev br0',
      'ip addr add fd00::2/64 dev br0 nodad',
      'ip link set br0 up',
    ],
    isOwnAddress: true,
  },
];

describe.runIf(reason === undefined)('TCP through our daemon', () => {
  let ours: SwitchHost;
  let hosts: readonly [Namespace, Namespace];

  beforeAll(async () => {
    ours = new SwitchHost('ours', { isEmbedded: true });
    hosts = [new Namespace('a'), new Namespace('b')];
    for (const [n, host] of hosts.entries()) {
      host.link('eth0', `v${n + 1}`, `10.1.0.${n + 1}/24`, ours.host);
      host.run('ip', 'addr', 'add', `fd00::${n + 1}/64`, 'dev', 'eth0', 'nodad');
    }
    await ours.start();
  });

  afterEach(() => {
    ours.configure('--if-exists', 'del-br', 'br0', '--', '--if-exists', 'del-br', 'br1');
    ours.host.try('ip', 'link', 'del', 't1');
  });

  afterAll(async () => {
    for (const host of hosts) host[Symbol.dispose]();
    await ours[Symbol.asyncDispose]();
  });

  test.each(topologies)('every byte arrives by $name', async ({ lines, isOwnAddress }) => {
    for (const line of lines) {
      const [program = '', ...args] = line.split(' ');
      if (program === 'ip') ours.host.run(program, ...args);
      else if (program === 'ovs-ofctl') expect(ours.run(program, ...args)).toMatchObject({ status: 0 });
      else ours.configure(program, ...args);
    }
    const [near] = hosts;
    near.run('ip', 'neigh', 'flush', 'all'); // 10.1.0.2 is not always the same host
    const far = isOwnAddress === true ? ours.host : hosts[1];
    await until(() => near.try('ping', '-c1', '-W1', '10.1.0.2').status === 0, 'the way to be open');
    for (const [from, to, address] of [
      [near, far, '10.1.0.2'],
      [far, near, '10.1.0.1'],
      [near, far, 'fd00::2'],
    ] as const) {
      const sums = await sumsOfTransfer(from, to, address, megabytes);
      expect(sums.received).toBe(sums.sent);
    }
    expect(offloadsOf(near, 'eth0')).toEqual(['tx-checksumming: on', 'tcp-segmentation-offload: on']);
  });
});

function offloadsOf(host: Namespace, device: string): string[] {
  const wanted = /^(tx-checksumming|tcp-segmentation-offload): /;
  return host
    .run('ethtool', '-k', device)
    .split('\n')
    .filter((line) => wanted.test(line));
}
