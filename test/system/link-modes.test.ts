/** What ports of devices of the kernel are said to do and to be able to, beside the reference. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SwitchHost, untilAlike, whyNoReference } from './support/daemon-pair.ts';
import { whyNoNamespaces } from './support/namespace.ts';

const reason = whyNoNamespaces() ?? whyNoReference();
if (reason !== undefined) process.stderr.write(`link-modes.test.ts: not run: ${reason}\n`);

describe.runIf(reason === undefined)('ports of devices of the kernel', () => {
  const hosts = [new SwitchHost('reference'), new SwitchHost('ours')] as const;

  beforeAll(async () => {
    for (const host of hosts) {
      await host.start();
      host.host.run('ip', 'link', 'add', 'v1', 'type', 'veth', 'peer', 'name', 'x1');
      host.configure('add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev');
      host.configure('set', 'bridge', 'br0', 'protocols=OpenFlow10,OpenFlow13,OpenFlow15');
      host.configure('add-port', 'br0', 'v1', '--', 'set', 'interface', 'v1', 'ofport_request=1');
      for (const [n, type] of ['internal', 'tap'].entries())
        host.configure(
          ...['add-port', 'br0', `t${n}`, '--', 'set', 'interface', `t${n}`],
          ...[`type=${type}`, `ofport_request=${n + 2}`],
        );
    }
  });

  afterAll(async () => {
    for (const host of hosts) await host[Symbol.asyncDispose]();
  });

  test.each(['OpenFlow10', 'OpenFlow13', 'OpenFlow15'])('are described alike in %s', async (version) => {
    const described = (host: SwitchHost): string[] => {
      const said = host.run('ovs-ofctl', '-O', version, 'dump-ports-desc', `unix:${host.folder}/br0.mgmt`);
      return said.stdout.replace(/addr:[0-9a-f:]{17}|xid=\w+/g, '').split('\n');
    };
    const [reference, ours] = hosts;
    await untilAlike(described, ours, reference);
    expect(String(described(reference))).toContain('current:    10GB-FD COPPER');
  });
});
