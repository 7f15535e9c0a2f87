/** Bundles every program under src/programs, and the library, into dist/: one file each plus shared chunks. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { sourcesHash } from './prepare.mjs';

const root = new URL('..', import.meta.url).pathname;
process.chdir(root);
rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');

const programs = readdirSync('src/programs').filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts'));
await build({
  entryPoints: [
    ...programs.map((f) => ({ in: `src/programs/${f}`, out: f.replace('.ts', '') })),
    { in: 'src/ovsdb/index.ts', out: 'ovsdb' }, // the library `ovs-ts/ovsdb`
  ],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: 'linked',
  chunkNames: 'chunk-[hash]',
  logLevel: 'warning',
});

// The schema as a file, for the tools that create and convert databases
const published = await build({
  stdin: {
    contents: `import { schemaToJson } from './src/ovsdb/schema-types.ts';
      import { openVswitch } from './src/vswitchd/schema/index.ts';
      export const text = JSON.stringify(schemaToJson(openVswitch), undefined, 1);`,
    resolveDir: root,
    loader: 'ts',
  },
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'node',
});
const { text } = await import(
  `data:text/javascript;base64,${Buffer.from(published.outputFiles[0].contents).toString('base64')}`
);
writeFileSync('dist/vswitch.ovsschema', `${text}\n`);
writeFileSync('dist/.built-from', sourcesHash());
