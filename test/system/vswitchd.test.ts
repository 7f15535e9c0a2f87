/** Our daemon with its own database, driven by the real ovs-vsctl: what a first user does with it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SwitchHost, until, whyNoReference } from './support/daemon-pair.ts';
import { Namespace, whyNoNamespaces } from './support/namespace.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`vswitchd.test.ts: not run: ${reason}\n`);

/** What keeps frames from the host came with Linux 6.6. */
const [major = 0, minor = 0] = release().split('.').map(Number);
const isBeforeTcx = major < 6 || (major === 6 && minor < 6);

describe.runIf(reason === undefined)('ovs-vswitchd with its own database', () => {
  let ours: SwitchHost;
  let hosts: Namespace[];

  /** Whether an answer comes to one of the requests, one each second: a busy machine takes its time. */
  const ping = (from: Namespace, to: string, seconds = 20) =>
    from.try('ping', '-c1', '-w', String(seconds), to).status === 0;
  const [first, second] = [() => hostAt(0), () => hostAt(1)];

  function hostAt(index: number): Namespace {
    const host = hosts[index];
    if (host === undefined) throw new Error('not set up');
    return host;
  }

  beforeAll(async () => {
    ours = new SwitchHost('ours', { isEmbedded: true });
    hosts = ['a', 'b'].map((label) => new Namespace(label));
    first().link('eth0', 'v1', '10.1.0.1/24', ours.host);
    second().link('eth0', 'v2', '10.1.0.2/24', ours.host);
    await ours.start();
    ours.configure('add-br', 'br0');
    ours.configure('add-port', 'br0', 'v1'); // apart, so that their numbers do not depend on the order of rows
    ours.configure('add-port', 'br0', 'v2');
    ours.host.run('ip', 'addr', 'add', '10.1.0.9/24', 'dev', 'br0');
    ours.host.run('ip', 'link', 'set', 'br0', 'up');
  });

  afterAll(async () => {
    for (const host of hosts) host[Symbol.dispose]();
    await ours[Symbol.asyncDispose]();
  });

  test('two hosts talk through a bridge, and to the address of the bridge itself', () => {
    expect(ping(first(), '10.1.0.2')).toBe(true);
    expect(ping(first(), '10.1.0.9')).toBe(true);
    expect(ping(second(), '10.1.0.9')).toBe(true);
    expect(ours.configure('get', 'interface', 'v1', 'ofport')).toBe('1');
  });

  test('what a port receives is not for the host, which answers through the bridge alone', () => {
    const macOf = (device: string) =>
      /link\/ether ([0-9a-f:]+)/.exec(ours.host.run('ip', 'link', 'show', device))?.[1];
    for (let i = 0; i < 3; i++) {
      first().run('ip', 'neigh', 'flush', 'to', '10.1.0.9');
      expect(ping(first(), '10.1.0.9')).toBe(true);
      expect(first().run('ip', 'neigh', 'show', '10.1.0.9')).toContain(macOf('br0'));
    }
  });

  test.skipIf(isBeforeTcx)('the host sees nothing of a port, until it is one no more', async () => {
    using third = new Namespace('c');
    third.link('eth0', 'v3', '10.9.0.2/24', ours.host);
    ours.host.run('ip', 'addr', 'add', '10.9.0.1/24', 'dev', 'v3');
    const arpIgnore = () => ours.host.run('cat', '/proc/sys/net/ipv4/conf/v3/arp_ignore').trim();
    await until(() => ping(third, '10.9.0.1'), 'the host to answer'); // which makes them know each other
    ours.configure('add-port', 'br0', 'v3');
    await until(() => arpIgnore() === '0', 'the ingress drop');
    expect(ping(third, '10.9.0.1', 1)).toBe(false);
    ours.configure('del-port', 'v3');
    await until(() => ping(third, '10.9.0.1'), 'the host to answer again');
    expect(arpIgnore()).toBe('0');
  });

  test('access ports of different VLANs are apart, and together again without tags', async () => {
    ours.configure('set', 'port', 'v1', 'tag=5');
    await until(() => !ping(first(), '10.1.0.2', 1), 'the hosts to be apart'); // flows of before end soon
    ours.configure('set', 'port', 'v2', 'tag=5');
    expect(ping(first(), '10.1.0.2')).toBe(true);
    ours.configure('clear', 'port', 'v1', 'tag', '--', 'clear', 'port', 'v2', 'tag');
    expect(ping(first(), '10.1.0.9')).toBe(true);
  });

  test('a missing device is an error that goes away when the device comes', async () => {
    const done = ours.vsctl('add-port', 'br0', 'late');
    expect(done.stderr).toContain(
      "Error detected while setting up 'late': could not open network device late (No such device)",
    );
    ours.host.run('ip', 'link', 'add', 'late', 'type', 'veth', 'peer', 'name', 'late-peer');
    await until(
      () => ours.configure('get', 'interface', 'late', 'ofport') !== '-1',
      'the device to be taken',
    );
    expect(ours.configure('get', 'interface', 'late', 'error')).toBe('[]');
    ours.configure('del-port', 'late');
  });

  test('a device deleted and made again forwards again', async () => {
    ours.host.run('ip', 'link', 'del', 'v2');
    await until(() => ours.configure('get', 'interface', 'v2', 'ofport') === '-1', 'the loss to be seen');
    second().link('eth0', 'v2', '10.1.0.2/24', ours.host);
    // From the new host: the other one still believes in the old one's address.
    await until(() => ping(second(), '10.1.0.1'), 'frames to flow again');
  });

  test('in the userspace datapath, a port outlives its device', async () => {
    using third = new Namespace('e');
    const lookup = (column: string) => ours.configure('get', 'interface', 'v5', column);
    ours.configure('add-br', 'br5', '--', 'set', 'bridge', 'br5', 'datapath_type=netdev');
    ours.host.run('ip', 'addr', 'add', '10.5.0.1/24', 'dev', 'br5');
    ours.host.run('ip', 'link', 'set', 'br5', 'up');
    for (let times = 0; times < 2; times++) {
      third.link('eth0', 'v5', '10.5.0.2/24', ours.host);
      ours.configure('--may-exist', 'add-port', 'br5', 'v5');
      await until(() => ping(third, '10.5.0.1'), 'frames to flow');
      ours.host.run('ip', 'link', 'set', 'v5', 'name', 'v6');
      expect(ping(third, '10.5.0.1')).toBe(true);
      ours.host.run('ip', 'link', 'set', 'v6', 'name', 'v5');
      await until(() => ping(third, '10.5.0.1'), 'frames to flow again');
      ours.host.run('ip', 'link', 'del', 'v5');
      // It is down before it is gone.
      const state = () => ['admin_state', 'mtu'].map(lookup).join();
      await until(() => state() === 'down,[]', 'the loss to be seen');
      expect([lookup('ofport'), lookup('error')]).toEqual(['1', '[]']);
    }
    ours.configure('del-br', 'br5');
  });

  test('a port waits for a device that has the first 15 bytes of its name', async () => {
    const name = 'abcdefghijklmnopq';
    const device = name.slice(0, 15);
    const number = () => ours.configure('get', 'interface', name, 'ofport');
    ours.vsctl('add-port', 'br0', name);
    for (let times = 0; times < 2; times++) {
      expect(number()).toBe('-1');
      ours.host.run('ip', 'link', 'add', device, 'type', 'veth', 'peer', 'name', 'long-peer');
      await until(() => number() !== '-1', 'the device to be taken up');
      ours.host.run('ip', 'link', 'del', device);
      await until(() => number() === '-1', 'the loss to be seen');
    }
    ours.configure('del-port', name);
  });

  test('a bridge brings a device of its name and takes it away', () => {
    ours.configure('add-br', 'br7');
    expect(ours.host.try('ip', 'link', 'show', 'br7').status).toBe(0);
    ours.configure('del-br', 'br7');
    expect(ours.host.try('ip', 'link', 'show', 'br7').status).not.toBe(0);
  });

  test('after SIGKILL all comes back from the database, numbers too', async () => {
    ours.configure('set', 'interface', 'v2', 'ofport_request=42');
    const numbers = () =>
      ['v1', 'v2', 'br0'].map((name) => ours.configure('get', 'interface', name, 'ofport'));
    const before = numbers();
    expect(before[1]).toBe('42');
    await ours.kill('SIGKILL');
    await ours.start();
    await until(() => ours.configure('get', 'interface', 'v1', 'link_state') === 'up', 'the status');
    expect(numbers()).toEqual(before);
    await until(() => ping(first(), '10.1.0.2'), 'frames to flow again');
  });

  test('SIGHUP opens the log file anew', async () => {
    renameSync(`${ours.folder}/ovs-vswitchd.log`, `${ours.folder}/old.log`);
    if (ours.pid !== undefined) process.kill(ours.pid, 'SIGHUP');
    await until(() => ours.log.includes('opened log file'), 'the new log file');
    expect(ours.configure('get', 'interface', 'v1', 'ofport')).toBe('1');
  });

  test('a second daemon with a database of its own is refused', () => {
    const program = `${import.meta.dirname}/../../bin/ovs-vswitchd`;
    const second = ours.run(program, '--embedded-db', '-vconsole:off');
    expect(second.status).toBe(1);
    expect(second.stderr).toContain('another database server answers there');
  });

  test('a daemon that is started while the one before is being taken apart waits for its database', async () => {
    await using host = new SwitchHost('ours', { isEmbedded: true, besides: ours });
    const program = `const server = require('node:net').createServer((client) => {
      setTimeout(() => {
        server.close();
        client.destroy();
      }, 500);
    }).listen(process.argv[1], () => console.log('it listens'));`;
    const dying = spawn(process.execPath, ['-e', program, `${host.folder}/db.sock`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(dying, 'exit');
    await once(dying.stdout, 'data');
    await host.start();
    expect(host.vsctl('show').status).toBe(0);
    expect(await ended).toEqual([0, null]);
  });

  test('a daemon that ends before frames are kept from the host leaves the device as it was', async () => {
    using third = new Namespace('d');
    third.link('eth0', 'v4', undefined, ours.host);
    ours.configure('add-port', 'br0', 'v4');
    await ours.kill('SIGTERM');
    const arpIgnore = ours.host.run('cat', '/proc/sys/net/ipv4/conf/v4/arp_ignore').trim();
    await ours.start();
    expect(arpIgnore).toBe('0');
  });

  test('exit --cleanup leaves no device behind, not even of a change that is under way', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `port${i}`);
    const ports = names.flatMap((name) => {
      return ['--', 'add-port', 'br0', name, '--', 'set', 'interface', name, 'type=internal'];
    });
    ours.configure(...ports.slice(1));
    await ours.kill('SIGTERM');
    await ours.start();
    expect(ours.appctl('exit', '--cleanup')).toMatchObject({ status: 0, stderr: '' });
    expect(ours.host.run('ip', '-o', 'link', 'show', 'type', 'tun')).toBe('');
  });
});
