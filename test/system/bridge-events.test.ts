/**
 * What bridges tell unasked: each list of commands is given to the real daemon and to ours while the real ovs-ofctl
 * monitors br0, and what it prints must be the same. The lists are in bridge-events.txt: a name after "#", the
 * arguments of ovs-ofctl, then commands, one a line; "until WORD" waits for the monitor to print that. The clock
 * stands still.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until, type Which, whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';
import { toolCommand } from './support/tool-lines.ts';
import { splitWords } from './support/words.ts';

const reason = whyNoReference();
if (reason !== undefined) process.stderr.write(`bridge-events.test.ts: not run: ${reason}\n`);

interface Script {
  readonly name: string;
  readonly monitor: readonly string[];
  readonly lines: readonly string[];
}

function readScripts(): Script[] {
  return readFileSync(new URL('bridge-events.txt', import.meta.url), 'utf8')
    .split(/^# /m)
    .slice(1)
    .map((text) => {
      const [name = '', monitor = '', ...lines] = text.split('\n').filter((line) => line !== '');
      return { name, monitor: splitWords(monitor), lines };
    });
}

const versions = 'protocols=OpenFlow10,OpenFlow11,OpenFlow12,OpenFlow13,OpenFlow14,OpenFlow15';
const addDummy = (bridge: string, name: string, number: number): string[] => [
  ...['--', 'add-port', bridge, name],
  ...['--', 'set', 'interface', name, 'type=dummy', `ofport_request=${number}`],
];
const setup: readonly string[] = [
  ...['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'other_config:hwaddr=aa:55:aa:55:00:00'],
  ...['fail_mode=secure', versions],
  ...['--', 'add-br', 'br1', '--', 'set', 'bridge', 'br1', 'other_config:hwaddr=aa:55:aa:55:00:01'],
  ...['fail_mode=secure', versions],
  ...addDummy('br0', 'p1', 1),
  ...addDummy('br0', 'p2', 2),
  ...addDummy('br0', 'p3', 3),
  ...['--', 'add-port', 'br0', 'patch0', '--', 'set', 'interface', 'patch0', 'type=patch'],
  ...['options:peer=patch1', 'ofport_request=9'],
  ...['--', 'add-port', 'br1', 'patch1', '--', 'set', 'interface', 'patch1', 'type=patch'],
  ...['options:peer=patch0', 'ofport_request=9'],
];

/** Packets that commands send by name. */
const packets: Readonly<Record<string, string>> = {
  PLAIN: 'in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x1234)',
  TCP: 'in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,proto=6,tos=0,ttl=64,frag=no),tcp(src=1,dst=9)',
  TTL1: 'in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,proto=6,tos=0,ttl=1,frag=no),tcp(src=1,dst=9)',
  VLAN: 'in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x8100),vlan(vid=5,pcp=3),encap(eth_type(0x0806),arp(sip=10.0.0.1,tip=10.0.0.2,op=1,sha=02:00:00:00:00:01,tha=00:00:00:00:00:00))',
};

/** A packet that ends the list: all that was sent before has been told when it comes. */
const marker = 'in_port=CONTROLLER packet=0102030405060708090a0b0c88b500000000 actions=CONTROLLER';
const markerType = 'dl_type=0x88b5';

class Monitor {
  text = '';
  readonly which: Which;
  readonly #host: DummyHost;
  readonly #child: ChildProcess;
  readonly control: string;
  #hasEnded = false;

  constructor(host: DummyHost, args: readonly string[]) {
    this.which = host.which;
    this.#host = host;
    this.control = join(host.folder, 'monitor.ctl');
    const options = ['--no-chdir', `--unixctl=${this.control}`, '-vconsole:off', '-m'];
    this.#child = spawn('ovs-ofctl', [...options, ...args], { env: host.env });
    this.#child.stderr?.on('data', (chunk) => (this.text += chunk));
    this.#child.on('close', () => (this.#hasEnded = true));
  }

  async started(): Promise<void> {
    await until(() => this.ask('version').status === 0, 'the monitor to serve');
    this.ask('ofctl/barrier');
  }

  ask(...args: readonly string[]): ReturnType<DummyHost['appctl']> {
    return this.#host.appctl('-t', this.control, ...args);
  }

