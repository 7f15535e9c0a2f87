import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const biome = resolve('node_modules/.bin/biome');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ovs-ts-layers-'));
  copyFileSync('biome.json', join(folder, 'biome.json'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Lints `source` as the file `path` of a project with our rules and nothing else. */
function lint(path: string, source: string): { status: number | null; output: string } {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), source);
  const run = spawnSync(biome, ['lint', '--vcs-enabled=false', path], { cwd: folder, encoding: 'utf8' });
  return { status: run.status, output: run.stdout + run.stderr };
}

const planted: [what: string, path: string, source: string, said: string][] = [
  [
    'an upward import',
    'src/base/x.ts',
    "import { Database } from '../ovsdb/engine/database.ts';\nexport const x = Database;\n",
    'src/base may import only',
  ],
  [
    'a type import upwards',
    'src/ofproto/x.ts',
    "import type { Row } from '../ovsdb/schema-types.ts';\nexport type X = Row<never>;\n",
    'src/ofproto may import only',
  ],
  [
    'a stream that knows messages',
    'src/net/x.ts',
    "import type { Channel } from '../rpc/channel.ts';\nexport type X = Channel;\n",
    'src/net may import only',
  ],
  [
    'a message that knows the kernel',
    'src/rpc/x.ts',
    "import { closeFd } from '../sys/calls/fd.ts';\nexport const x = closeFd;\n",
    'src/rpc may import only',
  ],
  [
    'a device that knows streams',
    'src/netdev/x.ts',
    "import { connectStream } from '../net/stream.ts';\nexport const x = connectStream;\n",
    'src/netdev may import only',
  ],
  [
    'a protocol that knows packets as the switch does',
    'src/protocols/x.ts',
    "import { ethSrc } from '../flow/mac.ts';\nexport const x = ethSrc;\n",
    'src/protocols may import only',
  ],
  [
    'koffi outside src/sys',
    'src/netdev/x.ts',
    "import koffi from 'koffi';\nexport const x = koffi;\n",
    'only src/sys talks to the kernel',
  ],
  [
    'real time outside src/base',
    'src/ofproto/x.ts',
    'export const x = (): number => Date.now();\n',
    'take a Clock',
  ],
  ['any', 'src/base/x.ts', 'export const x = (y: any): number => y;\n', 'noExplicitAny'],
];

describe('the import rules', () => {
  it.each(planted)('refuse %s', (_what, path, source, said) => {
    const { status, output } = lint(path, source);
    expect(output).toContain(said);
    expect(status).not.toBe(0);
  });

  it.each([
    ['src/ofproto/x.ts', "import { ms } from '../base/units.ts';\nexport const x = ms(1);\n"],
    ['src/openflow/x.ts', "import type { Stream } from '../net/stream.ts';\nexport type X = Stream;\n"],
  ])('let a downward import of %s pass', (path, source) => {
    const { output } = lint(path, source);
    expect(output).not.toContain('noRestrictedImports');
  });
});
