/** What is left of the switch's devices, and of the host's network over them, when the daemon ends and comes back. */
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SwitchHost, until, whyNoReference } from './support/daemon-pair.ts';
import { Namespace, whyNoNamespaces } from './support/namespace.ts';
import { splitWords } from './support/words.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`restart.test.ts: not run: ${reason}\n`);

const json = (host: Namespace, ...args: string[]) => JSON.parse(host.run('ip', '-j', ...args));

/** What a host has made of a device. */
function configurationOf(host: Namespace, name: string) {
  const [device] = json(host, '-d', 'address', 'show', 'dev', name);
  const { ifindex, mtu, address, flags, altnames, addr_info } = device;
  const addresses = addr_info.map(({ local }: { local: string }) => local);
  const routes = [
    ...json(host, 'route', 'show', 'dev', name),
    ...json(host, '-6', 'route', 'show', 'dev', name),
  ];
  const destinations = routes.map(({ dst, gateway }) => `${dst} ${gateway}`);
  return { ifindex, mtu, address, isUp: flags.includes('UP'), altnames, addresses, destinations };
}

const deviceNames = (host: Namespace): string[] =>
  json(host, 'link', 'show', 'type', 'tun').map(({ ifname }: { ifname: string }) => ifname);

const indexOf = (host: Namespace, name: string): number =>
  Number(host.run('cat', `/sys/class/net/${name}/ifindex`));

const internal = (bridge: string, name: string) =>
  splitWords(`-- add-port ${bridge} ${name} -- set interface ${name} type=internal`);

