/**
 * What a run of programs leaves on the machine: files in the temporary folder that it gets for itself, processes that
 * carry its mark in their environment, network namespaces and devices that were not there before.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename } from 'node:path';

const variable = 'OVS_TS_TEST_RUN';

export class Leftovers {
  #folder = mkdtempSync(`${tmpdir()}/ovs-ts-run-`);
  #namespaces = new Set(namespaces());
  #links = new Set(links());

  constructor() {
    chmodSync(this.#folder, 0o1777); // tests run programs as other users, too
  }

  /** The environment of what is to be watched. */
  get env() {
    return { ...process.env, TMPDIR: this.#folder, [variable]: basename(this.#folder) };
  }

  /** A line for each thing that is left; removes the files. */
  take() {
    const found = [
      ...readdirSync(this.#folder).map((name) => `file ${name} in the temporary folder`),
      ...processesOf(basename(this.#folder)).map((text) => `process ${text}`),
      ...namespaces()
        .filter((name) => !this.#namespaces.has(name) && !isOfAnother(name))
        .map((name) => `network namespace ${name}`),
      ...links()
        .filter((link) => !this.#links.has(link))
        .map((link) => `network device ${link}`),
    ];
    rmSync(this.#folder, { recursive: true, force: true });
    return found;
  }
}

/** "PID COMMAND LINE" of each process of that run. */
function processesOf(run) {
  const found = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const marks = textOf(`/proc/${pid}/environ`).split('\0');
    if (!marks.includes(`${variable}=${run}`)) continue;
    found.push(`${pid} ${textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()}`);
  }
  return found;
}

/** The tests name theirs after their process; another run's are still in use. */
function isOfAnother(name) {
  const [, pid] = /^ots-(\d+)-/.exec(name) ?? [];
  return pid === undefined || textOf(`/proc/${pid}/cmdline`) !== '';
}

function namespaces() {
  return ip('netns', 'list').map((line) => line.split(' ')[0] ?? '');
}

/** "INDEX: NAME" */
function links() {
  return ip('-oneline', 'link', 'show').map((line) => /^\d+: [^:@]+/.exec(line)?.[0] ?? line);
}

/** The lines that it prints; none where there is no such program. */
function ip(...args) {
  const { stdout } = spawnSync('ip', args, { encoding: 'utf8' });
  return (stdout ?? '').split('\n').filter(Boolean);
}

/** '' for what is not there, or no longer, or not ours to read. */
function textOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
