/** Which names no port may have, by the command line of the daemon: the same with both. */
import { describe, expect, test } from 'vitest';
import { SwitchHost, type Which, whyNoReference } from './support/daemon-pair.ts';
import { whyNoNamespaces } from './support/namespace.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`reserved-names.test.ts: not run: ${reason}\n`);

const datapaths = ['ovs-system', 'ovs-netdev', 'ovs-dummy'];
const tunnels = ['gre_sys', 'genev_sys_6081', 'vxlan_sys_4789'];

async function reservedNames(which: Which, args: readonly string[]): Promise<string[]> {
  await using host = new SwitchHost(which, { args });
  await host.start();
  host.configure('--no-wait', 'add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev');
  return [...datapaths, ...tunnels].filter((name) => {
    host.vsctl('add-port', 'br0', name, '--', 'set', 'interface', name, 'type=internal');
    const isRefused = host.settledLog().includes(`could not create interface ${name}, name is reserved`);
    host.configure('del-port', name);
    return isRefused;
  });
}

describe.runIf(reason === undefined)('names for the switch itself', () => {
  test.each([
    [[], ['ovs-system', 'ovs-netdev', ...tunnels]],
    [['--disable-system'], ['ovs-netdev', ...tunnels]],
    [
      ['--enable-dummy', '--disable-system'],
      ['ovs-netdev', 'ovs-dummy', ...tunnels],
    ],
    [['--enable-dummy=system'], [...datapaths, ...tunnels]],
    [['--enable-dummy=override', '--disable-system'], datapaths],
  ])('with %j are %j', async (args, names) => {
    expect(await reservedNames('reference', args)).toEqual(names);
    expect(await reservedNames('ours', args)).toEqual(names);
  });
});
