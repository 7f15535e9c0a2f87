/**
 * Controllers of the database: the same rows are given to the real daemon and to ours, and both must do, say and write
 * the same; and real controllers pass traffic through our bridges.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ControlledSwitch } from './support/controlled-switch.ts';
import { RudeControllers, untilRowsAreAlike } from './support/controllers.ts';
import { until, whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';
import { whyNoNamespaces } from './support/namespace.ts';
import { splitWords } from './support/words.ts';

const noReference = whyNoReference();
if (noReference !== undefined) process.stderr.write(`controllers.test.ts: not all run: ${noReference}\n`);

describe.runIf(noReference === undefined)('beside the reference', () => {
  const hosts = [new DummyHost('reference'), new DummyHost('ours')] as const;
  const controllers = new RudeControllers();
  const listen = (...manner: string[]): Promise<string> => controllers.listen(...manner);
  const untilAlike = (...expected: RegExp[]): Promise<string[]> => untilRowsAreAlike(hosts, ...expected);

  beforeAll(async () => {
    for (const host of hosts) await host.prepare();
  });

  afterEach(async () => {
    for (const host of hosts) {
      const bridges = host.vsctl('list-br').stdout.split('\n').filter(Boolean);
      host.vsctl(...bridges.flatMap((bridge) => ['--', 'del-br', bridge]), '--', 'del-manager');
    }
    controllers.stop();
  });

  afterAll(async () => {
    for (const host of hosts) await host[Symbol.asyncDispose]();
  });

  const addBridge = (name: string, ...more: string[]): string[] => [
    ...['--', 'add-br', name, '--', 'set', 'bridge', name, 'other_config:hwaddr=aa:55:aa:55:00:01'],
    ...['other_config:disable-in-band=true', ...more],
  ];

  function configure(...args: string[]): void {
    for (const host of hosts) {
      const said = host.vsctl(...args);
      if (said.status !== 0) throw new Error(`${host.which}: ${said.stderr}`);
    }
  }

  function flows(host: DummyHost, bridge: string): string[] {
    const lines = host.appctl('bridge/dump-flows', '--offload-stats', bridge).stdout.split('\n');
    return lines.map((line) => line.replace(/duration=\S+ /, '')).sort();
  }

  /** The reference sees some changes a second later. */
  async function expectSameFlows(...bridges: string[]): Promise<void> {
    const [reference, ours] = hosts;
    for (const bridge of bridges) {
      const isSame = (): boolean => String(flows(ours, bridge)) === String(flows(reference, bridge));
      await until(isSame, 'the same flows').catch(() =>
        expect(flows(ours, bridge)).toEqual(flows(reference, bridge)),
      );
    }
  }

  /** What the log says of a bridge's controllers, for as long as it takes to come to a line. */
  async function logUntil(host: DummyHost, bridge: string, last: string): Promise<string[]> {
    const lines = (): string[] =>
      host.log
        .split('\n')
        .filter((line) => line.startsWith('rconn|') && line.includes(`${bridge}<->`))
        .map((line) => line.replace(/:\d{4,5}\b/, ':PORT'));
    await until(() => lines().some((line) => line.includes(last)), `${host.which} to say ${last}`);
    const all = lines();
    return all.slice(0, all.findIndex((line) => line.includes(last)) + 1);
  }

  test('rows of controllers that are there, absent, rude and mute end up alike', async () => {
    const manners = {
      hangs: 'hang',
      halves: 'half',
      garbles: 'garbage',
      closes: 'close',
      old: '1',
      new: '6',
    };
    const targets: Record<string, string> = {};
    for (const [name, manner] of Object.entries(manners)) {
      const target = await listen(manner);
      targets[name] = target;
      configure(...addBridge(name), '--', 'set-controller', name, target);
    }
    configure(...addBridge('absent'), '--', 'set-controller', 'absent', 'tcp:127.0.0.1:1', 'unix:nobody');
    configure(
      ...addBridge('other', 'protocols=OpenFlow13'),
      '--',
      'set-controller',
      'other',
      await listen('1'),
    );
    // All of them have failed often, or are connected.
    const done = await untilAlike(
      ...['old', 'new'].map((name) => new RegExp(`${targets[name]}.*,true,other,`)),
    );
    expect(done.filter((line) => line.includes(',true,other,'))).toHaveLength(2);
    await expectSameFlows('hangs', 'old', 'absent');
    for (const name of ['hangs', 'absent', 'other']) {
      const last = name === 'other' ? 'Protocol error' : 'waiting 2 seconds';
      const [theirs, ourOwn] = await Promise.all(hosts.map((host) => logUntil(host, name, last)));
      expect(ourOwn?.filter((line) => !line.includes('unix:'))).toEqual(
        theirs?.filter((line) => !line.includes('unix:')),
      );
    }
  });

  test('rows tell how many packets went to a controller that gets so many a second', async () => {
    configure(...addBridge('br0', 'protocols=OpenFlow13', 'fail_mode=secure'));
    const port = ['add-port', 'br0', 'p1', '--', 'set', 'interface', 'p1', 'type=dummy'];
    configure(...port, '--', 'set-controller', 'br0', await listen('4'));
    configure('set', 'controller', 'br0', 'controller_rate_limit=100', 'controller_burst_limit=25');
    await untilAlike(/packet-in-miss-bypassed=""0""/);
    const flow = ['-O', 'OpenFlow13', 'add-flow', 'br0'];
    for (const host of hosts) {
      host.run('ovs-ofctl', ...flow, 'priority=0,actions=controller');
      host.run('ovs-ofctl', ...flow, 'dl_type=0x1234,actions=controller');
      for (const type of ['1234', '1235', '1236']) {
        const packet = `in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x${type})`;
        host.appctl('netdev-dummy/receive', 'p1', packet);
      }
    }
    const rows = await untilAlike(/packet-in-miss-bypassed=""2""/);
    expect(String(rows)).toContain('packet-in-action-bypassed=""1""');
  });

  test('flows go and stay at the same changes', async () => {
    const target = await listen('4');
    const other = await listen('4');
    configure(...addBridge('br0'));
    const steps: string[][] = [
      ['set', 'bridge', 'br0', 'fail_mode=secure'],
      ['set-controller', 'br0', target],
      ['set', 'bridge', 'br0', 'fail_mode=standalone'],
      ['set-controller', 'br0', target, other],
      ['set-controller', 'br0', other],
      ['set-controller', 'br0', 'ptcp:0'],
      ['set', 'bridge', 'br0', 'fail_mode=secure'],
      ['set', 'bridge', 'br0', 'protocols=OpenFlow10,OpenFlow13'],
      ['set', 'bridge', 'br0', 'other_config:datapath-id=0000000000000042'],
    ];
    for (const step of steps) {
      for (const host of hosts) host.run('ovs-ofctl', 'add-flow', 'br0', 'priority=5,actions=drop');
      configure(...step);
      await expectSameFlows('br0');
    }
  });

  test('the hidden flows of in-band control are the same', async () => {
    configure('--', 'add-br', 'br0', '--', 'set', 'bridge', 'br0', 'other_config:hwaddr=aa:55:aa:55:00:01');
    const steps: string[][] = [
      ['set-manager', 'tcp:10.1.1.1:6640', 'ptcp:6641', 'ssl:10.1.1.2', 'tcp:[::1]:5', 'unix:/x'],
      ['set-controller', 'br0', 'ssl:10.1.1.1', 'tcp:10.2.2.2:6653', 'unix:foo', 'ptcp:0'],
      ['set', 'bridge', 'br0', 'other_config:in-band-queue=7'],
      ['set', 'bridge', 'br0', 'other_config:hwaddr=aa:55:aa:55:00:77'],
      ['set', 'bridge', 'br0', 'other_config:disable-in-band=true'],
      ['remove', 'bridge', 'br0', 'other_config', 'disable-in-band'],
      ['del-manager'],
      ['--', 'del-controller', 'br0'],
    ];
    for (const step of steps) {
      configure(...step);
      await expectSameFlows('br0');
      const [theirs, ourOwn] = hosts.map((host) => host.run('ovs-ofctl', 'dump-aggregate', 'br0').stdout);
      expect(ourOwn).toBe(theirs);
    }
  });

  test('without controllers the bridge fails open, until one is there that decides', async () => {
    const controller = ['--', 'set-controller', 'br0', 'tcp:127.0.0.1:1', '--', 'set', 'controller', 'br0'];
    configure(...addBridge('br0'), ...controller, 'inactivity_probe=60000');
    for (const host of hosts) {
      // They are forgotten after three times as long.
      host.run('ovs-ofctl', 'add-flow', 'br0', 'priority=5,actions=drop');
      host.run('ovs-ofctl', '-O', 'OpenFlow13', 'add-group', 'br0', 'group_id=1,type=all');
    }
    configure('set', 'controller', '.', 'inactivity_probe=1000', 'max_backoff=1000');
    for (const host of hosts) {
      const isOpen = (): boolean => flows(host, 'br0').some((line) => line.includes('priority=15790320'));
      await until(isOpen, `${host.which} to fail open`);
    }
    await expectSameFlows('br0');
    for (const host of hosts) {
      expect(flows(host, 'br0').join()).not.toContain('priority=5,');
      expect(host.run('ovs-ofctl', '-O', 'OpenFlow13', 'dump-groups', 'br0').stdout).not.toContain(
        'group_id',
      );
    }
    configure('set', 'bridge', 'br0', 'fail_mode=secure');
    await expectSameFlows('br0');
    for (const host of hosts)
      await until(() => host.log.includes('fail_open|WARN|No longer in fail-open mode'), 'the log to say so');
  });

  test('whoever connects to a bridge is told what its kind is', async () => {
    configure(...addBridge('br0', 'protocols=OpenFlow10,OpenFlow13', 'fail_mode=secure'));
    configure('add-port', 'br0', 'p1', '--', 'set', 'interface', 'p1', 'type=dummy', 'ofport_request=1');
    const rowsOf = (folder: string, active: string): string[] => {
      const row = (id: string, target: string, ...more: string[]): string[] => [
        ...['--', `--id=@${id}`, 'create', 'controller', `target="${target}"`, ...more],
      ];
      return [
        ...row('active', active),
        ...row('first', `punix:${folder}/br0.first`, 'type=primary'),
        ...row('second', `punix:${folder}/br0.second`, 'enable_async_messages=false', 'type=primary'),
        ...row('third', `punix:${folder}/br0.third`),
        ...row('fourth', 'ptcp:0:127.0.0.1', 'type=service'),
        ...['--', 'set', 'bridge', 'br0', 'controller=@active,@first,@second,@third,@fourth'],
      ];
    };
    const plain = (text: string): string =>
      text
        .replace(/duration[=:]?[\d.]+s/g, 'duration')
        .replace(/\(xid=\w+\)/g, '')
        .replace(/addr:\S+/g, 'addr:MAC');
    const active = await listen('4');
    for (const host of hosts) expect(host.vsctl(...rowsOf(host.folder, active)).status).toBe(0);
    await untilAlike(/,true,other,/);
    const told = await Promise.all(
      hosts.map(async (host) => {
        const monitors = ['first', 'second', 'third'].map((name) => {
          const control = join(host.folder, `${name}.ctl`);
          const args = [
            '-O',
            'OpenFlow13',
            `--unixctl=${control}`,
            'monitor',
            `unix:${host.folder}/br0.${name}`,
          ];
          const child = spawn('ovs-ofctl', ['--no-chdir', '-vconsole:off', ...args], { env: host.env });
          const monitor = { control, child, text: '' };
          child.stderr.on('data', (chunk) => (monitor.text += chunk));
          return monitor;
        });
        const ask = (control: string, ...args: string[]): number | null =>
          host.run('ovs-appctl', '-t', control, ...args).status;
        for (const { control } of monitors)
          await until(() => ask(control, 'ofctl/barrier') === 0, `${host.which} to answer`);
        host.appctl(
          'netdev-dummy/receive',
          'p1',
          'in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02)',
        );
        host.run('ovs-ofctl', 'mod-port', 'br0', 'p1', 'down');
        host.run('ovs-ofctl', '-O', 'OpenFlow13', 'add-flow', 'br0', 'send_flow_rem,actions=controller');
        host.appctl(
          'netdev-dummy/receive',
          'p1',
          'in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02)',
        );
        const flows = (): string => host.run('ovs-ofctl', '-O', 'OpenFlow13', 'dump-flows', 'br0').stdout;
        await until(() => flows().includes('n_packets=1,'), `${host.which} to count the packet`);
        host.run('ovs-ofctl', '-O', 'OpenFlow13', 'del-flows', 'br0');
        for (const { control } of monitors) ask(control, 'ofctl/barrier');
        for (const { control, child } of monitors) {
          const ended = once(child, 'close');
          ask(control, 'exit');
          await ended;
        }
        return monitors.map(({ text }) => plain(text));
      }),
    );
    expect(told[1]).toEqual(told[0]);
    expect(told[0]?.[0]).toContain('OFPT_PORT_STATUS');
    const [theirs, ourOwn] = hosts.map((host) =>
      host
        .settledLog()
        .split('\n')
        .filter((line) => /^connmgr.*(added|removed)/.test(line))
        .sort(),
    );
    expect(ourOwn).toEqual(theirs);
  });

  test('a bucket that watches the controller lives while one is in charge', async () => {
    configure(...addBridge('br0', 'protocols=OpenFlow13', 'fail_mode=secure'));
    for (const n of [1, 2])
      configure(...splitWords(`add-port br0 p${n} -- set interface p${n} type=dummy ofport_request=${n}`));
    const trace = (host: DummyHost): string => host.appctl('ofproto/trace', 'br0', 'in_port=LOCAL').stdout;
    const bothTrace = async (last: string): Promise<void> => {
      for (const host of hosts) {
        const isChosen = (): boolean => trace(host).trimEnd().endsWith(`Datapath actions: ${last}`);
        await until(isChosen, `${host.which} to choose`);
      }
      expect(trace(hosts[1])).toBe(trace(hosts[0]));
    };
    const asks = '0414000800000008'; // a barrier: who asks for one is in charge
    configure('set-controller', 'br0', await listen('hang'));
    for (const host of hosts) {
      const ofctl = (...args: string[]): void => void host.run('ovs-ofctl', '-O', 'OpenFlow13', ...args);
      const buckets = 'bucket=watch_port:CONTROLLER,actions=1,bucket=watch_port:2,actions=2';
      ofctl('add-group', 'br0', `group_id=1,type=ff,${buckets}`);
      ofctl('add-flow', 'br0', 'actions=group:1');
    }
    await bothTrace('2');
    configure('set-controller', 'br0', await listen('4', asks));
    await bothTrace('1');
    controllers.stop();
    await bothTrace('2');
  });

  test('what is not used is told of in the same words', () => {
    const targets = ['punix:/tmp/x', 'punix:FOLDER/br0.a/b', 'unix:/tmp/x', 'blah:3', 'punix:FOLDER/br1.x'];
    for (const host of hosts) {
      host.vsctl(...addBridge('br0'));
      host.vsctl('set-controller', 'br0', ...targets.map((text) => text.replace('FOLDER', host.folder)));
    }
    const [theirs, ourOwn] = hosts.map((host) => {
      const told = host
        .settledLog()
        .split('\n')
        .filter((line) => /socket controller|unsupported controller/.test(line));
      return [...new Set(told)].sort();
    });
    expect(ourOwn).toEqual(theirs);
    expect(ourOwn).toHaveLength(targets.length);
  });

  test('who snoops is copied what the bridge and its controller say', async () => {
    configure(...addBridge('br0', 'other_config:datapath-id=0000000000000007'));
    for (const host of hosts) {
      expect(host.run('ovs-ofctl', '--timeout=60', 'snoop', 'br0').status).toBe(1);
      const complaint = 'connmgr|INFO|no controller connection to snoop';
      await until(() => host.log.includes(complaint), 'the log to say so');
    }
    const echo = '040200090000000561';
    const [badFlowMod, description, barrier] = [
      '040e000a000000067878',
      '0412001000000007',
      '0414000800000008',
    ];
    const asked = `${echo}${badFlowMod}${description}0000000000000000${barrier}`;
    configure('set-controller', 'br0', await listen('4', asked));
    await untilAlike(/,true,other,/);
    const said = await Promise.all(
      hosts.map(async (host) => {
        const tool = spawn('ovs-ofctl', ['-vconsole:off', 'snoop', 'br0'], { env: host.env });
        let text = '';
        tool.stderr.on('data', (more) => (text += more));
        const cycles = (): string[] => text.split(/^(?=OFPT_ECHO_REQUEST .*xid=0x5)/m);
        await until(() => cycles().length > 3, `${host.which} to repeat`).finally(() => tool.kill());
        return cycles()[1]?.replaceAll(/^OFPT_ECHO_RE\w+ .*xid=0x0.*\n/gm, '');
      }),
    );
    expect(said[1]).toBe(said[0]);
    expect(said[0]).toContain('OFPT_BARRIER_REPLY (OF1.3) (xid=0x8)');
  });

  test('connections end when versions or the datapath id change, and by a command', async () => {
    configure(...addBridge('br0'), '--', 'set-controller', 'br0', await listen('4'));
    await untilAlike(/,true,other,/);
    const ends: string[][] = [
      ['ovs-vsctl', 'set', 'bridge', 'br0', 'protocols=OpenFlow13,OpenFlow14'],
      ['ovs-vsctl', 'set', 'bridge', 'br0', 'other_config:datapath-id=0000000000000007'],
      ['ovs-appctl', 'bridge/reconnect', 'br0'],
      ['ovs-appctl', 'bridge/reconnect'],
    ];
    for (const host of hosts) {
      for (const [program = '', ...args] of ends) {
        const options = ['-O', 'OpenFlow13', '-vvconn:console:dbg'];
        const tool = spawn('ovs-ofctl', [...options, 'monitor', 'br0'], { env: host.env });
        let said = '';
        tool.stderr.on('data', (text) => (said += text));
        const ended = once(tool, 'close');
        await until(() => said.includes('negotiated OpenFlow'), `${host.which} to be monitored`);
        expect(host.run(program, ...args).status).toBe(0);
        await ended;
        expect(said).toContain('vconn_recv (End of file)');
      }
      expect(host.appctl('bridge/reconnect', 'nobody')).toMatchObject({ status: 2 });
    }
    await untilAlike(/,true,other,/);
  });
});

