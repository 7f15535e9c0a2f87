import { beforeAll, describe, expect, test } from 'vitest';
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
        }, 300_000);

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
