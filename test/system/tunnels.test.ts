/**
 * Tunnels between hosts: an overlay with our switch at one end, and the kernel's own vxlan device or the real daemon at
 * the other. Nobody sets anything but addresses: routes come from the kernel, Ethernet addresses by ARP and neighbour
 * discovery.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SwitchHost, until, whyNoReference } from './support/daemon-pair.ts';
import { Namespace, whyNoNamespaces } from './support/namespace.ts';
import { sumsOfTransfer } from './support/tcp-transfer.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`tunnels.test.ts: not run: ${reason}\n`);

const underlay = {
  4: { ours: '192.0.2.1', theirs: '192.0.2.2', bits: 24 },
  6: { ours: '2001:db8::1', theirs: '2001:db8::2', bits: 64 },
} as const;
const overlay = { ours: '10.9.0.1', theirs: '10.9.0.2' };

/** `br-under` has the address that packets go by, and the wire; `br-over` the tunnel. */
function setUp(host: SwitchHost, wire: string): void {
  host.configure(
    ...['add-br', 'br-under', '--', 'set', 'bridge', 'br-under', 'datapath_type=netdev'],
    ...['--', 'add-br', 'br-over', '--', 'set', 'bridge', 'br-over', 'datapath_type=netdev'],
    ...['--', 'add-port', 'br-under', wire],
  );
}

function address(space: Namespace, device: string, text: string): void {
  space.run('ip', 'addr', 'add', text, 'dev', device, ...(text.includes(':') ? ['nodad'] : []));
  space.run('ip', 'link', 'set', device, 'up');
}

function addTunnel(host: SwitchHost, type: string, ...options: string[]): void {
  host.configure(
    ...['add-port', 'br-over', 'tun', '--', 'set', 'interface', 'tun', `type=${type}`],
    ...options.map((option) => `options:${option}`),
  );
}

function addKernelTunnel(peer: Namespace, checksum: string): void {
  peer.run(
    ...[
      'ip',
      'link',
      'add',
      'vx',
      'address',
      '02:00:00:00:00:42',
      'type',
      'vxlan',
      'id',
      '42',
      'dstport',
      '4789',
      checksum,
    ],
    ...['local', underlay[4].theirs, 'remote', underlay[4].ours, 'dev', 'w0'],
  );
  address(peer, 'vx', `${overlay.theirs}/24`);
}

/** Some are lost while either side reads its routes again, as after an address has come. */
async function untilAllAnswer(from: Namespace, to: string, ...options: string[]): Promise<void> {
  const ping = ['ping', '-c', '20', '-i', '0.02', '-W', '2', ...options, to] as const;
  await until(() => from.try(...ping).stdout.includes('20 received'), `${to} to answer all pings`);
}

describe.runIf(reason === undefined)('a tunnel to the device of the kernel', () => {
  let ours: SwitchHost;
  let peer: Namespace;

  beforeAll(async () => {
    ours = new SwitchHost('ours');
    peer = new Namespace('peer');
    await ours.start();
    ours.host.link('wire', 'w0', undefined, peer);
    setUp(ours, 'wire');
    address(ours.host, 'br-under', `${underlay[4].ours}/24`);
    address(ours.host, 'br-over', `${overlay.ours}/24`);
    address(peer, 'w0', `${underlay[4].theirs}/24`);
    addKernelTunnel(peer, 'noudpcsum');
    addTunnel(ours, 'vxlan', `remote_ip=${underlay[4].theirs}`, 'key=42');
  });

  afterAll(async () => {
    peer[Symbol.dispose]();
    await ours[Symbol.asyncDispose]();
  });

  test('carries packets both ways', async () => {
    await untilAllAnswer(ours.host, overlay.theirs);
    await untilAllAnswer(peer, overlay.ours);
    await untilAllAnswer(peer, overlay.ours, '-s', '1300');
  });

  test.each(['noudpcsum', 'udpcsum'])('carries TCP with all offloads, %s', async (checksum) => {
    ours.host.run('ip', 'link', 'set', 'br-over', 'mtu', '1450');
    peer.run('ip', 'link', 'del', 'vx');
    addKernelTunnel(peer, checksum);
    ours.configure('set', 'interface', 'tun', `options:csum=${checksum === 'udpcsum'}`);
    await untilAllAnswer(ours.host, overlay.theirs);
    for (const [from, to, end] of [
      [ours.host, peer, overlay.theirs],
      [peer, ours.host, overlay.ours],
    ] as const) {
      const sums = await sumsOfTransfer(from, to, end, 8);
      expect(sums.received).toBe(sums.sent);
    }
  });

  test('goes by what the kernel says of routes, and the neighbours are known', () => {
    expect(ours.appctl('ovs/route/lookup', underlay[4].theirs).stdout).toBe(
      `src ${underlay[4].ours}\ngateway ::\ndev br-under\n`,
    );
    expect(ours.appctl('tnl/neigh/show').stdout).toContain(underlay[4].theirs);
    const status = ours.configure('get', 'interface', 'tun', 'status');
    expect(status).toBe('{tunnel_egress_iface=br-under, tunnel_egress_iface_carrier=up}');
  });

  test('follows its host to another address', async () => {
    peer.run('ip', 'link', 'set', 'vx', 'type', 'vxlan', 'remote', '192.0.2.9');
    address(ours.host, 'br-under', '192.0.2.9/24');
    ours.host.run('ip', 'addr', 'del', `${underlay[4].ours}/24`, 'dev', 'br-under');
    address(ours.host, 'br-under', '192.0.2.9/24');
    await untilAllAnswer(ours.host, overlay.theirs);
  });
});

describe.runIf(reason === undefined).each([
  { type: 'vxlan', version: 4, options: ['key=7'] },
  { type: 'vxlan', version: 6, options: ['key=7'] },
  { type: 'geneve', version: 4, options: ['key=7', 'csum=true'] },
  { type: 'geneve', version: 6, options: ['key=7'] },
  { type: 'gre', version: 4, options: ['key=7', 'seq=true'] },
  { type: 'gre', version: 4, options: ['csum=true'] },
] as const)('a tunnel to the real daemon: $type over IPv$version, $options', ({ type, version, options }) => {
  let ours: SwitchHost;
  let theirs: SwitchHost;

  beforeAll(async () => {
    ours = new SwitchHost('ours');
    theirs = new SwitchHost('reference');
    await Promise.all([ours.start(), theirs.start()]);
    ours.host.link('w0', 'w1', undefined, theirs.host);
    const ends = underlay[version];
    const sides = [
      [ours, 'w0', ends.ours, ends.theirs, overlay.ours],
      [theirs, 'w1', ends.theirs, ends.ours, overlay.theirs],
    ] as const;
    for (const [host, wire, local, remote, inner] of sides) {
      setUp(host, wire);
      address(host.host, 'br-under', `${local}/${ends.bits}`);
      address(host.host, 'br-over', `${inner}/24`);
      addTunnel(host, type, `remote_ip=${remote}`, ...options);
    }
  });

  afterAll(() => Promise.all([ours, theirs].map((host) => host[Symbol.asyncDispose]())));

  test('carries packets both ways', async () => {
    await untilAllAnswer(ours.host, overlay.theirs);
    await untilAllAnswer(theirs.host, overlay.ours, '-s', '1200');
  });
});
