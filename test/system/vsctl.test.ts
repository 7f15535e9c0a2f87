import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RealServer, type ToolRun, whyNoServer } from './real-server.ts';
import { splitWords } from './support/words.ts';
import { chapters } from './vsctl-lines.ts';

const ours = new URL('../../bin/ovs-vsctl', import.meta.url).pathname;
const reason = whyNoServer();

describe.skipIf(reason !== undefined)(
  `ovs-vsctl is like the reference's${reason === undefined ? '' : ` (${reason})`}`,
  () => {
    for (const [chapter, text] of Object.entries(chapters)) {
      const lines = text
        .trim()
        .split('\n')
        .map((line) => line.trim());
      describe(chapter, () => {
        const runs: { line: string; real: string; own: string }[] = [];
        let dumps: string[] = [];

        beforeAll(async () => {
          const servers = [await RealServer.start(), await RealServer.start()] as const;
          for (const line of lines) {
            const args = ['--no-wait', ...splitWords(line)];
            const real = comparable(servers[0].run('ovs-vsctl', args), servers[0].folder);
            const own = comparable(servers[1].run(ours, args), servers[1].folder);
            runs.push({ line, real, own });
          }
          dumps = servers.map((server) => contents(server));
          for (const server of servers) server.stop();
        });

        test.each(lines.map((line, i) => [i, line] as const))('%i: %s', (i) => {
          expect(runs[i]?.own).toBe(runs[i]?.real);
        });

        test('leaves the same content behind', () => {
          expect(dumps[1]).toBe(dumps[0]);
        });
      });
    }
  },
);

test.skipIf(reason !== undefined)(
  'a change is noted in the log of the database as the reference notes it',
  async () => {
    const server = await RealServer.start();
    try {
      for (const program of ['ovs-vsctl', ours]) {
        server.run(program, [
          '--no-wait',
          'add-br',
          'a b',
          '--',
          'set',
          'bridge',
          'a b',
          'other_config:x="\\"y\\""',
        ]);
        server.run(program, ['--no-wait', 'del-br', 'a b']);
      }
      const { stdout } = server.run('ovsdb-tool', ['show-log', `${server.folder}/conf.db`]);
      const comments = [...stdout.matchAll(/"(ovs-vsctl .*)"$/gm)].map(([, comment]) => comment);
      expect(comments).toHaveLength(4);
      expect(comments.slice(2)).toEqual(comments.slice(0, 2));
    } finally {
      server.stop();
    }
  },
);

describe.skipIf(reason !== undefined)('what no command makes, but the database can hold', () => {
  let server: RealServer;
  beforeAll(async () => {
    server = await RealServer.start();
  });
  afterAll(() => server.stop());

  /** Makes the content anew, and has both say the same about it. */
  function expectAlike(content: string, lines: readonly string[], warning: RegExp): void {
    expect(
      server.run('ovs-vsctl', ['--no-wait', 'emer-reset', '--', ...splitWords(content)]).stderr,
    ).not.toContain('ovs-vsctl:');
    for (const line of lines) {
      const [theirs, mine] = ['ovs-vsctl', ours].map((program) => {
        const run = server.run(program, ['--no-wait', ...splitWords(line)]);
        return comparable(run, server.folder);
      });
      expect(mine, line).toBe(theirs);
      expect(mine, line).toMatch(warning);
    }
    server.run('ovs-vsctl', ['--no-wait', '--', 'clear', 'open', '.', 'bridges']);
  }

  test('a port in several bridges is in the first, and both warn of it', () => {
    expectAlike(
      'add-br br0 -- add-br br1 -- add-br br2 -- add-port br0 p -- --id=@p get port p -- add bridge br1 ports @p -- add bridge br2 ports @p',
      [
        'list-ports br0',
        'list-ports br1',
        'list-ports br2',
        'list-ifaces br0',
        'list-ifaces br1',
        'port-to-br p',
        'iface-to-br p',
        'add-port br0 p',
        '--may-exist add-port br0 p',
        '--may-exist add-port br1 p',
      ],
      /vsctl\|WARN\|p: port is in multiple bridges \(br\d and br\d\)/,
    );
  });

  test('an interface in several ports is in the first, and both warn of it', () => {
    expectAlike(
      'add-br br0 -- add-br br1 -- add-port br0 p -- add-port br1 q -- --id=@i get interface p -- add port q interfaces @i',
      ['list-ifaces br0', 'list-ifaces br1', 'iface-to-br p'],
      /vsctl\|WARN\|p: interface is in multiple ports \([pq] and [pq]\)/,
    );
  });

  test('a VLAN bridge hides a bridge of its name when it comes first, and both warn of it', () => {
    const change = (line: string) => {
      const { stdout, stderr } = server.run('ovs-vsctl', ['--no-wait', ...splitWords(line)]);
      expect(stderr).toBe('');
      return stdout.trim();
    };
    const make = (name: string) => change(`--id=@b create bridge name=${name} -- add open . bridges @b`);
    const own = make('x');
    // the uuids decide which comes first: others are made until there are some before it and some after
    const others: string[] = [];
    while (!others.some((id) => id < own) || !others.some((id) => id > own))
      others.push(make(`b${others.length}`));
    for (const parent of [others.find((id) => id < own), others.find((id) => id > own)]) {
      const columns = 'interfaces=@i fake_bridge=true tag=7';
      change(
        `--id=@i create interface name=x type=internal -- --id=@p create port name=x ${columns} -- add bridge ${parent} ports @p`,
      );
      for (const line of [
        'br-to-vlan x',
        'br-to-parent x',
        'br-exists x',
        'list-br',
        '--real list-br',
        '--fake list-br',
      ]) {
        const [theirs, mine] = ['ovs-vsctl', ours].map((program) =>
          comparable(server.run(program, ['--no-wait', ...splitWords(line)]), server.folder),
        );
        expect(mine, line).toBe(theirs);
      }
      change(`clear bridge ${parent} ports`);
    }
  });
});

test('the chapters hold at least 200 lines', () => {
  expect(Object.values(chapters).join('').trim().split('\n').length).toBeGreaterThanOrEqual(200);
});

/** All that a run shows, without what differs by chance: uuids, folders, times and the order of rows. */
function comparable({ stdout, stderr, status }: ToolRun, folder: string): string {
  const mask = (text: string) =>
    text
      .replaceAll(folder, 'FOLDER')
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
      .replace(/#UUID">[0-9a-f]{8}</g, '#UUID">UUID<')
      .replace(/name="UUID">[0-9a-f]{8}</g, 'name="UUID">UUID<')
      .replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\|\d+\|/gm, 'TIME|');
  const errors = mask(stderr)
    .split('\n')
    .filter((line) => !/^TIME\|[^|]*\|(DBG|INFO)\|/.test(line));
  return [`status ${status}`, sortedParts(mask(stdout)), ...errors].join('\n');
}

/** Rows come in the order of their uuids, which are chance. */
function sortedParts(text: string): string {
  if (/^ {4}Bridge /m.test(text)) return text.split('\n').sort().join('\n');
  if (!text.includes('\n\n')) return text;
  const parts = text.split('\n\n').map((part) => part.trim());
  return parts.sort().join('\n\n');
}

function contents(server: RealServer): string {
  const { stdout } = server.run('ovsdb-client', ['-f', 'list', 'dump', 'Open_vSwitch']);
  return comparable({ stdout, stderr: '', status: 0 }, server.folder);
}
