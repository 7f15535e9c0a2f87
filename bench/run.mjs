/**
 * `npm run bench [-- --keep | --against DIR] [NAME ...]`: runs bench/NAME.bench.ts one after the other, says on standard error what it
 * measures and how far it is, and prints their tables. Those of all benches, or of some with --keep, take the place of
 * the ones that bench/README.md has. With --against, another checkout of this project, built, stands in the place of the
 * real Open vSwitch, so that a change is measured beside what was before it.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { missingPackages } from '../scripts/packages.mjs';

const root = new URL('..', import.meta.url).pathname;
const { values: options, positionals: wanted } = parseArgs({
  options: { keep: { type: 'boolean' }, against: { type: 'string' } },
  allowPositionals: true,
});
if (options.against !== undefined) {
  process.env.BENCH_AGAINST = resolve(options.against);
  if (options.keep || wanted.length === 0)
    fail('--against names the benches to run, and their tables are not kept');
}
process.chdir(root);
const names = readdirSync('bench')
  .filter((f) => f.endsWith('.bench.ts'))
  .map((f) => f.replace('.bench.ts', ''));
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) fail(`no bench is called ${unknown.join(', ')}; there are: ${names.join(', ')}`);
const chosen = wanted.length === 0 ? names : wanted;
// Below the project, so that the bundles find its packages; not in dist/, which a build replaces.
const outdir = mkdtempSync(`${root}node_modules/.bench-`);
const machine = `${os.cpus()[0]?.model.trim()}, ${os.cpus().length} cores, Linux ${os.release()}, Node ${process.versions.node}`;
const date = new Date().toISOString().slice(0, 10);
/** What was measured now, by the name of the bench. */
const sections = new Map();

const missing = missingPackages();
if (missing.length > 0)
  process.stdout.write(`missing, so parts cannot run: apt-get install ${missing.join(' ')}\n`);
try {
  await build({
    entryPoints: [...chosen.map((name) => `bench/${name}.bench.ts`), 'bench/support/report.ts'],
    outdir,
    outbase: 'bench',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  });
  const { measure, table } = await import(pathToFileURL(`${outdir}/support/report.mjs`).href);
  for (const [at, name] of chosen.entries()) {
    const { bench } = await import(pathToFileURL(`${outdir}/${name}.bench.mjs`).href);
    process.stdout.write(`\n## ${bench.question}\n`);
    const why = bench.missing?.();
    const place = `bench ${at + 1} of ${chosen.length}, ${name}`;
    const text = why === undefined ? table(await measure(bench, place)) : `not run: ${why}`;
    process.stdout.write(`\n${text}\n`);
    sections.set(name, `## ${bench.question}\n\n${text}\n\n${date}; ${machine}; \`npm run bench ${name}\`\n`);
  }
} finally {
  rmSync(outdir, { recursive: true });
}

if (wanted.length === 0 || options.keep) {
  const file = 'bench/README.md';
  const marker = '<!-- results -->\n\n';
  const [head = '', kept = ''] = readFileSync(file, 'utf8').split(marker);
  for (const section of kept.split(/^(?=## )/m)) {
    const name = /`npm run bench (\S+)`/.exec(section)?.[1] ?? '';
    if (names.includes(name) && !sections.has(name)) sections.set(name, section.trimEnd().concat('\n'));
  }
  const all = names.flatMap((name) => sections.get(name) ?? []);
  writeFileSync(file, `${head}${marker}${all.join('\n')}`);
}
process.exit(0);

function fail(why) {
  process.stderr.write(`bench: ${why}\n`);
  process.exit(1);
}
