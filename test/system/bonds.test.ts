/** Bonds over two cables to one bridge of the kernel, which knows nothing of bonds: it follows what it learns. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { SwitchHost, until } from './support/daemon-pair.ts';
import { Namespace, whyNoNamespaces } from './support/namespace.ts';

const reason = whyNoNamespaces();
if (reason !== undefined) process.stderr.write(`bonds.test.ts: not run: ${reason}\n`);

const hostAddress = '10.8.0.1';
const peerAddress = '10.8.0.2';

describe.runIf(reason === undefined)('a bond', () => {
  let ours: SwitchHost;
  let neighbour: Namespace;

  beforeAll(async () => {
    ours = new SwitchHost('ours', { isEmbedded: true });
    neighbour = new Namespace('neighbour');
    neighbour.run('ip', 'link', 'add', 'lan', 'type', 'bridge');
    await ours.start();
    for (const n of [0, 1]) {
      ours.host.link(`e${n}`, `f${n}`, undefined, neighbour);
      neighbour.run('ip', 'link', 'set', `f${n}`, 'master', 'lan');
    }
    neighbour.run('ip', 'addr', 'add', `${peerAddress}/24`, 'dev', 'lan');
    neighbour.run('ip', 'link', 'set', 'lan', 'up');
    ours.configure(
      ...['add-br', 'br0', '--', 'add-bond', 'br0', 'bond0', 'e0', 'e1', 'other_config:bond-primary=e0'],
      ...['--', 'add-port', 'br0', 'quiet', '--', 'set', 'interface', 'quiet', 'type=internal'],
    );
    ours.host.run('ip', 'addr', 'add', `${hostAddress}/24`, 'dev', 'br0');
    for (const device of ['br0', 'quiet']) ours.host.run('ip', 'link', 'set', device, 'up');
  });

  afterAll(async () => {
    await ours[Symbol.asyncDispose]();
    neighbour[Symbol.dispose]();
  });

  const reaches = (): boolean => ours.run('ping', '-c1', '-W1', peerAddress).status === 0;
  const macOf = (device: string): string => ours.host.run('cat', `/sys/class/net/${device}/address`).trim();
  /** The cable by which the neighbour would send there. */
  const cableTo = (mac: string): string | undefined =>
    new RegExp(`${mac} dev (\\w+) master lan`).exec(neighbour.run('bridge', 'fdb', 'show', 'br', 'lan'))?.[1];

  const isDisabled = (): boolean => ours.appctl('bond/show', 'bond0').stdout.includes('member e0: disabled');

  test.each(['active-backup', 'balance-slb'])(
    'in mode %s goes on by its other cable, and teaches its neighbour where stations are that say nothing',
    async (mode) => {
      ours.configure('set', 'port', 'bond0', `bond_mode=${mode}`);
      await until(reaches, 'traffic');
      const quiet = macOf('quiet');
      ours.appctl('fdb/add', 'br0', 'quiet', '0', quiet);
      neighbour.run('ip', 'link', 'set', 'f0', 'down');
      await until(isDisabled, 'the cable to be given up');
      await until(() => cableTo(quiet) === 'f1', 'the neighbour to be taught');
      const active = `"${macOf('e1')}"`;
      await until(
        () => ours.configure('get', 'port', 'bond0', 'bond_active_slave') === active,
        'its address',
      );
      await until(reaches, 'traffic by the other cable');
      neighbour.run('ip', 'link', 'set', 'f0', 'up');
      await until(
        () => !ours.appctl('bond/show', 'bond0').stdout.includes('e0: disabled'),
        'the cable again',
      );
      await until(reaches, 'traffic');
    },
  );
});
