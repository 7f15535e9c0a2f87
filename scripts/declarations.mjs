/**
 * Writes into dist/types the declarations that programs which import the package's libraries can reach, and no others:
 * those of src/ovsdb/index.ts and src/vswitchd/schema/index.ts, without what is marked internal.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const entries = ['ovsdb/index.d.ts', 'vswitchd/schema/index.d.ts'];
const specifiers = /((?:from|import\() ?['"])(\.[^'"]*)\.ts(['"])/g;

const emitted = mkdtempSync(join(tmpdir(), 'ovs-ts-types-'));
try {
  const tsc = `${root}node_modules/typescript/bin/tsc`;
  const args = [tsc, '-p', `${root}tsconfig.types.json`, '--outDir', emitted];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
  const out = `${root}dist/types`;
  rmSync(out, { recursive: true, force: true });
  const todo = entries.map((entry) => join(emitted, entry));
  for (const file of todo) {
    const text = readFileSync(file, 'utf8');
    for (const [, , specifier] of text.matchAll(specifiers)) {
      const next = join(dirname(file), `${specifier}.d.ts`);
      if (!todo.includes(next)) todo.push(next);
    }
    const target = join(out, relative(emitted, file));
    mkdirSync(dirname(target), { recursive: true });
    // Compilers before 5.7 know no imports of ".ts"
    writeFileSync(target, text.replace(specifiers, '$1$2.js$3'));
  }
} finally {
  rmSync(emitted, { recursive: true });
}
