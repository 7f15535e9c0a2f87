/** What both daemons make of Ethernet addresses in the database: of interfaces, bridges and ports. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SwitchHost, whyNoReference } from './support/daemon-pair.ts';
import { whyNoNamespaces } from './support/namespace.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`addresses.test.ts: not run: ${reason}\n`);

const addresses = [
  '00:11:22:33:44:55',
  'AA:BB:CC:DD:EE:0A',
  '03:00:00:00:00:01',
  'ff:ff:ff:ff:ff:ff',
  '00:00:00:00:00:00',
  '0:1:2:3:4:5',
  '000:11:22:33:44:56',
  '1100:11:22:33:44:57',
  ' 00:11: 22:33:44:58',
  '+0:11:22:33:44:59',
  '-2:11:22:33:44:59',
  '0x0:11:22:33:44:5a',
  '00:11:22:33:44',
  '00:11:22:33:44:5b:5c',
  '00:11:22:33:44:5d ',
  '00:11:22:33:44:5ex',
  '00-11-22-33-44-5f',
  'garbage',
  '',
];

describe.runIf(reason === undefined)('addresses of the database', () => {
  const hosts = { ours: new SwitchHost('ours'), reference: new SwitchHost('reference') };
  const both = Object.values(hosts);
  const devices = ['br0', 'i1', 't1', 'v1'];
  const own = new Map<string, string>();

  const addressOf = ({ host }: SwitchHost, name: string): string =>
    host.run('cat', `/sys/class/net/${name}/address`).trim();

  /** Addresses that chance gave are the same for both. */
  const seen = (host: SwitchHost) =>
    devices.map((name) => {
      const address = addressOf(host, name);
      return own.get(address) ?? address;
    });

  beforeAll(async () => {
    for (const host of both) {
      await host.start();
      const ip = (...args: string[]) => host.host.run('ip', ...args);
      ip('link', 'add', 'v1', 'address', '00:00:5e:00:53:02', 'type', 'veth', 'peer', 'name', 'x1');
      host.configure('add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev');
      host.configure(
        ...['add-port', 'br0', 'v1', '--', 'add-port', 'br0', 'i1', '--', 'set', 'interface', 'i1'],
        ...['type=internal', '--', 'add-port', 'br0', 't1', '--', 'set', 'interface', 't1', 'type=tap'],
      );
      for (const name of ['i1', 't1']) own.set(addressOf(host, name), `made for ${name}`);
    }
  });

  afterAll(async () => {
    for (const host of both) await host[Symbol.asyncDispose]();
  });

  /** Lines of the log about addresses, each once: the reference says some of them with each change. */
  const complaints = (host: SwitchHost): string[] => {
    const lines = host
      .settledLog()
      .split('\n')
      .filter((line) => line.includes('|bridge|ERR|'));
    return [...new Set(lines.map((line) => line.split('|').slice(3).join('|')))].sort();
  };

  test.each(['i1', 't1', 'v1', 'br0'])('of interface %s are taken or refused alike', (name) => {
    for (const mac of addresses) {
      for (const host of both) host.configure('set', 'interface', name, `mac="${mac}"`);
      expect(seen(hosts.ours), mac).toEqual(seen(hosts.reference));
    }
    for (const host of both) host.configure('clear', 'interface', name, 'mac');
  });

  test('of a bridge are taken or refused alike, and its datapath id follows', async () => {
    const id = (host: SwitchHost) => host.configure('get', 'bridge', 'br0', 'datapath_id');
    for (const mac of addresses) {
      for (const host of both) host.configure('set', 'bridge', 'br0', `other_config:hwaddr="${mac}"`);
      expect([...seen(hosts.ours), id(hosts.ours)], mac).toEqual([
        ...seen(hosts.reference),
        id(hosts.reference),
      ]);
    }
    for (const host of both) host.configure('clear', 'bridge', 'br0', 'other_config');
  });

  test('of a port count for its bridge alike', () => {
    for (const mac of addresses) {
      for (const host of both) host.configure('set', 'port', 'v1', `mac="${mac}"`);
      expect(seen(hosts.ours), mac).toEqual(seen(hosts.reference));
    }
    for (const host of both) host.configure('clear', 'port', 'v1', 'mac');
  });

  test('that no device can have are complained of in the same words', () => {
    const lines = complaints(hosts.reference);
    expect(lines).toEqual([
      'ERR|bridge br0: cannot set MAC address to multicast address 03:00:00:00:00:01',
      'ERR|bridge br0: cannot set MAC address to multicast address ff:ff:ff:ff:ff:ff',
      'ERR|bridge br0: cannot set MAC address to zero',
      "ERR|interface br0: ignoring mac in Interface record (use Bridge record to set local port's mac)",
      'ERR|interface i1: cannot set MAC to all zero address',
      'ERR|interface i1: cannot set MAC to multicast address',
    ]);
    expect(complaints(hosts.ours)).toEqual(lines);
  });

  test('that the reference passes over in silence are told of by ours', () => {
    const text = hosts.ours.settledLog();
    expect(text).toContain(
      'interface v1: mac=00:11:22:33:44:55 is not acted on: only the device of an internal interface is given one',
    );
    expect(text).toContain('interface i1: mac=garbage is not acted on: it is not an Ethernet address');
    expect(text).toContain('port v1: mac=garbage is not acted on: it is not an Ethernet address');
  });
});
