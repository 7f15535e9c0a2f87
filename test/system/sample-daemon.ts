/** Builds test/fixtures/sample-daemon.ts as a program named `test-daemon`, in a folder of its own. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Returns the program's path inside `folder`. */
export async function buildSampleDaemon(folder: string): Promise<string> {
  const bundle = new URL('../../dist/sample-daemon.js', import.meta.url).pathname; // where imports find node_modules
  await build({
    entryPoints: [new URL('../fixtures/sample-daemon.ts', import.meta.url).pathname],
    outfile: bundle,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  });
  const program = join(folder, 'test-daemon');
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(program, `#!/usr/bin/env node\nimport ${JSON.stringify(bundle)};\n`);
  chmodSync(program, 0o755);
  return program;
}
