/**
 * What `npm start` and `npm test` do first: install the locked dependencies and build, each only when
 * something changed since. Needs nothing but Node and npm.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const root = new URL('..', import.meta.url).pathname;
const installedMark = `${root}node_modules/.installed-from`;
const builtMark = `${root}dist/.built-from`;

/** Changes when a source file, or what builds it, changes. */
export function sourcesHash() {
  const hash = createHash('sha256');
  const files = readdirSync(`${root}src`, { recursive: true })
    .filter((f) => f.endsWith('.ts'))
    .sort();
  for (const file of [...files.map((f) => `src/${f}`), 'package.json', 'scripts/build.mjs']) {
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(root + file));
  }
  return hash.digest('hex');
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function run(what, command, ...args) {
  process.stderr.write(`${what} ...\n`);
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (done.status !== 0) {
    process.stderr.write(
      `${what} failed: '${command} ${args.join(' ')}' ended with ${done.status ?? done.error}\n`,
    );
    process.exit(1);
  }
}

/** Ends with what to do when this user may not write what is to be made now. */
function requireWritable(what) {
  try {
    accessSync(root, constants.W_OK);
  } catch {
    process.stderr.write(`${root}: you may not write there, but ${what}; as its owner, run: npm run build\n`);
    process.exit(1);
  }
}

/** Brings node_modules/ and dist/ up to date. */
export function prepare() {
  const lock = createHash('sha256')
    .update(readFileSync(`${root}package-lock.json`))
    .digest('hex');
  if (read(installedMark) !== lock) {
    requireWritable('the dependencies are not installed');
    run('installing locked dependencies', 'npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error');
    writeFileSync(installedMark, lock);
  }
  if (read(builtMark) !== sourcesHash()) {
    requireWritable('it is not built');
    run('building', process.execPath, 'scripts/build.mjs');
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) prepare();
