/** Many programs one after the other in one shell: starting each from a test takes as long as most of them run. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeText, encodeText } from '../../../src/base/text.ts';

/** How a program ended and what it said: text of any bytes (src/base/text.ts). */
export interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** For a shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Resolves with what each said, in their order. */
export async function runBatch(
  commands: readonly (readonly string[])[],
  env: NodeJS.ProcessEnv,
): Promise<Said[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ovs-ts-batch-'));
  const file = (n: number, what: string): string => join(folder, `${n}.${what}`);
  const lines = commands.map((words, n) => {
    const run = words.map(quoted).join(' ');
    return `${run} >${file(n, 'out')} 2>${file(n, 'err')} </dev/null; echo $? >${file(n, 'status')}\n`;
  });
  const shell = spawn('sh', { env, stdio: ['pipe', 'ignore', 'ignore'] });
  shell.stdin.end(encodeText(lines.join('')));
  await new Promise((resolve) => shell.on('close', resolve));
  const read = (n: number, what: string): string => decodeText(readFileSync(file(n, what)));
  const said = commands.map((_, n) => ({
    status: Number(read(n, 'status')),
    stdout: read(n, 'out'),
    stderr: read(n, 'err'),
  }));
  rmSync(folder, { recursive: true });
  return said;
}
