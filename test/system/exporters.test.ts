/**
 * What exporters send: each list of commands is given to the real daemon and to ours, whose time stands still, and what
 * collectors get, as tshark reads it, must be the same. The lists are in exporter-scripts/, a file a protocol: a name
 * after "#", then commands, one a line. "receive PORT PACKET" lets a packet in that is named below; "until COUNT" waits
 * for so many datagrams; COLLECTOR and SECOND stand for two collectors that listen, NOBODY for one that does not.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withoutChance } from './support/bridge-scripts.ts';
import { until, type Which, whyNoReference } from './support/daemon-pair.ts';
import { DatagramCatcher } from './support/datagram-catcher.ts';
import { dissect, type Exported, whyNoDissector } from './support/dissect.ts';
import { DummyHost } from './support/dummy-host.ts';
import { toolCommand } from './support/tool-lines.ts';
import { splitWords } from './support/words.ts';

const reason = whyNoReference() ?? whyNoDissector();
if (reason !== undefined) process.stderr.write(`exporters.test.ts: not run: ${reason}\n`);

interface Script {
  readonly name: string;
  readonly commands: readonly string[];
}

function readScripts(protocol: Exported): Script[] {
  return readFileSync(new URL(`exporter-scripts/${protocol}.txt`, import.meta.url), 'utf8')
    .split(/^# /m)
    .slice(1)
    .map((text) => {
      const [name = '', ...commands] = text.split('\n').filter((line) => line !== '');
      return { name, commands };
    });
}

const ethernet = 'in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02)';
const back = 'in_port(2),eth(src=02:00:00:00:00:02,dst=02:00:00:00:00:01)';
const ipv4 = (protocol: number, more = 'tos=0'): string =>
  `eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,proto=${protocol},${more},ttl=64,frag=no)`;
const ipv6 = (protocol: number): string =>
  `eth_type(0x86dd),ipv6(src=2001:db8::1,dst=2001:db8::2,label=0x12345,proto=${protocol},tclass=0x70,hlimit=9,frag=no)`;
const packets: Readonly<Record<string, string>> = {
  TCP: `${ethernet},${ipv4(6, 'tos=0xb9')},tcp(src=1234,dst=80),tcp_flags(syn)`,
  ACK: `${ethernet},${ipv4(6, 'tos=0xb9')},tcp(src=1234,dst=80),tcp_flags(ack|psh)`,
  BACK: `${back},eth_type(0x0800),ipv4(src=10.0.0.2,dst=10.0.0.1,proto=6,tos=0,ttl=64,frag=no),tcp(src=80,dst=1234),tcp_flags(syn|ack)`,
  UDP: `${ethernet},${ipv4(17)},udp(src=53,dst=5353)`,
  SCTP: `${ethernet},${ipv4(132)},sctp(src=7,dst=9)`,
  ICMP: `${ethernet},${ipv4(1)},icmp(type=8,code=3)`,
  OTHER: `${ethernet},${ipv4(99)}`,
  TCP6: `${ethernet},${ipv6(6)},tcp(src=1234,dst=80),tcp_flags(syn)`,
  ICMP6: `${ethernet},${ipv6(58)},icmpv6(type=128,code=0)`,
  ARP: `${ethernet},eth_type(0x0806),arp(sip=10.0.0.1,tip=10.0.0.2,op=1,sha=02:00:00:00:00:01,tha=00:00:00:00:00:00)`,
  PLAIN: `${ethernet},eth_type(0x1234)`,
  VLAN: `${ethernet},eth_type(0x8100),vlan(vid=5,pcp=3),encap(${ipv4(17)},udp(src=53,dst=5353))`,
  MPLS: `${ethernet},eth_type(0x8847),mpls(label=11,tc=3,ttl=64,bos=1)`,
};

const addDummy = (bridge: string, name: string, number: number): string[] => [
  ...['--', 'add-port', bridge, name],
  ...[
    '--',
    'set',
    'interface',
    name,
    'type=dummy',
    `ofport_request=${number}`,
    `options:ifindex=${1000 + number}`,
  ],
];
const setup: readonly (readonly string[])[] = [
  ...['br0', 'br1'].map((bridge, n) => [
    ...['add-br', bridge, '--', 'set', 'bridge', bridge, `other_config:hwaddr=aa:55:aa:55:00:0${n}`],
    ...['fail_mode=secure', `other_config:datapath-id=000000000000000${n + 1}`],
  ]),
  // One by one: what comes together has numbers in the datapath by chance.
  ...[1, 2, 3].map((n) => addDummy('br0', `p${n}`, n).slice(1)),
  addDummy('br1', 'q1', 1).slice(1),
  ...[0, 1].map((n) => [
    ...['add-port', `br${n}`, `patch${n}`, '--', 'set', 'interface', `patch${n}`, 'type=patch'],
    ...[`options:peer=patch${1 - n}`, 'ofport_request=9'],
  ]),
];
const cleaning: readonly string[] = [
  'vsctl clear bridge br0 netflow sflow ipfix -- clear bridge br1 netflow sflow ipfix',
  'ofctl del-flows br0',
  'ofctl del-flows br1',
  'appctl fdb/flush',
  'appctl revalidator/wait',
  'appctl revalidator/purge',
];

/** One daemon and its collectors. */
class Exporter implements AsyncDisposable {
  readonly host: DummyHost;
  #collectors: DatagramCatcher[] = [];

