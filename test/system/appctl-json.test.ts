/**
 * `ovs-appctl -f json`: docs/appctl-json.md has an example of every command, and what the daemons answer has its shape.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandAnswer, findControlSocket, UnixctlClient } from '../../src/daemon/unixctl-client.ts';
import type { Json } from '../../src/rpc/channel.ts';
import { whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';
import { examplesOf, isLike } from './support/json-examples.ts';
import { splitWords } from './support/words.ts';

const ourBin = new URL('../../bin/', import.meta.url).pathname;

class OurHost extends DummyHost {
  override startDatabase(): void {
    const args = [join(this.folder, 'conf.db'), `--remote=punix:${join(this.folder, 'db.sock')}`];
    const options = ['--detach', '--no-chdir', '--pidfile', '-vconsole:off', '--log-file'];
    this.run(join(ourBin, 'ovsdb-server'), ...args, ...options);
  }

  /** As ovs-appctl would. */
  async ask(target: string, command: string): Promise<CommandAnswer> {
    const client = await UnixctlClient.connect(findControlSocket(target, this.folder));
    const [name = '', ...args] = splitWords(command.replaceAll('FOLDER', this.folder));
    await client.setFormat('json');
    const answer = await client.command(name, args);
    client.close();
    return answer;
  }
}

/** The first packet of a connection. */
const tracked = [
  'in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800)',
  'ipv4(src=10.0.0.1,dst=10.0.0.2,proto=17,tos=0,ttl=64,frag=no),udp(src=7,dst=9)',
].join(',');
/** Of IGMP: a host wants to hear 239.1.1.1, and a router asks who wants to hear what. */
const joining =
  '01005e010101020000000001080046000020000040000102ead40a000001ef010101940400001600f9fcef010101';
const query = '01005e000001020000000009080046000020000040000102facd0a000009e0000001940400001164ee9b00000000';
/** Of LLDP, with Auto Attach. */
const serverUnit = [
  '0180c200000e0200000000aa88cc0207040200000000aa04050565746837060202580a04636f72650c08612073657276',
  '65720e0400140014fe3200040d0b00000000000000000000000000000000000000000000000000000000000000000800',
  '00000200000000aa000000000000',
].join('');

const page = readFileSync(new URL('../../docs/appctl-json.md', import.meta.url), 'utf8');
const sections = page.split(/^## /m).slice(1);
const examples: readonly (readonly [string, string, Json | undefined])[] = sections
  .flatMap((section) => {
    const [heading = ''] = section.split('\n');
    const targets =
      heading === 'Every daemon' ? ['ovs-vswitchd', 'ovsdb-server'] : [heading.split(':')[0] ?? ''];
    return targets.flatMap((target) =>
      examplesOf(section).map(({ command, reply }) => [target, command, reply] as const),
    );
  })
  .sort(([, a], [, b]) => Number(a === 'exit') - Number(b === 'exit'));

describe.skipIf(whyNoReference() !== undefined)('ovs-appctl -f json', () => {
  const host = new OurHost('ours');

  beforeAll(async () => {
    host.createDatabase();
    host.startDatabase();
    host.vsctl('--no-wait', 'init');
    expect(await host.start()).toMatchObject({ status: 0 });
    const ports = [1, 2].flatMap((n) => [
      ...['--', 'add-port', 'br0', `p${n}`],
      ...['--', 'set', 'interface', `p${n}`, 'type=dummy', `ofport_request=${n}`],
    ]);
    const bonds = [0, 1].flatMap((n) => [
      ...[
        ...splitWords(`-- add-bond br1 bond${n} a${n} b${n}`),
        n === 0 ? 'bond_mode=balance-slb' : 'lacp=active',
      ],
      ...['--', 'set', 'interface', `a${n}`, 'type=dummy', '--', 'set', 'interface', `b${n}`, 'type=dummy'],
    ]);
    const trees = ['stp', 'rstp'].flatMap((protocol, n) => [
      ...['--', 'add-br', `br${n + 2}`, '--', 'add-port', `br${n + 2}`, `t2${n}`],
      ...['--', 'set', 'bridge', `br${n + 2}`, 'datapath_type=dummy', `${protocol}_enable=true`],
      ...['--', 'set', 'interface', `t2${n}`, 'type=dummy'],
    ]);
    host.vsctl(
      ...['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=dummy', ...ports],
      ...['--', 'add-br', 'br1', '--', 'set', 'bridge', 'br1', 'datapath_type=dummy', ...bonds],
      ...['--', 'set', 'bridge', 'br1', 'mcast_snooping_enable=true'],
      ...trees,
      ...['--', 'set', 'interface', 'p1', 'cfm_mpid=1', '--', 'set', 'interface', 'p2', 'bfd:enable=true'],
      // Flows of the datapath are there for as long as it takes to come to the examples that show them.
      ...['--', 'set', 'open_vswitch', '.', 'other_config:max-idle=3600000'],
    );
    host.appctl('netdev-dummy/set-admin-state', 't20', 'up');
    host.run('ovs-ofctl', 'add-flow', 'br0', 'in_port=2,actions=drop');
    host.run('ovs-ofctl', 'add-flow', 'br1', 'udp,udp_src=7,actions=ct(commit,zone=1)');
    host.appctl('netdev-dummy/receive', 'br1', tracked);
    for (const message of [joining, query]) host.appctl('netdev-dummy/receive', 'br1', message);
    host.vsctl('set', 'interface', 'a1', 'lldp:enable=true', '--', 'add-aa-mapping', 'br1', '100', '10');
    host.appctl('netdev-dummy/receive', 'a1', serverUnit);
    host.appctl('revalidator/purge');
  });

  afterAll(() => host[Symbol.asyncDispose]());

  test.each(['ovs-vswitchd', 'ovsdb-server'])('of %s every command has an example', async (target) => {
    const said = host.run(join(ourBin, 'ovs-appctl'), '-t', target, '-f', 'json', 'list-commands');
    const listed: readonly { readonly name: string }[] = JSON.parse(said.stdout).reply;
    const shown = examples.filter(([of]) => of === target).map(([, command]) => command.split(' ')[0]);
    expect([...new Set(shown)].sort()).toEqual(listed.map(({ name }) => name).sort());
  });

  test.each(examples)('%s: %s', async (target, command, example) => {
    const answer = await host.ask(target, command);
    if (example === undefined) {
      expect(answer).toEqual({ error: expect.any(String) });
      return;
    }
    expect(answer).toEqual({ result: { reply: expect.toSatisfy(() => true), 'reply-format': 'json' } });
    const { reply } = ('result' in answer ? answer.result : {}) as { readonly reply: Json };
    if (!isLike(reply, example)) expect(reply).toEqual(example);
    if (Array.isArray(example) && example.length > 0) expect(reply).not.toEqual([]);
  });
});
