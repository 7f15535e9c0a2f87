/** ovs-ofctl's commands about flows: the real one and ours, each with a real ovs-vswitchd of its own. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Said } from './support/batch.ts';
import { whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';
import { saidBy } from './support/run-program.ts';

const hosts = { real: new DummyHost('reference'), ours: new DummyHost('reference') };
const programs = { real: '/usr/bin/ovs-ofctl', ours: `${process.cwd()}/bin/ovs-ofctl` };

type Side = keyof typeof hosts;

/** `args` have FOLDER for that of the switch. */
async function run(side: Side, args: readonly string[], input = ''): Promise<Said> {
  const host = hosts[side];
  const child = spawn(
    programs[side],
    args.map((arg) => arg.replace('FOLDER', host.folder)),
    { env: host.env },
  );
  child.stdin.on('error', () => {}); // it may end without reading
  child.stdin.end(input);
  const { status, stdout, stderr } = await saidBy(child);
  return { status, stdout: plain(host, stdout), stderr: plain(host, stderr) };
}

/** Without what differs by chance, and by how messages are counted. */
function plain(host: DummyHost, text: string): string {
  return host
    .plain(text)
    .replace(/duration=(\D{0,6})[\d.]+s/g, 'duration=$1Ns') // it may be in colours
    .replace(/(idle|hard)_age=(\D{0,6})\d+, /g, '$2')
    .replace(/\(xid=0x[0-9a-f]+\)/g, '(xid=N)')
    .replace('(Broken pipe)', '(Protocol error)'); // the switch may have gone before it is told
}

/** What both say, which must be the same. */
async function both(args: readonly string[], input?: string): Promise<Said> {
  const [real, ours] = await Promise.all([run('real', args, input), run('ours', args, input)]);
  expect(ours, args.join(' ')).toEqual(real);
  return ours;
}

/** In both folders. */
function writeFile(name: string, text: string): void {
  for (const { folder } of Object.values(hosts)) writeFileSync(path.join(folder, name), text);
}

const dump = ['--sort', '--no-stats', 'dump-flows', 'br0'];