  constructor(which: Which) {
    this.host = new DummyHost(which);
  }

  async prepare(): Promise<void> {
    await this.host.prepare();
    for (const args of setup) {
      const { status, stderr } = this.host.vsctl(...args);
      if (status !== 0) throw new Error(stderr);
    }
    this.host.appctl('time/stop');
  }

  /** What each collector gets, and what the commands print. */
  async run({ commands }: Script, as: Exported): Promise<unknown> {
    this.#collectors = [await DatagramCatcher.listen(), await DatagramCatcher.listen()];
    const [first, second] = this.#collectors;
    const named = { COLLECTOR: first?.target, SECOND: second?.target, NOBODY: '127.0.0.1:1' };
    const printed: unknown[] = [];
    for (const line of commands) {
      const words = splitWords(
        Object.entries(named).reduce((text, [name, target]) => text.replaceAll(name, target ?? ''), line),
      );
      if (words[0] === 'until') await this.#until(Number(words[1]));
      else {
        const said = await this.host.runAll([commandOf(this.host.which, words)]);
        printed.push(...said.map((one) => ({ ...one, stdout: withoutChance(one.stdout) })));
      }
    }
    await this.host.runAll(cleaning.map((line) => commandOf(this.host.which, splitWords(line))));
    for (const collector of this.#collectors) {
      await collector.settle();
      collector.close();
    }
    return {
      printed,
      got: this.#collectors.map(({ datagrams }) => comparable(dissect(datagrams.map(withoutUse), as))),
    };
  }

  async #until(count: number): Promise<void> {
    const [first] = this.#collectors;
    const isThere = (): boolean => (first?.datagrams.length ?? 0) >= count;
    // What is missing in the end is shown by the comparison.
    await until(isThere, `${count} datagrams`).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
  }
}

function commandOf(which: Which, [command = '', ...args]: readonly string[]): readonly string[] {
  const [port = '', name = ''] = args;
  const tool =
    command === 'receive'
      ? toolCommand(which, 'appctl', ['netdev-dummy/receive', port, packets[name] ?? name])
      : toolCommand(which, command, args);
  if (tool === undefined) throw new Error(`no command ${command}`);
  return tool;
}

const resources = Buffer.from('0000089b00000028', 'hex');

/** Without what the process has used, which sFlow tells: two times and how much memory. */
function withoutUse(datagram: Buffer): Buffer {
  const at = datagram.indexOf(resources);
  return at < 0 ? datagram : Buffer.from(datagram).fill(0, at + resources.length, at + resources.length + 16);
}

/**
 * Times, the number of an exporter among those of the process, and packets that IPFIX takes for dropped: the reference
 * does where no datapath flow was made for the very same packet.
 */
const untold =
  /^.*(?:Timestamp|Current(?:Secs|NSecs)|SysUptime|ExportTime|(?:Start|End)Time|Duration|FlowExporter|Dropped[\w ]*):? .*\n/gm;

/** Without the time of the day and of sending; records of NetFlow, which come in any order, in that of their text. */
function comparable(datagrams: readonly string[]): string[][] {
  return datagrams.map((text) => {
    const timeless = text.replace(untold, '');
    const [head = '', ...records] = timeless.split(/^ {4}pdu \d+\/\d+\n/m);
    return [head, ...records.map((record) => record.trimEnd()).sort()];
  });
}

describe.runIf(reason === undefined).each<Exported>(['netflow', 'sflow', 'ipfix'])(
  'beside the reference, by %s',
  (protocol) => {
    const ours = new Exporter('ours');
    const reference = new Exporter('reference');

    beforeAll(async () => {
      for (const exporter of [ours, reference]) await exporter.prepare();
    });

    afterAll(async () => {
      for (const exporter of [ours, reference]) await exporter[Symbol.asyncDispose]();
    });

    test.each(readScripts(protocol))('$name', async (script) => {
      const [weSend, theySend] = await Promise.all([ours, reference].map((one) => one.run(script, protocol)));
      expect(weSend).toEqual(theySend);
    });
  },
);
