/** FRR's bfdd, another implementation of BFD, on a host behind a port of ours. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SwitchHost, until } from './support/daemon-pair.ts';
import { FrrHost, whyNoFrr } from './support/frr.ts';
import { Namespace, whyNoNamespaces } from './support/namespace.ts';
import { splitWords } from './support/words.ts';

const reason = whyNoNamespaces() ?? whyNoFrr();
if (reason !== undefined) process.stderr.write(`frr.test.ts: not run: ${reason}\n`);

const address = { ours: '10.9.0.1', theirs: '10.9.0.2' } as const;

describe.runIf(reason === undefined)('a session with bfdd', () => {
  let ours: SwitchHost;
  let host: Namespace;
  let frr: FrrHost;

  beforeAll(async () => {
    ours = new SwitchHost('ours');
    host = new Namespace('frr');
    frr = new FrrHost(host);
    await ours.start();
    host.link('f0', 'e0', `${address.theirs}/24`, ours.host);
    const mac = host.run('cat', '/sys/class/net/f0/address').trim();
    ours.configure(
      ...splitWords('add-br br0 -- set bridge br0 datapath_type=netdev -- add-port br0 e0'),
      ...['--', 'set', 'interface', 'e0', 'bfd:enable=true', 'bfd:min_rx=200', 'bfd:min_tx=200'],
      ...[`bfd:bfd_src_ip=${address.ours}`, `bfd:bfd_dst_ip=${address.theirs}`],
      `bfd:bfd_local_dst_mac=${mac}`,
    );
    ours.host.run('ip', 'addr', 'add', `${address.ours}/24`, 'dev', 'br0');
    ours.host.run('ip', 'link', 'set', 'br0', 'up');
    await frr.start();
    frr.vtysh(
      ...['configure terminal', 'bfd', `peer ${address.ours} interface f0`],
      ...['receive-interval 300', 'transmit-interval 250', 'no shutdown'],
    );
    await until(isUp, 'both to be up');
  }, 120_000);

  afterAll(async () => {
    await frr[Symbol.asyncDispose]();
    host[Symbol.dispose]();
    await ours[Symbol.asyncDispose]();
  });

  interface Peer {
    readonly status: string;
    readonly diagnostic: string;
    readonly 'remote-receive-interval': number;
    readonly 'remote-transmit-interval': number;
    readonly 'remote-detect-multiplier': number;
  }

  const peer = (): Peer | undefined => (JSON.parse(frr.vtysh('show bfd peers json')) as Peer[])[0]; // as FRR documents

  const status = (key: string): string =>
    ours.configure('get', 'interface', 'e0', `bfd_status:${key}`).replaceAll('"', '');

  function isUp(): boolean {
    return status('forwarding') === 'true' && peer()?.status === 'up';
  }

  test('comes up, and both have the intervals of the other', async () => {
    await until(() => peer()?.['remote-transmit-interval'] === 200, 'it to be told');
    expect(peer()).toMatchObject({ 'remote-receive-interval': 200, 'remote-detect-multiplier': 3 });
    for (const interval of ['TX Interval: Approx 300ms', 'RX Interval: Approx 250ms'])
      await until(() => ours.appctl('bfd/show', 'e0').stdout.includes(`  ${interval}`), 'us to be told');
    await until(() => status('remote_state') === 'up', 'it to tell that it is up');
  });

  test('agrees to other intervals', async () => {
    ours.configure('set', 'interface', 'e0', 'bfd:min_rx=400', 'bfd:mult=5');
    await until(() => peer()?.['remote-receive-interval'] === 400, 'it to be told');
    expect(peer()).toMatchObject({ 'remote-detect-multiplier': 5, status: 'up' });
  });

  test('goes down at both ends with the link, and comes back', async () => {
    host.run('ip', 'link', 'set', 'f0', 'down');
    await until(() => status('state') === 'down' && peer()?.status !== 'up', 'both to notice');
    host.run('ip', 'link', 'set', 'f0', 'up');
    await until(isUp, 'both to find each other');
  });

  test('is told when the operator of bfdd switches it off', async () => {
    const configure = (change: string): string =>
      frr.vtysh('configure terminal', 'bfd', `peer ${address.ours} interface f0`, change);
    configure('shutdown');
    await until(() => status('diagnostic') === 'Neighbor Signaled Session Down', 'us to be told');
    configure('no shutdown');
    await until(isUp, 'both to be up');
  });
});