  /** Runs the lines of a script, and sends the packet that ends it. */
  async perform(lines: readonly string[]): Promise<void> {
    const waiting: (readonly string[])[] = [];
    const runUntil = async (text: RegExp): Promise<void> => {
      await this.#host.runAll(waiting.splice(0));
      // What is missing in the end is shown by the comparison.
      await until(() => text.test(this.text), `${text} to be printed`).catch(() => {});
    };
    for (const line of lines) {
      const [, awaited] = /^until (.*)/.exec(line) ?? [];
      if (awaited === undefined) waiting.push(...commandsOf(this, line));
      else await runUntil(new RegExp(`\\s${awaited}\\b`));
    }
    waiting.push(['ovs-ofctl', '-O', 'OpenFlow13', 'packet-out', 'br0', marker]);
    await runUntil(new RegExp(markerType));
  }

  async end(): Promise<string> {
    this.ask('exit');
    await until(() => this.#hasEnded, 'the monitor to end');
    return this.text;
  }

  kill(): void {
    this.#child.kill();
  }
}

const forget: readonly string[] = ['ovs-appctl', 'revalidator/purge'];

/** What runs for a line. */
function commandsOf(monitor: Monitor, line: string): (readonly string[])[] {
  const [command = '', ...args] = splitWords(line);
  const tool = toolCommand(monitor.which, command, args);
  if (tool !== undefined) return [tool];
  switch (command) {
    case 'receive':
      // A datapath flow of before would do what was right before.
      return [forget, ['ovs-appctl', 'netdev-dummy/receive', args[0] ?? '', packets[args[1] ?? ''] ?? '']];
    case 'send':
      return [
        ['ovs-appctl', '-t', monitor.control, 'ofctl/send', ...args],
        ['ovs-appctl', '-t', monitor.control, 'ofctl/barrier'],
      ];
    default:
      throw new Error(`no command ${command}`);
  }
}

function comparable(text: string): string[] {
  return (
    text
      .replace(/\bduration[=:]?[\d.]+s/g, 'durationN')
      .replace(/addr:[0-9a-f:]{17}/g, 'addr:MAC')
      .replace(/continuation.bridge=[0-9a-f-]{36}/g, 'continuation.bridge=UUID')
      .replace(/ABBREV xid=0x[0-9a-f]+/g, 'ABBREV xid=N')
      .replace(/\(xid=0x[0-9a-f]+\)/g, '(xid=N)')
      .split(/^(?=(?:send: )?(?:OFPT|OFPST|NXT|NXST|ONFT|ONFST)_)/m)
      // What the script has the monitor send may be printed before the answer to it, or after it.
      .filter((message) => !/^send: (?!NXT_RESUME)/.test(message))
      .filter((message) => !message.includes(markerType) && !message.includes('OFPT_BARRIER_REPLY'))
  );
}

const monitors: Monitor[] = [];

async function watch(hosts: readonly DummyHost[], script: Script): Promise<string[][]> {
  const started = hosts.map((host) => new Monitor(host, script.monitor));
  monitors.push(...started);
  for (const monitor of started) await monitor.started();
  await Promise.all(started.map((monitor) => monitor.perform(script.lines)));
  return Promise.all(started.map(async (monitor) => comparable(await monitor.end())));
}

const cleaning = ['br0', 'br1'].flatMap((bridge) =>
  ['del-flows', 'del-groups'].map((all) => ['ovs-ofctl', '-O', 'OpenFlow13', all, bridge]),
);

describe.runIf(reason === undefined)('beside the reference, a monitor prints the same', () => {
  const ours = new DummyHost('ours');
  const reference = new DummyHost('reference');

  beforeAll(async () => {
    for (const host of [ours, reference]) {
      await host.prepare();
      const said = host.vsctl(...setup);
      if (said.status !== 0) throw new Error(said.stderr);
      host.appctl('time/stop');
    }
  });

  afterAll(async () => {
    for (const monitor of monitors) monitor.kill();
    await Promise.all([ours, reference].map((host) => host[Symbol.asyncDispose]()));
  });

  test.each(readScripts())('$name', async (script) => {
    const [weSay, theySay] = await watch([ours, reference], script);
    await Promise.all([ours, reference].map((host) => host.runAll(cleaning)));
    expect(weSay).toEqual(theySay);
    expect(theySay?.length).toBeGreaterThan(0);
  });
});
