/** Programs that run to their end, and what they said. */
import { type ChildProcess, type SpawnSyncOptions, spawnSync } from 'node:child_process';
import type { Said } from './batch.ts';

export function runProgram(
  program: string,
  args: readonly string[],
  options: Omit<SpawnSyncOptions, 'encoding'> = {},
): Said {
  const { status, stdout, stderr } = spawnSync(program, args, { ...options, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Of one that was started while this process goes on: resolves when it has ended, or failed to start. */
export function saidBy(child: ChildProcess): Promise<Said> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
}
