import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RealServer, schemaFile, whyNoServer } from './real-server.ts';
import type { Said } from './support/batch.ts';
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
          const [real, own] = await Promise.all(
            servers.map(async (server, n) => {
              const program = n === 0 ? 'ovs-vsctl' : ours;
              const said = await server.runAll(
                lines.map((line) => [program, '--no-wait', ...splitWords(line)]),
              );
              return said.map((each) => comparable(each, server.folder));
            }),
          );
          for (const [n, line] of lines.entries())
            runs.push({ line, real: real?.[n] ?? '', own: own?.[n] ?? '' });
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

describe.skipIf(reason !== undefined)(
  'a change is noted in the log of the database as the reference notes it',
  () => {
    /** Of the changes that a shell makes where "ovs-vsctl" and a link to it are in the folder "bin". */
    async function comments(program: string, script: string): Promise<string[]> {
      const server = await RealServer.start();
      try {
        mkdirSync(`${server.folder}/bin`);
        for (const name of ['ovs-vsctl', 'link']) symlinkSync(program, `${server.folder}/bin/${name}`);
        const { stderr } = server.run('bash', [
          '-c',
          `cd ${server.folder}; PATH=$PWD/bin:$PATH\nbin/ovs-vsctl --no-wait init\n${script}`,
        ]);
        expect(stderr).toBe('');
        const records = readFileSync(`${server.folder}/conf.db`, 'utf8').split('\n');
        return records
          .filter((record) => record.includes('"_comment"'))
          .map((record) => JSON.parse(record)._comment.replaceAll(server.folder, 'FOLDER'));
      } finally {
        server.stop();
      }
    }

    const setting = '--no-wait set open . external_ids:x';
    test.each([
      ['by name', `ovs-vsctl ${setting}=1`],
      [
        'by path',
        `bin/ovs-vsctl ${setting}=1; ./bin/ovs-vsctl ${setting}=2; cd bin; ./ovs-vsctl ${setting}=3`,
      ],
      ['by a link', `link ${setting}=1; bin/link ${setting}=2; "$PWD/bin/../bin/link" ${setting}=3`],
      ['with options', `ovs-vsctl --db=unix:$PWD/db.sock --timeout=60 -voff ${setting}=1`],
      ['with --', 'ovs-vsctl --no-wait -- add-br br0 -- --id=@q create QoS type=x -- comment "a  b" >out'],
      [
        'with spaces and quotes',
        String.raw`ovs-vsctl ${setting}='"a b	c"' "external_ids:y='q'" 'external_ids:z="\"\\"'`,
      ],
      ['with what a shell knows', `ovs-vsctl ${setting}='"$HOME;*?[a]{b}&|<>()#~"' 'external_ids:e=""'`],
      ['beyond ASCII', String.raw`ovs-vsctl ${setting}='"äöü€😀"' $'external_ids:c="\001\033\177"'`],
      ['with several lines', `ovs-vsctl ${setting}='"new\nline"'`],
      ['with long arguments', `ovs-vsctl ${setting}=$(printf 'x%.0s' {1..60000})`],
      [
        'by another program',
        `echo ${setting}=1 | xargs ovs-vsctl; find bin -name link -exec {} ${setting}=2 ';'`,
      ],
      ['from a shell', `sh -c 'ovs-vsctl ${setting}=1; true'`],
    ])('called %s', async (_, script) => {
      const [theirs, mine] = [await comments('/usr/bin/ovs-vsctl', script), await comments(ours, script)];
      expect(mine).toEqual(theirs);
      expect(theirs.length).toBeGreaterThan(1);
    });
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

describe.skipIf(reason !== undefined)('with a server of another version', () => {
  test('a value that its column cannot hold here counts as never written', async () => {
    const schema = JSON.parse(readFileSync(schemaFile, 'utf8'));
    schema.tables.Port.columns.tag.type.key.maxInteger = 9000;
    schema.tables.Port.columns.lacp.type = 'boolean';
    delete schema.tables.Bridge.columns.fail_mode.type.key.enum;
    const folder = mkdtempSync(`${tmpdir()}/ovs-ts-schema-`);
    writeFileSync(`${folder}/other.ovsschema`, JSON.stringify(schema));
    spawnSync('ovsdb-tool', ['create', `${folder}/other.db`, `${folder}/other.ovsschema`]);
    const server = await RealServer.start(`${folder}/other.db`);
    try {
      server.run(ours, ['--no-wait', 'add-br', 'br0']);
      const update = (table: string, row: object) => ({ op: 'update', table, where: [], row });
      const changes = [
        update('Port', { tag: 5000, lacp: true }),
        update('Bridge', { fail_mode: 'odd', other_config: ['map', [['a', 'b']]] }),
      ];
      expect(
        server.run('ovsdb-client', ['transact', JSON.stringify(['Open_vSwitch', ...changes])]).stdout,
      ).toBe('[{"count":1},{"count":1}]\n');
      for (const line of [
        'get port br0 tag',
        '--columns=fail_mode,other_config list bridge',
        'set port br0 lacp=off',
      ]) {
        const [theirs, mine] = ['ovs-vsctl', ours].map((program) =>
          comparable(server.run(program, ['--no-wait', ...splitWords(line)]), server.folder),
        );
        expect(mine, line).toBe(theirs);
      }
    } finally {
      server.stop();
      rmSync(folder, { recursive: true });
    }
  });
});

test('the chapters hold at least 200 lines', () => {
  expect(Object.values(chapters).join('').trim().split('\n').length).toBeGreaterThanOrEqual(200);
});

/** All that a run shows, without what differs by chance: uuids, folders, times and the order of rows. */
function comparable({ stdout, stderr, status }: Said, folder: string): string {
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
