/**
 * The real OVN drives our daemon: logical switches and a router over two hosts with tunnels between them, ACLs that know
 * connections, a load balancer, DHCP, and addresses translated at a gateway. The other host has our daemon, or the
 * reference's.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until, type Which, whyNoReference } from './support/daemon-pair.ts';
import { type Namespace, whyNoNamespaces } from './support/namespace.ts';
import { Chassis, OvnCentral, whyNoOvn } from './support/ovn.ts';

const reason = whyNoNamespaces() ?? whyNoReference() ?? whyNoOvn();
if (reason !== undefined) process.stderr.write(`ovn.test.ts: not run: ${reason}\n`);

const askDhcp = `${import.meta.dirname}/../fixtures/ask-dhcp.mjs`;
const serving = "require('http').createServer((_, answer) => answer.end(process.argv[1])).listen(80)";
const fetching =
  'fetch(process.argv[1], { signal: AbortSignal.timeout(3000) }).then(async (r) => console.log(await r.text()))';

const guests = {
  p1: { mac: '02:00:00:00:00:01', address: '10.0.0.1', chassis: 0 },
  p2: { mac: '02:00:00:00:00:02', address: '10.0.0.2', chassis: 1 },
  p3: { mac: '02:00:00:00:00:03', address: '10.0.1.3', chassis: 1 },
  outside: { mac: '02:00:00:00:00:04', address: '172.16.0.4', chassis: 0 },
} as const;
type Guest = keyof typeof guests;

const routerPort = (network: string, mac: string, address: string): string =>
  `lrp-add lr0 lr0-${network} ${mac} ${address}/24 -- lsp-add ${network} ${network}-lr0 ` +
  `-- lsp-set-type ${network}-lr0 router -- lsp-set-addresses ${network}-lr0 router ` +
  `-- lsp-set-options ${network}-lr0 router-port=lr0-${network}`;

/** Logical switches sw0, sw1 and public, and a router between them, which is a gateway on the first host. */
const network: readonly string[] = [
  'ls-add sw0 -- ls-add sw1 -- ls-add public -- lr-add lr0 -- set logical_router lr0 options:chassis=host0',
  'lsp-add sw0 p1 -- lsp-add sw0 p2 -- lsp-add sw1 p3 -- lsp-add public outside',
  routerPort('sw0', '00:00:00:00:ff:00', '10.0.0.254'),
  routerPort('sw1', '00:00:00:00:ff:01', '10.0.1.254'),
  routerPort('public', '00:00:00:00:ff:02', '172.16.0.254'),
];