describe.skipIf(whyNoReference() !== undefined)('flows by ovs-ofctl beside the real one', () => {
  beforeAll(async () => {
    const ports = ['p1', 'eth-2'].flatMap((name, n) => [
      ...['--', 'add-port', 'br0', name],
      ...['--', 'set', 'interface', name, 'type=dummy', `ofport_request=${n + 1}`],
    ]);
    for (const host of Object.values(hosts)) {
      await host.prepare();
      const said = host.vsctl(
        ...['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=dummy', 'fail_mode=secure'],
        'protocols=[OpenFlow10,OpenFlow11,OpenFlow12,OpenFlow13,OpenFlow14,OpenFlow15]',
        ...['other-config:hwaddr=aa:55:aa:55:00:01', ...ports],
        ...['--', 'add-br', 'old', '--', 'set', 'bridge', 'old', 'datapath_type=dummy'],
        'protocols=[OpenFlow10,OpenFlow12]',
      );
      expect(said).toMatchObject({ status: 0 });
    }
  }, 120_000);
  afterAll(async () => {
    for (const host of Object.values(hosts)) await host[Symbol.asyncDispose]();
  });

  test.each(['OpenFlow10', 'OpenFlow15'])('are added, changed, found and deleted in %s', async (version) => {
    const say = async (...args: readonly string[]): Promise<Said> => both(['-O', version, ...args]);
    await say('del-flows', 'br0');
    await say('add-flow', 'br0', 'in_port=p1,tcp,tp_dst=80,cookie=5,actions=output:eth-2');
    await say('add-flow', 'br0', 'in_port="eth-2",priority=5,idle_timeout=6000,actions=LOCAL,p1');
    await say('add-flow', 'br0', 'reg0=5,dl_vlan=7,actions=strip_vlan,load:7->reg1,resubmit(,1)');
    await say('add-flow', 'br0', 'table=1,ipv6,actions=drop');
    await say('add-flow', 'br0', 'table=1,tun_id=5,actions=group:77');
    await say('add-flow', 'br0', 'check_overlap,in_port=1,priority=32768,actions=drop');
    await say(...dump);
    await say('--names', ...dump);
    await say('mod-flows', 'br0', 'tcp,actions=drop');
    await say('--strict', 'mod-flows', 'br0', 'priority=5,in_port=2,cookie=9,actions=3');
    await say('mod-flows', 'br0', 'udp,actions=1');
    await say('--sort=in_port', '--rsort=priority', '--no-stats', 'dump-flows', 'br0', 'out_port=eth-2');
    await say('dump-flows', 'br0', 'cookie=5/-1');
    await say('dump-flows', 'br0', 'table=1,ipv6');
    await say('dump-aggregate', 'br0');
    await say('dump-aggregate', 'br0', 'table=1');
    await say('-m', 'dump-flows', 'br0', 'tcp');
    await say('--strict', 'del-flows', 'br0', 'tcp');
    await say('del-flows', 'br0', 'ipv6');
    await say('del-flows', 'br0', 'cookie=9/-1');
    await say(...dump);
  });

  test.each(['OpenFlow10', 'OpenFlow15'])('are on options of tunnels in %s', async (version) => {
    const flows = `priority=0,tun_metadata0=0,actions=drop
priority=1,tun_metadata1=0xef/0xff,tun_metadata0=0xabcd,actions=set_field:0x1234->tun_metadata0,1
priority=2,tun_metadata0=0xffffffff,actions=push:tun_metadata0[0..31],pop:tun_metadata1[0..31]
priority=4,tun_metadata2,actions=drop
`;
    writeFile('options', flows);
    writeFile('fewer', flows.replace(/^priority=1.*\n/m, ''));
    const say = async (...args: readonly string[]): Promise<Said> => both(['-O', version, ...args]);
    await say('del-flows', 'br0');
    await say('del-tlv-map', 'br0');
    await say('add-flow', 'br0', 'tun_metadata0=5,actions=drop');
    const mappings = [0, 1, 2].map((n) => `{class=0xffff,type=${n},len=${4 * n}}->tun_metadata${n}`);
    await say('add-tlv-map', 'br0', mappings.join().replace('len=0', 'len=4'));
    await say('add-flows', 'br0', 'FOLDER/options');
    await say(...dump);
    await say('--sort=tun_metadata0', '--no-stats', 'dump-flows', 'br0');
    await say('--rsort=tun_metadata1', '--no-stats', 'dump-flows', 'br0');
    await say('dump-flows', 'br0', 'tun_metadata0=0xabcd');
    await say('--color=always', 'dump-flows', 'br0');
    await say('--color=always', ...dump);
    await say('--color=sometimes', ...dump);
    await say('--read-only', ...dump);
    await say('--read-only', 'add-flow', 'br0', 'actions=drop');
    await say('list-commands');
    await say('diff-flows', 'br0', 'FOLDER/fewer'); // one line: the reference prints more in an order of its own
    await say('packet-out', 'br0', 'in_port=1,tun_metadata1=5,packet=00010203040500102030405033,actions=2');
    await say('packet-out', 'br0', 'in_port=1,tun_metadata9=5,packet=0001020304050010203040503333,actions=2');
    await say('replace-flows', 'br0', 'FOLDER/fewer');
    await say(...dump);
    await say('del-flows', 'br0');
  });

  test.each(['OpenFlow10', 'OpenFlow14'])(
    'in %s many come as far as the first that is refused',
    async (version) => {
      const line = (n: number): string => `priority=5,tcp,tp_dst=${n},actions=output:${1 + (n % 2)}\n`;
      const lines = Array.from({ length: 400 }, (_, n) => line(n + 1));
      lines[300] = 'priority=5,check_overlap,tcp,nw_src=10.0.0.1,actions=drop\n';
      writeFile('many', lines.join(''));
      await both(['-O', version, 'del-flows', 'br0']);
      const said = await both(['-O', version, 'add-flows', 'br0', 'FOLDER/many']);
      expect(said).toMatchObject({ status: 1, stderr: expect.stringContaining('OFPFMFC_OVERLAP') });
      expect((await both(['-O', version, ...dump])).stdout.split('tp_dst').length).toBe(301);
      writeFile('many', [...lines.slice(0, 300), ...lines.slice(301)].join(''));
      expect(await both(['-O', version, 'add-flows', 'br0', 'FOLDER/many'])).toMatchObject({ status: 0 });
      expect((await both(['-O', version, ...dump])).stdout.split('tp_dst').length).toBe(400);
      await both(['-O', version, 'del-flows', 'br0']);
    },
  );

  test.each([
    ['OpenFlow10', []],
    ['OpenFlow14', ['--bundle']],
  ])('come from files in %s with %j', async (version, more) => {
    const mixed = `# some
add table=1,actions=drop
priority=7,ip,nw_src=10.0.0.0/8,actions=1   # one more
modify table=1,actions=2

delete_strict priority=7,ip,nw_src=10.0.0.0/8
tcp,actions=p1
`;
    writeFile('mixed', mixed);
    writeFile('table0', 'tcp,actions=3\npriority=1,cookie=0x7,idle_timeout=9000,actions=drop\n');
    writeFile('wrong', 'tcp,actions=3\nudp,actions=nobody\n');
    const say = async (...args: readonly string[]): Promise<Said> => both(['-O', version, ...more, ...args]);
    await both(['-O', version, 'del-flows', 'br0']);
    await say('add-flows', 'br0', 'FOLDER/mixed');
    await say(...dump);
    await say('add-flows', 'br0', 'FOLDER/wrong');
    await say('add-flows', 'br0', 'FOLDER/missing');
    await both(['-O', version, 'diff-flows', 'br0', 'FOLDER/table0']);
    await both(['-O', version, 'diff-flows', 'FOLDER/table0', 'br0']);
    await say('del-flows', 'br0', 'table=1');
    await say('replace-flows', 'br0', 'FOLDER/table0');
    await both(['-O', version, 'diff-flows', 'br0', 'FOLDER/table0']);
    await say('--readd', 'replace-flows', 'br0', 'FOLDER/table0');
    await say(...dump);
    await both(['-O', version, 'add-flow', 'br0', '-'], 'dl_type=5,actions=1\ndelete tcp\n');
    await both(['-O', version, 'mod-flows', 'br0', '-'], 'dl_type=5,actions=2\n');
    await both(['-O', version, 'del-flows', 'br0', '-'], 'dl_type=6\n');
    await both(['-O', version, ...dump]);
  });

  test.each([
    ['add-flow', 'br9', 'actions=drop'],
    ['add-flow', 'br0', 'bad'],
    ['add-flow', 'br0', 'in_port=nobody,actions=drop'],
    ['--no-names', 'add-flow', 'br0', 'in_port=p1,actions=drop'],
    ['add-flow', 'br0', 'actions=goto_table:nowhere'],
    ['-F', 'OpenFlow10', 'add-flow', 'br0', 'reg0=5,actions=drop'],
    ['-F', 'nxm', '-O', 'OpenFlow13', 'dump-flows', 'br0'],
    ['-F', 'later', 'dump-flows', 'br0'],
    ['-F', ',', 'dump-flows', 'br0'],
    ['-F', 'OpenFlow10', 'dump-flows', 'br0'],
    ['-F', 'NXM+table_id', 'add-flow', 'br0', 'priority=3,actions=drop'],
    ['-O', 'OpenFlow10', 'add-flow', 'br0', 'reset_counts,actions=drop'],
    ['-O', 'OpenFlow10', 'dump-flows', 'br0', 'out_group=1'],
    ['-O', 'OpenFlow10', '--bundle', 'add-flow', 'old', 'actions=drop'],
    ['-O', 'OpenFlow13', '--bundle', 'add-flow', 'br0', 'actions=output:70'],
    ['-O', 'OpenFlow13', '--bundle', 'add-flow', 'br0', 'table=254,actions=group:99'],
    ['-O', 'OpenFlow13', 'add-flow', 'br0', 'actions=group:99'],
    ['--sort=nothing', 'dump-flows', 'br0'],
    ['diff-flows', 'br0', 'FOLDER/missing'],
    ['diff-flows', 'br0', 'br0'],
    ['-mmmmm', '--no-names', 'add-flow', 'br0', 'priority=9,actions=drop'],
    ['-mmmmmm', '--no-names', 'add-flow', 'br0', 'priority=9,actions=drop'],
  ])('%s %s %s %s', async (...args) => {
    await both(args);
  });

  test('need a later version: the real one refuses, ours speaks it and says so', async () => {
    const args = ['add-flow', 'br0', 'reset_counts,priority=77,actions=drop'];
    const ours = await run('ours', args);
    expect(ours).toMatchObject({ status: 0, stdout: '' });
    expect(ours.stderr).toMatch(/^ovs-ofctl: this needs OpenFlow12 or .*\n$/);
    expect((await run('ours', ['dump-flows', 'br0', 'priority=77'])).status).toBe(1);
    expect((await run('ours', ['dump-flows', 'br0'])).stdout).toContain('priority=77');
  });
});
