/**
 * `npm test`, after installing and building: the checks, then the tests of the package, and the system tests with the
 * real tools where this is root, and last what could not run and why, and what the tests left behind, which is a failure. Ends with one line
 * that counts all tests.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Leftovers } from './leftovers.mjs';
import { installPackages } from './packages.mjs';

const root = new URL('..', import.meta.url).pathname;
const reports = mkdtempSync(`${tmpdir()}/ovs-ts-test-`);
const totals = { passed: 0, failed: 0, skipped: 0 };
const notRun = [];
const leftovers = new Leftovers();

function run(args, report) {
  const env = { ...leftovers.env, ...(report !== undefined && { VITEST_JSON: `${reports}/${report}` }) };
  return (
    spawnSync(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] }).status ===
    0
  );
}

function count(report) {
  let result;
  try {
    result = JSON.parse(readFileSync(`${reports}/${report}`, 'utf8'));
  } catch {
    totals.failed++; // the runner ended without a report
    return;
  }
  totals.passed += result.numPassedTests;
  totals.failed += result.numFailedTests + (result.numFailedTests === 0 && !result.success ? 1 : 0);
  totals.skipped += result.numPendingTests;
}

let isGreen = run(['scripts/check.mjs'], 'check.json');
count('check.json');

/** Why the system tests cannot be run here; undefined where they can. */
function findObstacle() {
  if (process.getuid() !== 0)
    return 'they make network namespaces and devices, which needs root. Run: sudo npm test';
  const missing = installPackages();
  return missing.length > 0
    ? `missing Debian packages, install them: apt-get install ${missing.join(' ')}`
    : undefined;
}

const obstacle = findObstacle();
if (obstacle !== undefined) notRun.push(`system tests (test/system): ${obstacle}`);
const tests = obstacle === undefined ? [] : ['test/package'];
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.system.config.ts'];
isGreen = run([...vitest, ...tests], 'system.json') && isGreen;
count('system.json');

rmSync(reports, { recursive: true });
const left = leftovers.take();
if (left.length > 0) totals.failed++;
for (const what of left) process.stdout.write(`left behind: ${what}\n`);
for (const reason of notRun) process.stdout.write(`not run: ${reason}\n`);
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
process.exit(isGreen && totals.failed === 0 ? 0 : 1);
