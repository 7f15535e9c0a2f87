/** What users ask of tracked connections, on a datapath made by hand. The texts are those of the reference's daemon. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SwitchFixture } from '../../../../test/sim/switch-fixture.ts';

let fixture: SwitchFixture;

const dpctl = (command: string, ...args: string[]): Promise<string> =>
  fixture.appctl(`dpctl/${command}`, ...args);

const ethernet = 'eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02),eth_type(0x0800)';

/** A packet of 10.0.0.1 to 10.0.0.2. */
function receive(protocol: number, transport: string): Promise<string> {
  const network = `ipv4(src=10.0.0.1,dst=10.0.0.2,proto=${protocol},tos=0,ttl=64,frag=no)`;
  return fixture.appctl('netdev-dummy/receive', 'a1', `in_port(1),${ethernet},${network},${transport}`);
}

const udp = (source: number): Promise<string> => receive(17, `udp(src=${source},dst=200)`);

/** UDP from this port, as dumps show it. */
const shownUdp = (port: number, more = ''): string =>
  `udp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=${port},dport=200),` +
  `reply=(src=10.0.0.2,dst=10.0.0.1,sport=200,dport=${port}),zone=5${more}\n`;

const ping =
  'icmp,orig=(src=10.0.0.1,dst=10.0.0.2,id=0,type=8,code=0),reply=(src=10.0.0.2,dst=10.0.0.1,id=0,type=0,code=0)';

/** UDP is tracked in zone 5, ICMP in zone 0. */
beforeEach(async () => {
  fixture = new SwitchFixture();
  await fixture.start();
  await dpctl('add-dp', 'dummy@dp0', 'a1,type=dummy,port_no=1', 'a2,type=dummy,port_no=2');
  const flowOf = (protocol: number): string =>
    `in_port(1),eth(),eth_type(0x0800),ipv4(proto=${protocol},frag=no)`;
  await dpctl('add-flow', flowOf(17), 'ct(commit,zone=5,mark=7/0xffffffff),2');
  await dpctl('add-flow', flowOf(1), 'ct(commit),2');
});

afterEach(async () => {
  await fixture.stop();
});

test('connections are shown, all or those of a zone, with the time that they have left', async () => {
  await udp(101);
  await receive(1, 'icmp(type=8,code=0)');
  await fixture.advance(2000);
  expect(await dpctl('dump-conntrack', 'zone=5')).toBe(shownUdp(101, ',mark=7'));
  expect(await dpctl('dump-conntrack', 'dummy@dp0', 'zone=0')).toBe(`${ping}\n`);
  expect(await dpctl('dump-conntrack', '-m', '-s', 'zone=0')).toBe(`${ping},id=0,status=0,timeout=58\n`);
  expect(await dpctl('dump-conntrack')).toContain(ping);
  expect(await dpctl('dump-conntrack', 'zone=77')).toBe('');
  await fixture.advance(60_000);
  expect(await dpctl('dump-conntrack')).toBe('');
});

test('connections are counted by protocol', async () => {
  for (const port of [1, 2, 3]) await udp(port);
  await receive(1, 'icmp(type=8,code=0)');
  const all = 'Connections Stats:\n    Total: 4\n  UDP: 3\n  ICMP: 1\n';
  expect(await dpctl('ct-stats-show')).toBe(all);
  expect(await dpctl('ct-stats-show', 'verbose')).toBe(all);
  expect(await dpctl('ct-stats-show', 'zone=0', 'verbose')).toBe(
    'Connections Stats:\n    Total: 1\n  ICMP: 1\n',
  );
  expect(await dpctl('ct-get-nconns')).toBe('4\n');
  expect(await dpctl('ct-bkts')).toContain('Total Buckets: 1\nCurrent Connections: 4\n\n');
  expect(await dpctl('ct-bkts', 'gt=3')).toContain('   0..  7   |     4\n\n');
  expect(await dpctl('ct-bkts', 'gt=4')).toContain('   0..  7   |     .\n\n');
});