describe.runIf(reason === undefined).each<[string, Which]>([
  ['beside our own daemon', 'ours'],
  ['beside the real one', 'reference'],
])('OVN, %s', (_, other) => {
  let central: OvnCentral;
  let chassis: readonly [Chassis, Chassis];
  let servers: ReturnType<Namespace['start']>[] = [];
  const hosts = new Map<Guest, Namespace>();
  const hostOf = (guest: Guest): Namespace => hosts.get(guest) ?? expect.unreachable();

  beforeAll(async () => {
    central = new OvnCentral();
    chassis = [new Chassis('host0', 'ours'), new Chassis('host1', other)];
    const [first, second] = chassis;
    first.host.host.link('under0', 'under1', undefined, second.host.host);
    if (other === 'reference') second.host.host.run('ethtool', '-K', 'under1', 'tx', 'off');
    for (const [n, one] of chassis.entries()) await one.start(central, `under${n}`, `192.168.50.${n + 1}`);
    const addresses = Object.entries(guests).map(
      ([name, { mac, address }]) => ['lsp-set-addresses', name, `${mac} ${address}`] as const,
    );
    central.configure(...network);
    for (const words of addresses) central.configureWords(...words);
    for (const one of chassis)
      await until(() => one.host.vsctl('br-exists', 'br-int').status === 0, `br-int of ${one.name}`);
    for (const [name, { mac, address, chassis: n }] of Object.entries(guests))
      hosts.set(name as Guest, (chassis[n] ?? first).addGuest(name, mac, address));
    for (const [name, host] of hosts) servers.push(host.start('node', '-e', serving, name));
    central.configure('lsp-list sw0');
  });
  afterAll(async () => {
    for (const server of servers) server.kill();
    servers = [];
    for (const one of chassis) await one[Symbol.asyncDispose]();
    await central[Symbol.asyncDispose]();
  });

  const isReached = (from: Guest, address: string): boolean =>
    hostOf(from).try('ping', '-c', '1', '-W', '1', address).status === 0;
  /** Which guest answers at an address; undefined for none. */
  const answererOf = (from: Guest, address: string, port = 80): string | undefined => {
    const { status, stdout } = hostOf(from).try('node', '-e', fetching, `http://${address}:${port}/`);
    return status === 0 ? stdout.trim() : undefined;
  };
  const untilAnswered = (from: Guest, address: string, by: Guest): Promise<void> =>
    until(() => answererOf(from, address) === by, `${by} to answer ${from} at ${address}`);

  test('guests reach each other across hosts, in a switch and by the router', async () => {
    await until(() => isReached('p1', '10.0.0.2'), 'p2');
    await until(() => isReached('p1', '10.0.1.3'), 'p3');
    expect(isReached('p1', '10.0.0.254')).toBe(true);
    await untilAnswered('p1', '10.0.0.2', 'p2');
    await untilAnswered('p3', '10.0.0.1', 'p1');
  });

  test('an address is offered by DHCP', () => {
    central.configureWords(
      ...['--id=@o', 'create', 'dhcp_options', 'cidr=10.0.0.0/24'],
      'options={server_id=10.0.0.254, server_mac="00:00:00:00:ff:00", lease_time="3600", router=10.0.0.254}',
      ...['--', 'set', 'logical_switch_port', 'p1', 'dhcpv4_options=@o'],
    );
    central.configure();
    const { stdout, status } = hostOf('p1').try('node', askDhcp);
    expect([status, stdout]).toEqual([0, '10.0.0.1\n']);
  });

  test('a guest that nobody may reach reaches others, and answers them', async () => {
    const acl = (direction: string, priority: number, match: string, verdict: string): string[] => [
      ...['acl-add', 'sw0', direction, String(priority), match, verdict],
    ];
    central.configureWords(...acl('to-lport', 1000, 'outport == "p2" && ip', 'drop'));
    central.configureWords(...acl('from-lport', 1001, 'inport == "p2" && ip', 'allow-related'));
    central.configureWords(...acl('to-lport', 1002, 'outport == "p2" && tcp.dst == 80', 'allow-related'));
    central.configure();
    await until(() => isReached('p2', '10.0.0.1'), 'p1');
    await until(() => isReached('p2', '10.0.1.3'), 'p3');
    expect(isReached('p1', '10.0.0.2')).toBe(false);
    expect(isReached('p3', '10.0.0.2')).toBe(false);
    await untilAnswered('p1', '10.0.0.2', 'p2');
    await untilAnswered('p2', '10.0.0.1', 'p1');
  });

  test('a load balancer spreads connections, from a switch and from the router', () => {
    central.configure(
      'lb-add lb0 10.0.0.100:8080 10.0.0.2:80,10.0.1.3:80',
      'ls-lb-add sw0 lb0 -- lr-lb-add lr0 lb0',
    );
    const seen = new Set<string | undefined>();
    for (let n = 0; n < 20; n++) seen.add(answererOf('p1', '10.0.0.100', 8080));
    expect([...seen].sort()).toEqual(['p2', 'p3']);
    expect(answererOf('outside', '10.0.0.100', 8080)).toMatch(/^p[23]$/);
  });

  test('addresses are translated at the gateway', async () => {
    central.configure(
      'lr-nat-add lr0 snat 172.16.0.100 10.0.1.0/24',
      'lr-nat-add lr0 dnat_and_snat 172.16.0.101 10.0.0.2',
    );
    await until(() => isReached('p3', '172.16.0.4'), 'the outside');
    await untilAnswered('p3', '172.16.0.4', 'outside');
    await untilAnswered('outside', '172.16.0.101', 'p2');
    const [first] = chassis;
    const { stdout } = first.host.run('ovs-appctl', 'dpctl/dump-conntrack');
    expect(stdout).toContain('dst=172.16.0.100');
  });

  test('no switch refused anything', () => {
    for (const { log } of chassis)
      expect(log.split('\n').filter((line) => /OpenFlow error|\|ERR\|/.test(line))).toEqual([]);
  });
});