describe.runIf(reason === undefined)('over a restart of the daemon', () => {
  describe('the devices of a bridge', () => {
    let ours: SwitchHost;
    let other: Namespace;
    const reaches = (to: string) => ours.host.try('ping', '-c1', '-W1', to).status === 0;
    const column = (name: string, of: string) => ours.configure('get', 'interface', of, name);

    beforeAll(async () => {
      ours = new SwitchHost('ours', { args: ['--monitor'] });
      other = new Namespace('other');
      other.link('eth0', 'v1', '192.0.2.2/24', ours.host);
      await ours.start();
      ours.configure('add-br', 'br0', '--', 'add-port', 'br0', 'v1', ...internal('br0', 'i0'));
      const ip = (...args: string[]) => ours.host.run('ip', ...args);
      ip('address', 'add', '192.0.2.1/24', 'dev', 'br0');
      ip('address', 'add', '2001:db8::1/64', 'dev', 'br0', 'nodad');
      ip('link', 'set', 'br0', 'mtu', '1400', 'up');
      ip('route', 'add', '198.51.100.0/24', 'via', '192.0.2.2');
      ip('-6', 'route', 'add', '2001:db8:1::/64', 'via', '2001:db8::2');
      ip('link', 'set', 'i0', 'mtu', '1300', 'address', '02:00:00:00:00:77', 'up');
    });

    afterAll(async () => {
      other[Symbol.dispose]();
      await ours[Symbol.asyncDispose]();
    });

    const seen = () => ({
      br0: configurationOf(ours.host, 'br0'),
      i0: configurationOf(ours.host, 'i0'),
      numbers: [column('ofport', 'br0'), column('ofport', 'i0'), column('ofport', 'v1')],
    });

    async function comesBack(before: ReturnType<typeof seen>): Promise<void> {
      await until(() => reaches('192.0.2.2'), 'frames to flow again');
      await until(() => column('mtu', 'i0') === '1300', 'the status');
      expect(seen()).toEqual(before);
    }

    const endings = {
      exit: () => ours.exit(),
      SIGTERM: () => ours.kill('SIGTERM'),
      SIGKILL: () => ours.kill('SIGKILL'),
    };

    test.each(Object.entries(endings))('keep address, route, MTU and state over %s', async (_, end) => {
      await until(() => reaches('192.0.2.2'), 'frames to flow');
      const before = seen();
      expect(before.br0).toMatchObject({ mtu: 1400, isUp: true });
      expect(before.br0.destinations).toContain('198.51.100.0/24 192.0.2.2');
      await end();
      expect(seen()).toEqual(before);
      expect(reaches('192.0.2.2')).toBe(false);
      await ours.start();
      await comesBack(before);
    });

    test('keep them over a crash of a monitored daemon', async () => {
      const before = seen();
      await ours.crash();
      await comesBack(before);
    });

    test('are left to a daemon that takes the lock, and taken up again when it is done', async () => {
      const before = seen();
      const thief = spawn('ovsdb-client', ['steal', `unix:${ours.folder}/db.sock`, 'ovs_open_vswitch']);
      const bridges = () => ours.appctl('dpif/show').stdout;
      await until(() => !bridges().includes('br0'), 'the daemon to stand down');
      expect(seen()).toEqual(before);
      thief.kill();
      await until(() => bridges().includes('br0'), 'the daemon to be back');
      await comesBack(before);
    });

    test('stay when the type of datapath or device has changed meanwhile', async () => {
      const before = [indexOf(ours.host, 'br0'), indexOf(ours.host, 'i0')];
      await ours.kill();
      ours.configure('--no-wait', 'set', 'bridge', 'br0', 'datapath_type=netdev');
      ours.configure('--no-wait', 'set', 'interface', 'i0', 'type=tap');
      await ours.start();
      await until(() => reaches('192.0.2.2'), 'frames to flow again');
      expect([indexOf(ours.host, 'br0'), indexOf(ours.host, 'i0')]).toEqual(before);
    });

    test('go when the database that comes back names them no longer', async () => {
      ours.configure(
        'add-br',
        'br1',
        ...internal('br1', 'i1'),
        ...internal('br1', 'i2'),
        ...internal('br1', 'i3'),
      );
      await ours.kill();
      ours.host.run('ip', 'link', 'set', 'i3', 'name', 'renamed');
      ours.configure('--no-wait', 'del-port', 'i1', '--', 'set', 'interface', 'i2', 'type=""');
      await ours.start();
      await until(
        () => column('error', 'i2').includes('No such device'),
        'the port of another type to have none',
      );
      await until(() => deviceNames(ours.host).sort().join() === 'br0,br1,i0,i3', 'the devices to be gone');
      await ours.kill();
      ours.configure('--no-wait', 'del-br', 'br1');
      await ours.start();
      await until(() => deviceNames(ours.host).sort().join() === 'br0,i0', 'the bridge to be gone');
    });
  });

  test('hundreds of devices are there again, each as the one it was', async () => {
    await using ours = new SwitchHost('ours', { isEmbedded: true });
    const longName = 'longer-than-a-name-of-the-kernel';
    const names = Array.from({ length: 300 }, (_, n) => `i${n}`);
    await ours.start();
    ours.configure('add-br', 'br0', ...[...names, longName].flatMap((name) => internal('br0', name)));
    const indexes = () => [...names, longName.slice(0, 15)].map((name) => indexOf(ours.host, name));
    const before = indexes();
    await ours.kill('SIGKILL');
    await ours.start();
    const portCount = () => ours.appctl('dpctl/show').stdout.match(/port \d+: i\d+/g)?.length;
    await until(() => portCount() === names.length, 'the ports to be back');
    expect(indexes()).toEqual(before);
    await ours.exit('--cleanup');
    expect(deviceNames(ours.host)).toEqual([]);
  });

  test('a TAP device that the switch did not make is refused, and left alone, until it goes', async () => {
    await using ours = new SwitchHost('ours');
    ours.host.run('ip', 'tuntap', 'add', 'dev', 'f0', 'mode', 'tap');
    await ours.start();
    const done = ours.vsctl('add-br', 'br0', ...internal('br0', 'f0'));
    expect(done.stderr).toContain(
      'could not open network device f0 (File exists): this switch did not make that TAP device; ' +
        'remove it (ip link delete f0), or give the port another name',
    );
    const error = () => ours.configure('get', 'interface', 'f0', 'error');
    await ours.exit('--cleanup');
    await ours.start();
    await until(() => error().includes('File exists'), 'the device to be refused again');
    expect(deviceNames(ours.host)).toContain('f0');
    ours.host.run('ip', 'link', 'delete', 'f0');
    await until(() => error() === '[]', 'the port to have a device of its own');
    ours.configure('del-port', 'f0');
    expect(deviceNames(ours.host)).toEqual(['br0']);
  });

  test.each(['ours', 'reference'] as const)(
    '%s: a device of a port goes on in a network namespace that it is moved to, and back',
    async (which) => {
      await using host = new SwitchHost(which);
      await using guest = new Namespace('guest');
      await host.start();
      host.configure(
        ...splitWords('add-br br0 -- set bridge br0 datapath_type=netdev'),
        ...internal('br0', 'i0'),
      );
      const address = host.configure('get', 'interface', 'i0', 'mac_in_use');
      host.host.run('ip', 'address', 'add', '192.0.2.1/24', 'dev', 'br0');
      host.host.run('ip', 'link', 'set', 'br0', 'up');
      host.host.run('ip', 'link', 'set', 'i0', 'netns', guest.name);
      guest.run('ip', 'link', 'set', 'i0', 'name', 'eth0');
      guest.run('ip', 'address', 'add', '192.0.2.2/24', 'dev', 'eth0');
      guest.run('ip', 'link', 'set', 'eth0', 'up');
      const reaches = () => guest.try('ping', '-c1', '-W1', '192.0.2.1').status === 0;
      await until(reaches, 'the guest to reach the host');
      const column = (name: string) => host.configure('get', 'interface', 'i0', name);
      await until(() => column('mac_in_use') === '[]', 'the port to have no device here');
      expect(column('error')).toBe('[]');
      host.configure('set', 'interface', 'i0', 'mtu_request=1400');
      await until(reaches, 'the guest to reach the host still');
      guest.run('ip', 'link', 'set', 'eth0', 'down');
      guest.run('ip', 'link', 'set', 'eth0', 'name', 'i0');
      guest.run('ip', 'link', 'set', 'i0', 'netns', host.host.name);
      await until(() => column('mac_in_use') === address, 'the device to be back');
      host.configure('del-port', 'i0');
      await until(() => !deviceNames(host.host).includes('i0'), 'the device to go with its port');
    },
  );

  test('a device that is deleted in another network namespace is made anew', async () => {
    await using ours = new SwitchHost('ours');
    await using guest = new Namespace('guest');
    await ours.start();
    ours.configure('add-br', 'br0', ...internal('br0', 'i0'));
    ours.host.run('ip', 'link', 'set', 'i0', 'netns', guest.name);
    await until(
      () => ours.configure('get', 'interface', 'i0', 'mac_in_use') === '[]',
      'the device to be away',
    );
    expect(deviceNames(ours.host)).toEqual(['br0']);
    guest.run('ip', 'link', 'delete', 'i0');
    await until(() => deviceNames(ours.host).includes('i0'), 'the port to have a device again');
  });

  test('two switches of one host leave the devices of each other alone', async () => {
    await using first = new SwitchHost('ours');
    await using second = new SwitchHost('ours', { besides: first });
    await first.start();
    first.configure('add-br', 'br0', ...internal('br0', 'i0'));
    const before = [indexOf(first.host, 'br0'), indexOf(first.host, 'i0')];
    await first.kill();
    await second.start();
    expect(second.vsctl('add-br', 'br0').stderr).toContain('File exists');
    second.configure('del-br', 'br0', '--', 'add-br', 'br1', ...internal('br1', 'i1'));
    await second.kill();
    await first.start();
    await until(() => first.appctl('dpif/show').stdout.includes('i0'), 'the first to be back');
    expect([indexOf(first.host, 'br0'), indexOf(first.host, 'i0')]).toEqual(before);
    expect(deviceNames(first.host)).toContain('i1');
    await second.start();
    await until(() => second.appctl('dpif/show').stdout.includes('i1'), 'the second to be back');
    await second.exit('--cleanup');
    expect(deviceNames(first.host).sort()).toEqual(['br0', 'i0']);
    await first.exit('--cleanup');
    expect(deviceNames(first.host)).toEqual([]);
  });

  test('the quickstart takes its devices with it when it is ended at the terminal, and no other way', async () => {
    await using ours = new SwitchHost('ours', { isEmbedded: true, args: ['--quickstart'] });
    await ours.start();
    ours.configure('add-br', 'br0');
    await ours.kill('SIGTERM');
    expect(deviceNames(ours.host)).toEqual(['br0']);
    await ours.start();
    await ours.kill('SIGINT');
    expect(deviceNames(ours.host)).toEqual([]);
  });
});