test('connections are forgotten: one, those that fit, those of a zone, all', async () => {
  const left = async (): Promise<number> => Number(await dpctl('ct-get-nconns'));
  for (const port of [1, 2, 3, 4, 5, 6]) await udp(port);
  await receive(1, 'icmp(type=8,code=0)');
  const addresses = 'ct_nw_src=10.0.0.1,ct_nw_dst=10.0.0.2';
  await dpctl('flush-conntrack', 'zone=5', `${addresses},ct_nw_proto=17,ct_tp_src=1,ct_tp_dst=200`);
  expect(await left()).toBe(6);
  const answers = 'ct_nw_src=10.0.0.2,ct_nw_dst=10.0.0.1,ct_nw_proto=17,ct_tp_src=200,ct_tp_dst=2';
  await dpctl('flush-conntrack', 'zone=5', answers);
  expect(await left()).toBe(5);
  await expect(dpctl('flush-conntrack', 'zone=5', answers)).rejects.toThrow(
    'failed to flush conntrack (No such file or directory)',
  );
  await dpctl('flush-conntrack', 'dummy@dp0', 'zone=5', 'ct_nw_proto=17,ct_tp_src=3');
  expect(await left()).toBe(4);
  await dpctl('flush-conntrack', '', 'ct_nw_proto=17,ct_tp_dst=4');
  expect(await left()).toBe(3);
  await dpctl('flush-conntrack', 'ct_ipv6_src=::1', 'ct_nw_proto=17');
  await dpctl('flush-conntrack', 'zone=4', 'ct_nw_proto=17');
  expect(await left()).toBe(3);
  await dpctl('flush-conntrack', `${addresses},ct_nw_proto=1,icmp_type=8,icmp_code=0,icmp_id=0`);
  expect(await left()).toBe(2);
  await dpctl('flush-conntrack', 'zone=0');
  expect(await left()).toBe(2);
  await dpctl('flush-conntrack', 'zone=5');
  expect(await left()).toBe(0);
});

test('there is a limit for all connections together', async () => {
  expect(await dpctl('ct-get-maxconns')).toBe('3000000\n');
  expect(await dpctl('ct-set-maxconns', 'dummy@dp0', '2')).toBe('setting maxconns successful\n');
  for (const port of [1, 2, 3]) await udp(port);
  expect(await dpctl('ct-get-nconns')).toBe('2\n');
  expect(await dpctl('ct-get-maxconns')).toBe('2\n');
});

test('there are limits for zones, and one for those without', async () => {
  expect(await dpctl('ct-get-limits')).toBe('default limit=0\n');
  await dpctl('ct-set-limits', 'default=10', 'zone=8,limit=4', 'zone=5,limit=2');
  for (const port of [1, 2, 3]) await udp(port);
  expect(await dpctl('ct-get-limits')).toBe(
    'default limit=10\nzone=5,limit=2,count=2\nzone=8,limit=4,count=0\n',
  );
  expect(await dpctl('ct-get-limits', 'zone=9,5')).toBe(
    'default limit=10\nzone=9,limit=10,count=0\nzone=5,limit=2,count=2\n',
  );
  await dpctl('ct-del-limits', 'zone=5,8');
  await udp(3);
  expect(await dpctl('ct-get-limits', 'zone=5')).toBe('default limit=10\nzone=5,limit=10,count=3\n');
});

test('sequence numbers are checked unless told otherwise', async () => {
  expect(await dpctl('ct-get-tcp-seq-chk')).toBe('TCP sequence checking: enabled\n');
  expect(await dpctl('ct-disable-tcp-seq-chk')).toBe('disabling TCP sequence checking successful\n');
  expect(await dpctl('ct-get-tcp-seq-chk', 'dummy@dp0')).toBe('TCP sequence checking: disabled\n');
  expect(await dpctl('ct-enable-tcp-seq-chk')).toBe('enabling TCP sequence checking successful\n');
  expect(await dpctl('ct-get-tcp-seq-chk')).toBe('TCP sequence checking: enabled\n');
});

test.each([
  ['dump-conntrack zone=x', 'datapath not found'],
  ['ct-stats-show foo', 'datapath not found'],
  ['ct-bkts gt=x', 'datapath not found'],
  ['ct-set-maxconns x', 'maxconns missing or malformed'],
  ['ct-get-tcp-seq-chk x', 'datapath not found'],
  ['flush-conntrack zone=x', 'failed to parse zone'],
  ['flush-conntrack foo', 'field foo missing value'],
  ['flush-conntrack ct_tp_src=1', 'port is set without protocol'],
  ['flush-conntrack ct_nw_proto=6 ct_nw_proto=6 a b', 'invalid arguments'],
  ['ct-set-limits default=x', 'invalid default limit'],
  ['ct-set-limits zone=9', 'failed to parse zone limit'],
  ['ct-set-limits zone=70000,limit=1', 'failed to parse field zone'],
  ['ct-set-limits zone=1,limit=1 default=5', 'invalid zone limit field: default'],
  ['ct-del-limits x', 'invalid argument x'],
  ['ct-get-limits zone=5,x', 'invalid zone'],
  ['ct-get-limits zone=', 'invalid zone'],
])('%s is refused: %s', async (line, why) => {
  const [command = '', ...args] = line.split(' ');
  await expect(dpctl(command, ...args)).rejects.toThrow(`ovs-vswitchd: ${why} (Invalid argument)`);
});

test('without a datapath nothing is forgotten', async () => {
  await dpctl('del-dp', 'dummy@dp0');
  await expect(dpctl('flush-conntrack')).rejects.toThrow(
    'ovs-vswitchd: no datapaths exist\novs-vswitchd: datapath not found (Invalid argument)\n' +
      'ovs-vswitchd: Cannot open dpif (Invalid argument)\n',
  );
});
