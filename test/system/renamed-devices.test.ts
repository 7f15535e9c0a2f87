/** What becomes of a port whose device somebody gives another name: the same with both daemons. */
import { describe, expect, test } from 'vitest';
import { SwitchHost, until, type Which, whyNoReference } from './support/daemon-pair.ts';
import { Namespace, whyNoNamespaces } from './support/namespace.ts';
import { splitWords } from './support/words.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`renamed-devices.test.ts: not run: ${reason}\n`);

const internal = (name: string) =>
  splitWords(`-- add-port br0 ${name} -- set interface ${name} type=internal`);

describe.runIf(reason === undefined).each(['ours', 'reference'] as const)('%s', (which: Which) => {
  /** br0 with an internal device p1, and v1, whose other end is eth0 of a guest with 192.0.2.2. */
  async function prepared(): Promise<{ host: SwitchHost; guest: Namespace } & AsyncDisposable> {
    const host = new SwitchHost(which);
    const guest = new Namespace('guest');
    guest.link('eth0', 'v1', '192.0.2.2/24', host.host);
    await host.start();
    const bridge = ['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev'];
    host.configure(...bridge, '--', 'add-port', 'br0', 'v1', ...internal('p1'));
    return {
      host,
      guest,
      async [Symbol.asyncDispose]() {
        guest[Symbol.dispose]();
        await host[Symbol.asyncDispose]();
      },
    };
  }

  const ip = ({ host }: SwitchHost, ...args: string[]): string => host.run('ip', ...args);

  function rename(host: SwitchHost, from: string, to: string): void {
    ip(host, 'link', 'set', from, 'down');
    ip(host, 'link', 'set', from, 'name', to);
    ip(host, 'link', 'set', to, 'up');
  }

  /** What is done while the daemon does not look, as on a busy machine: it sees all of that at once. */
  function unseen({ pid }: SwitchHost, act: () => void): void {
    if (pid === undefined) throw new Error('no daemon runs');
    process.kill(pid, 'SIGSTOP');
    try {
      act();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  }

  const names = (host: SwitchHost): string[] =>
    JSON.parse(ip(host, '-j', 'link', 'show', 'type', 'tun'))
      .map(({ ifname }: { ifname: string }) => ifname)
      .filter((name: string) => name !== 'ovs-netdev')
      .sort();

  const column = (host: SwitchHost, name: string, of: string): string =>
    host.configure('get', 'interface', of, name);

  /** What the row says of the device, but for its state. */
  const rowOf = (host: SwitchHost, name: string) =>
    ['ofport', 'error', 'ifindex', 'mac_in_use'].map((of) => column(host, of, name));

  const reaches = (host: SwitchHost, device: string): boolean =>
    host.host.try('ping', '-c1', '-W1', '-I', device, '192.0.2.2').status === 0;

  test.each([
    ['an internal port', 'p1'],
    ['a bridge itself', 'br0'],
  ])(
    'the device of %s carries its frames under another name, and is known again under its own',
    async (_, name) => {
      await using both = await prepared();
      const { host } = both;
      ip(host, 'address', 'add', '192.0.2.1/24', 'dev', name);
      ip(host, 'link', 'set', name, 'up');
      await until(() => reaches(host, name), 'frames to flow');
      await until(() => column(host, 'admin_state', name) === 'up', 'the state of the device');
      const before = rowOf(host, name);
      rename(host, name, 'renamed');
      await until(() => column(host, 'admin_state', name) === 'down', 'the last that was seen of the device');
      ip(host, 'address', 'replace', '192.0.2.1/24', 'dev', 'renamed');
      // The reference gives it none: to it, the device is down as it was last seen.
      if (which === 'ours')
        await until(() => reaches(host, 'renamed'), 'frames to flow under the other name');
      host.configure('set', 'port', name, 'other_config:note=1');
      host.configure('set', 'interface', name, 'mtu_request=1400');
      const failure = `failed to set MTU for network device ${name}: No such device`;
      await until(() => host.log.includes(failure), 'the failure to be logged');
      expect(names(host)).toEqual([...['br0', 'p1'].filter((each) => each !== name), 'renamed'].sort());
      expect(rowOf(host, name)).toEqual(before);
      rename(host, 'renamed', name);
      await until(() => column(host, 'admin_state', name) === 'up', 'the device to be back');
      expect(rowOf(host, name)).toEqual(before);
      ip(host, 'address', 'replace', '192.0.2.1/24', 'dev', name);
      await until(() => reaches(host, name), 'frames to flow again');
    },
  );

  test('a device that is not of the switch leaves its port waiting, with its number, until it has its name again', async () => {
    await using both = await prepared();
    const { host } = both;
    const before = rowOf(host, 'v1');
    for (const run of [(act: () => void): void => act(), (act: () => void): void => unseen(host, act)]) {
      run(() => rename(host, 'v1', 'w1'));
      await until(() => column(host, 'admin_state', 'v1') === 'down', 'the last that was seen of the device');
      host.configure('set', 'port', 'v1', 'other_config:note=1');
      expect(rowOf(host, 'v1')).toEqual(before);
      run(() => rename(host, 'w1', 'v1'));
      await until(() => column(host, 'admin_state', 'v1') === 'up', 'the device to be back');
      expect(rowOf(host, 'v1')).toEqual(before);
    }
  });

  test('a name that another port waits for gives that port the device too, unless it is to make its own', async () => {
    await using both = await prepared();
    const { host } = both;
    const index = column(host, 'ifindex', 'p1');
    host.vsctl('add-port', 'br0', 'z1');
    rename(host, 'p1', 'z1');
    await until(() => column(host, 'ifindex', 'z1') === index, 'the port that waits');
    expect(column(host, 'ofport', 'z1')).not.toBe('-1');
    for (const name of ['z1', 'p1']) expect(column(host, 'error', name)).toBe('[]');
    host.configure('del-port', 'z1');
    expect(names(host)).toEqual(['br0', 'z1']);
    const busy = 'could not open network device z1 (Device or resource busy)';
    host.vsctl('add-port', 'br0', 'z1', '--', 'set', 'interface', 'z1', 'type=internal');
    await until(() => column(host, 'error', 'z1') === `"${busy}"`, 'the name to be refused');
    host.configure('del-port', 'z1');
    host.configure('del-port', 'p1');
    await until(() => names(host).join() === 'br0', 'the device to go with its port, whatever its name');
  });

  test('a device that is renamed while the daemon is away is replaced by a new one', async () => {
    await using both = await prepared();
    const { host } = both;
    const before = ['br0', 'p1', 'v1'].map((name) => column(host, 'ofport', name));
    const index = (name: string) => column(host, 'ifindex', name);
    const [bridge, port] = [index('br0'), index('p1')];
    await host.kill();
    rename(host, 'br0', 'b9');
    rename(host, 'p1', 'q1');
    rename(host, 'v1', 'w1');
    await host.start();
    await until(() => column(host, 'error', 'v1').includes('No such device'), 'the port without a device');
    await until(
      () => ![bridge, '[]'].includes(index('br0')) && ![port, '[]'].includes(index('p1')),
      'new devices',
    );
    rename(host, 'w1', 'v1');
    await until(() => column(host, 'error', 'v1') === '[]', 'the device that is not of the switch');
    expect(['br0', 'p1', 'v1'].map((name) => column(host, 'ofport', name))).toEqual(before);
    // Differs: the reference leaves the renamed ones behind, which nothing names any more.
    expect(names(host)).toEqual(which === 'ours' ? ['br0', 'p1'] : ['b9', 'br0', 'p1', 'q1']);
  });
});
