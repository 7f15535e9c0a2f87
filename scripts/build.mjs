/**
 * Bundles every program under src/programs, and the library, into dist/. A tool is one file, since it is started for
 * each command and every further file takes Node half a millisecond; what runs on and the library share chunks.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { keepCode } from './code.mjs';
import { sourcesHash } from './prepare.mjs';

const root = new URL('..', import.meta.url).pathname;
process.chdir(root);
rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');

const longRunning = new Set(['ovs-vswitchd', 'ovsdb-server', 'ovs-testcontroller', 'userspace-worker']);
const programs = readdirSync('src/programs')
  .filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts'))
  .map((f) => f.replace('.ts', ''));
const entry = (out) => ({ in: `src/programs/${out}.ts`, out });

function bundle(entryPoints, options) {
  return build({
    entryPoints,
    ...options,
    outdir: 'dist',
    bundle: true,
    platform: 'node',
    target: 'node20',
    packages: 'external',
    chunkNames: 'chunk-[hash]',
    logLevel: 'warning',
  });
}

const libraries = [
  { in: 'src/ovsdb/index.ts', out: 'ovsdb' }, // `ovs-ts/ovsdb`
  { in: 'src/openflow/index.ts', out: 'openflow' }, // `ovs-ts/openflow`
  { in: 'src/vswitchd/schema/index.ts', out: 'open-vswitch' }, // `ovs-ts/open-vswitch`
  { in: 'src/testing/index.ts', out: 'testing' }, // `ovs-ts/testing`
];
await bundle([...programs.filter((name) => longRunning.has(name)).map(entry), ...libraries], {
  format: 'esm',
  splitting: true,
});
const tools = programs.filter((name) => !longRunning.has(name));
await bundle(tools.map(entry), {
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  supported: { 'dynamic-import': false }, // code that V8 made before forgets how modules are imported
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: 'const moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
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
await Promise.all(tools.map(keepCode));
writeFileSync('dist/.built-from', sourcesHash());
