/** ovs-ofctl's commands that speak to a switch, ours beside the real one, with the real ovs-vswitchd. */
import { spawn } from 'node:child_process';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Said } from './support/batch.ts';
import { whyNoReference } from './support/daemon-pair.ts';
import { DummyHost } from './support/dummy-host.ts';
import { saidBy } from './support/run-program.ts';

const host = new DummyHost('reference');
const versions = ['OpenFlow10', 'OpenFlow13', 'OpenFlow14', 'OpenFlow15'];

async function run(program: string, args: readonly string[]): Promise<Said> {
  const { status, stdout, stderr } = await saidBy(spawn(program, args, { env: host.env }));
  return { status, stdout: plain(stdout), stderr: plain(stderr) };
}

/** Without what differs by chance. */
function plain(text: string): string {
  return host
    .plain(text)
    .replace(/\bduration=[\d.]+s/g, 'duration=Ns')
    .replace(/time=\d+\.\d ms/g, 'time=N ms')
    .replace('(Broken pipe)', '(Protocol error)'); // the switch may have gone before it is told
}

/** What both say, which must be the same. */
async function both(...args: readonly string[]): Promise<Said> {
  const reference = await run('/usr/bin/ovs-ofctl', args);
  const ours = await run(`${process.cwd()}/bin/ovs-ofctl`, args);
  expect(ours).toEqual(reference);
  return ours;
}

/** Says the same to whoever connects. */
async function speaker(name: string, says: string, ends: boolean): Promise<Server> {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => {});
    socket.write(Buffer.from(says, 'hex'));
    if (ends) socket.end();
  });
  await new Promise<void>((resolve) => server.listen(path.join(host.folder, name), resolve));
  return server;
}

describe.skipIf(whyNoReference() !== undefined)('ovs-ofctl beside the real one', () => {
  const servers: Server[] = [];
  beforeAll(async () => {
    await host.prepare();
    const ports = ['p1', 'p2', 'p3'].flatMap((name, n) => [
      ...['--', 'add-port', 'br0', name],
      ...['--', 'set', 'interface', name, 'type=dummy', `ofport_request=${n + 1}`],
    ]);
    const all = `protocols=[${['OpenFlow11', 'OpenFlow12', ...versions].join()}]`;
    const said = host.vsctl(
      ...['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=dummy', all],
      ...['other-config:datapath-id=0000000000001234', 'other-config:hwaddr=aa:55:aa:55:00:01'],
      ...ports,
      ...['--', 'add-br', 'old', '--', 'set', 'bridge', 'old', 'datapath_type=dummy'],
      ...['protocols=[OpenFlow10,OpenFlow12]'],
    );
    expect(said).toMatchObject({ status: 0 });
    servers.push(
      await speaker('silent-end.mgmt', '', true),
      await speaker('hello-end.mgmt', '0100000800000001', true),
      await speaker('echo-first.mgmt', '0102000800000001', false),
      await speaker('future.mgmt', '09000010000000010001000800000200', false),
    );
  }, 120_000);
  afterAll(async () => {
    for (const server of servers) server.close();
    await host[Symbol.asyncDispose]();
  });

  describe.each(versions)('with -O %s', (version) => {
    test.each([
      ['show', 'br0'],
      ['dump-desc', 'br0'],
      ['dump-tables', 'br0'],
      ['dump-ports', 'br0'],
      ['dump-ports', 'br0', '2'],
      ['dump-ports', 'br0', 'p3'],
      ['dump-ports', 'br0', 'LOCAL'],
      ['dump-ports', 'br0', '77'],
      ['dump-ports', 'br0', 'nobody'],
      ['dump-ports-desc', 'br0'],
      ['dump-ports-desc', 'br0', 'p2'],
      ['probe', 'br0'],
      ['ping', 'br0'],
      ['ping', 'br0', '0'],
      ['get-frags', 'br0'],
      ['-m', 'dump-desc', 'br0'],
      ['show', 'old'],
    ])('%s %s %s', async (...args) => {
      await both('-O', version, ...args);
    });

    test('set-frags, and back', async () => {
      for (const mode of ['drop', 'NX-match', 'reassemble', 'normal']) {
        await both('-O', version, 'set-frags', 'br0', mode);
        await both('-O', version, 'get-frags', 'br0');
      }
    });
  });

  test.each([
    ['probe', 'br9'],
    ['probe', 'unix:br0.mgmt'],
    ['probe', 'br0.mgmt'],
    ['probe', 'dummy@br0'],
    ['probe', 'unix:nobody'],
    ['probe', 'foo:bar'],
    ['probe', 'ptcp:1'],
    ['probe', 'tcp:127.0.0.1:1'],
    ['probe', '/etc/passwd'],
    ['probe', 'silent-end'],
    ['probe', 'hello-end'],
    ['probe', 'echo-first'],
    ['probe', 'future'],
    ['probe'],
    ['probe', 'br0', 'br1'],
    ['ping', 'br0', '70000'],
    ['set-frags', 'br0', 'sometimes'],
    ['-O', 'OpenFlow13', 'probe', 'old'],
    ['-O', 'OpenFlow11,OpenFlow13', 'probe', 'old'],
    ['-O', 'OpenFlow10,OpenFlow13', 'dump-desc', 'old'],
    ['-O', 'OpenFlow12', 'show', 'old'],
    ['-O', ',', 'dump-desc', 'br0'],
    ['-O', 'OpenFlow1.3', 'dump-desc', 'br0'],
    ['-O', 'OpenFlow19', 'probe', 'br0'],
    ['-O', 'OpenFlow10,1.3', 'probe', 'br0'],
    ['-t', '0', 'probe', 'br0'],
    ['-t', '9', 'probe', 'br0'],
  ])('%s %s %s %s', async (...args) => {
    await both(...args);
  });
});