const noNamespaces = whyNoNamespaces();
const programs = {
  reference: '/usr/bin/ovs-testcontroller',
  ours: new URL('../../bin/ovs-testcontroller', import.meta.url).pathname,
};

describe.runIf(noNamespaces === undefined)('between namespaces', () => {
  let host: ControlledSwitch;
  let controller: ChildProcess | undefined;

  beforeAll(async () => {
    host = new ControlledSwitch('ours'); // not before: who runs none of these is to leave nothing
    await host.start();
  });

  afterEach(async () => {
    host.removeController();
    const gone = controller && once(controller, 'close');
    controller?.kill();
    await gone;
    controller = undefined;
  });

  afterAll(async () => {
    await host[Symbol.asyncDispose]();
  });

  /** Inside the switch's host. */
  function start(program: string, ...args: string[]): void {
    const inside = ['netns', 'exec', host.daemon.host.name, program, ...args];
    const env = { ...process.env, OVS_RUNDIR: host.daemon.folder };
    controller = spawn('ip', inside, { env, stdio: 'ignore' });
  }

  test.each(['reference', 'ours'] as const)(
    '%s ovs-testcontroller passes traffic over tcp',
    async (which) => {
      if (!existsSync(programs[which])) return;
      start(programs[which], 'ptcp:16653:127.0.0.1');
      await host.setController('tcp:127.0.0.1:16653', 'OpenFlow10,OpenFlow13');
      host.ping();
      expect(host.flows()).toContain('dl_src=');
    },
  );

  test.each(['reference', 'ours'] as const)(
    '%s ovs-testcontroller passes traffic over unix',
    async (which) => {
      if (!existsSync(programs[which])) return;
      start(programs[which], `punix:${host.controllerSocket}`);
      await host.setController(`unix:${host.controllerSocket}`, 'OpenFlow13');
      host.ping();
    },
  );

  test('flows stay when the controller dies, and another one goes on', async () => {
    start(programs.ours, 'ptcp:16653:127.0.0.1', '--max-idle=permanent');
    await host.setController('tcp:127.0.0.1:16653', 'OpenFlow13');
    host.ping();
    // Hosts may say something at any time, and a controller makes a flow of it.
    const learned = (): string[] => host.flows().match(/\S*dl_src=\S*/g) ?? [];
    const before = learned();
    expect(before.length).toBeGreaterThanOrEqual(2);
    controller?.kill('SIGKILL');
    const isConnected = (): boolean =>
      host.daemon.configure('get', 'controller', 'br0', 'is_connected') === 'true';
    await until(() => !isConnected(), 'the end to be written');
    expect(learned()).toEqual(expect.arrayContaining(before));
    host.ping();
    start(programs.ours, 'ptcp:16653:127.0.0.1', '--max-idle=permanent');
    await until(isConnected, 'the connection to be made again');
    expect(learned()).toEqual(expect.arrayContaining(before));
  });

  test('ovs-testcontroller passes traffic over ssl, by the keys of table SSL', async () => {
    const { folder } = host.daemon;
    const files = makeKeys(folder);
    host.daemon.configure('set-ssl', files.key, files.certificate, files.certificate);
    const keys = ['-p', files.key, '-c', files.certificate, '-C', files.certificate];
    start(programs.ours, 'pssl:16654:127.0.0.1', ...keys);
    await host.setController('ssl:127.0.0.1:16654', 'OpenFlow13');
    host.ping();
    host.daemon.configure('del-ssl');
  });

  const noKen = spawnSync('/usr/bin/python3', ['-c', 'import os_ken']).status !== 0;
  if (noKen) process.stderr.write('controllers.test.ts: not all run: python3-os-ken is not installed\n');

  test.runIf(!noKen).each(['learning', 'tables'])('os-ken runs an application: %s', async (name) => {
    const fixture = new URL(`../fixtures/os-ken-${name}.py`, import.meta.url).pathname;
    const listen = ['--ofp-listen-host', '127.0.0.1', '--ofp-tcp-listen-port', '16655'];
    start('/usr/bin/python3', '-m', 'os_ken.cmd.manager', ...listen, fixture);
    await host.setController('tcp:127.0.0.1:16655', 'OpenFlow13');
    host.ping(5);
    expect(host.flows()).toContain(name === 'tables' ? 'table=1' : 'dl_dst=');
  });
});

/** A key and a certificate that is its own authority. */
function makeKeys(folder: string): { readonly key: string; readonly certificate: string } {
  const key = join(folder, 'key.pem');
  const certificate = join(folder, 'certificate.pem');
  const config = join(folder, 'openssl.cnf');
  writeFileSync(config, '[req]\ndistinguished_name=dn\n[dn]\n');
  const made = spawnSync(
    'openssl',
    `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=switch -config ${config} -keyout ${key} -out ${certificate}`.split(
      ' ',
    ),
    { encoding: 'utf8' },
  );
  rmSync(config);
  if (made.status !== 0) throw new Error(made.stderr);
  return { key, certificate };
}
