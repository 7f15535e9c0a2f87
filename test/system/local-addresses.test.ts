/** The address that rows of Controller give the local port, and the route over it: beside the reference. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SwitchHost, untilAlike, whyNoReference } from './support/daemon-pair.ts';
import { whyNoNamespaces } from './support/namespace.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`local-addresses.test.ts: not run: ${reason}\n`);

describe.runIf(reason === undefined)('addresses of the local port', () => {
  const hosts = [new SwitchHost('reference'), new SwitchHost('ours')] as const;

  beforeAll(async () => {
    for (const host of hosts) {
      await host.start();
      host.configure('add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev');
      host.configure('set-controller', 'br0', 'tcp:10.9.9.9:6653');
    }
  });

  afterAll(async () => {
    for (const host of hosts) await host[Symbol.asyncDispose]();
  });

  /** Whether the device is up, its addresses, and the routes of the host. */
  function seen({ host, log }: SwitchHost): object {
    const json = (...args: string[]) => JSON.parse(host.run('ip', '-j', '-4', ...args));
    const [device] = json('address', 'show', 'dev', 'br0');
    const addresses = (device?.addr_info ?? []).map(
      ({ local, prefixlen }: { local: string; prefixlen: number }) => `${local}/${prefixlen}`,
    );
    const routes = json('route', 'show').map(
      ({ dst, gateway, dev }: { dst: string; gateway?: string; dev: string }) => `${dst} ${gateway} ${dev}`,
    );
    const told = log.match(/(?<=bridge br0: )configured .*/g) ?? [];
    return { isUp: device?.flags.includes('UP'), addresses, routes, told: [...new Set(told)] };
  }

  test.each([
    ['no address', ['local_ip="10.1.2"', 'local_netmask="255.255.0.0"']],
    ['one with a mask', ['local_ip="10.1.2.3"', 'local_netmask="255.255.255.0"']],
    ['a gateway', ['local_gateway="10.1.2.254"']],
    ['the mask of class A', ['local_ip="10.1.2.3"', 'local_netmask="0.0.0.0"']],
    ['the mask of class B', ['local_ip="172.16.0.5"', 'local_netmask=[]', 'local_gateway="nowhere"']],
    ['the mask of class C, out of band', ['local_ip="192.168.7.5"', 'connection_mode=out-of-band']],
  ])('%s', async (_, columns) => {
    for (const host of hosts) host.configure('set', 'controller', 'br0', ...columns);
    const [reference, ours] = hosts;
    await untilAlike(seen, ours, reference);
  });

  test('are there in the end', async () => {
    await expect.poll(() => seen(hosts[1])).toMatchObject({ isUp: true, addresses: ['192.168.7.5/24'] });
  });
});
