/** `npm run check`: everything that needs neither root nor Debian packages, in under a minute. */
import { spawn } from 'node:child_process';

const root = new URL('..', import.meta.url).pathname;
const bin = `${root}node_modules/.bin`;

/** Each row starts when those of the row before have passed. */
const steps = [
  [
    ['build', process.execPath, 'scripts/build.mjs'],
    ['format, lint and layers', `${bin}/biome`, 'ci', '--error-on-warnings', '--reporter=github', '.'],
    ['types', `${bin}/tsc`, '-p', '.'],
  ],
  [
    ['dead code', `${bin}/knip`],
    ['tests', `${bin}/vitest`, 'run'],
  ],
];

function run([name, command, ...args]) {
  const started = performance.now();
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(command, args, { cwd: root, env: { ...process.env, CI: 'true', NO_COLOR: '1' } });
    child.stdout.on('data', (d) => {
      output += d;
    });
    child.stderr.on('data', (d) => {
      output += d;
    });
    child.on('close', (status) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      if (status !== 0 || name === 'tests') process.stdout.write(output);
      process.stdout.write(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`);
      resolve(status === 0);
    });
  });
}

for (const row of steps) {
  const passed = await Promise.all(row.map(run));
  if (passed.includes(false)) process.exit(1);
}
