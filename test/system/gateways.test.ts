/**
 * FTP and TFTP from one host to another through our daemon, by stacks that mean it: data connections come through because
 * they are related to what announced them, and with addresses translated on the way. Packets are lost on some ways.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SwitchHost, until, whyNoReference } from './support/daemon-pair.ts';
import { Namespace, run, whyNoNamespaces } from './support/namespace.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`gateways.test.ts: not run: ${reason}\n`);

const transfer = `${import.meta.dirname}/../fixtures/announced-transfer.mjs`;
const transfers = '3';

type How = 'PORT' | 'EPRT' | 'PASV' | 'EPSV' | 'TFTP';

interface Way {
  readonly name: string;
  /** Lines for the flow table, besides those of all ways. */
  readonly flows: readonly string[];
  /** What the server is called. */
  readonly server: string;
  readonly hows: readonly How[];
}

/** Into table 1 with the connection known; from there: related ones, and what belongs to one. `nat`: where all translate. */
function flowsOf(first: string, related: string, nat: string): string[] {
  const both = (end: 1 | 2): string[] => [
    `in_port=${end},ip,actions=ct(${nat}table=1)`,
    `in_port=${end},tcp6,actions=ct(${nat}table=1)`,
    ...['tcp', 'udp', 'tcp6'].map(
      (kind) => `table=1,in_port=${end},ct_state=+new+rel,${kind},actions=ct(commit${related}),${3 - end}`,
    ),
    `table=1,in_port=${end},ct_state=+est-inv,actions=${3 - end}`,
  ];
  return [
    ...both(1),
    ...both(2),
    `table=1,in_port=1,ct_state=+new-rel,tcp,tp_dst=21,actions=ct(commit,alg=ftp${first}),2`,
    `table=1,in_port=1,ct_state=+new-rel,udp,tp_dst=69,actions=ct(commit,alg=tftp${first}),2`,
    `table=1,in_port=1,ct_state=+new-rel,tcp6,tp_dst=21,actions=ct(commit,alg=ftp${first.replaceAll(/10\.1\.0\./g, 'fd00::')}),2`,
  ];
}

const server = '10.1.0.2';
const server6 = 'fd00::2';
const ways: readonly Way[] = [
  {
    name: 'as they are',
    flows: flowsOf('', '', ''),
    server,
    hows: ['PORT', 'EPRT', 'PASV', 'EPSV', 'TFTP'],
  },
  { name: 'as they are over IPv6', flows: flowsOf('', '', ''), server: server6, hows: ['EPRT', 'EPSV'] },
  {
    name: 'with the source translated to a longer address',
    flows: flowsOf(',nat(src=10.1.0.240)', ',nat', 'nat,'),
    server,
    hows: ['PORT', 'EPRT', 'PASV', 'EPSV', 'TFTP'],
  },
  {
    name: 'with the source translated over IPv6',
    flows: flowsOf(',nat(src=10.1.0.240)', ',nat', 'nat,'),
    server: server6,
    hows: ['EPRT', 'EPSV'],
  },
  {
    name: 'with the destination translated to a shorter address',
    flows: flowsOf(',nat(dst=10.1.0.2)', ',nat', 'nat,'),
    server: '10.1.0.250',
    hows: ['PORT', 'PASV', 'EPSV'],
  },
  {
    name: 'translated, with losses',
    flows: flowsOf(',nat(src=10.1.0.240)', ',nat', 'nat,').map((flow) =>
      flow.replace(/(in_port=1,ct_state=\+est.*actions=)/, '$1meter:1,'),
    ),
    server,
    hows: ['PORT', 'EPRT'],
  },
];

describe.runIf(reason === undefined)('transfers', () => {
  let ours: SwitchHost;
  let hosts: readonly [Namespace, Namespace];
  let serving: ReturnType<Namespace['start']>;

  beforeAll(async () => {
    ours = new SwitchHost('ours', { isEmbedded: true });
    hosts = [new Namespace('a'), new Namespace('b')];
    const macOf = (host: Namespace): string => host.run('cat', '/sys/class/net/eth0/address').trim();
    hosts.forEach((host, n) => {
      host.link('eth0', `v${n + 1}`, `10.1.0.${n + 1}/24`, ours.host);
      host.run('ip', 'addr', 'add', `fd00::${n + 1}/64`, 'dev', 'eth0', 'nodad');
    });
    const [client, far] = hosts;
    // Nobody answers for translated addresses.
    far.run('ip', 'neigh', 'add', '10.1.0.240', 'lladdr', macOf(client), 'dev', 'eth0');
    far.run('ip', 'neigh', 'add', 'fd00::240', 'lladdr', macOf(client), 'dev', 'eth0');
    client.run('ip', 'neigh', 'add', '10.1.0.250', 'lladdr', macOf(far), 'dev', 'eth0');
    await ours.start();
    ours.configure('add-br', 'br0', '--', 'set', 'bridge', 'br0', 'protocols=OpenFlow10,OpenFlow13');
    for (const n of [1, 2])
      ours.configure('add-port', 'br0', `v${n}`, '--', 'set', 'interface', `v${n}`, `ofport_request=${n}`);
    control('add-meter', 'br0', 'meter=1,pktps,burst,bands=type=drop,rate=100,burst_size=2');
    serving = far.start('node', transfer, 'serve');
    let said = '';
    serving.stdout?.on('data', (data: Buffer) => {
      said += data.toString();
    });
    await until(() => said === 'ready\n', 'the server');
  });

  afterAll(async () => {
    serving.kill();
    for (const host of hosts) host[Symbol.dispose]();
    await ours[Symbol.asyncDispose]();
  });

  const control = (...args: string[]): void => {
    expect(ours.run('ovs-ofctl', '-OOpenFlow13', ...args)).toMatchObject({ status: 0 });
  };

  const lostCount = (): number => {
    const { stdout } = ours.run('ovs-ofctl', '-OOpenFlow13', 'meter-stats', 'br0');
    return Number(/\b0: packet_count:(\d+)/.exec(stdout)?.[1]);
  };

  describe.each(ways)('$name', ({ flows, server: address, hows }) => {
    beforeAll(() => {
      control('del-flows', 'br0');
      ours.appctl('dpctl/flush-conntrack');
      for (const flow of [
        'priority=0,arp,actions=NORMAL',
        'icmp6,actions=NORMAL',
        'table=1,priority=0,actions=drop',
        ...flows,
      ])
        control('add-flow', 'br0', flow);
    });

    test.each(hows)('by %s', (how) => {
      const got = hosts[0].try('timeout', '100', 'node', transfer, 'get', how, address, transfers);
      expect(got.stderr).toBe('');
      expect(got.stdout).toBe(run('node', transfer, 'sum', transfers));
      if (flows.some((flow) => flow.includes('meter'))) expect(lostCount()).toBeGreaterThan(0);
    });
  });
});
