/**
 * Starting this program again in another role; see `daemon.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { signalText } from '../base/signals.ts';
import { exactCommand, processInput } from './process-bytes.ts';
import { Fatal } from './program.ts';

/** What a started process is to be; the user's own has no role. */
export type ProcessRole = 'monitor' | 'daemon';

export const roleVariable = 'OVS_TS_ROLE';

/** The pipe on which a started process says that it is ready. */
export const READY_FD = 3;

/** What a daemon that is started again finds of the one before. */
export const KEPT_FD = 4;

/** Waits for the new process to be ready and then exits; exits with its status when it fails. Throws Fatal. */
export function startAgain(role: ProcessRole, name: string): Promise<never> {
  return new Promise((_, reject) => {
    const child = spawnRole(role, true);
    whenReady(child, () => process.exit(0));
    child.on('exit', (code, signal) => {
      if (signal === null) process.exit(code === 0 || code === null ? 1 : code);
      reject(new Fatal(`${name} died before signaling startup (killed (${signalText(signal)}))`));
    });
  });
}

/** `keptFd` becomes the child's KEPT_FD. */
export function spawnRole(role: ProcessRole, isDetached: boolean, keptFd?: number): ChildProcess {
  const args = [...process.execArgv, process.argv[1] ?? '', ...processInput().args];
  return spawn(...exactCommand(process.execPath, args), {
    detached: isDetached,
    stdio: ['inherit', 'inherit', 'inherit', 'pipe', ...(keptFd === undefined ? [] : [keptFd])],
    env: { ...process.env, [roleVariable]: role },
  });
}

export function whenReady(child: ChildProcess, action: () => void): void {
  child.stdio[READY_FD]?.once('data', action);
  child.stdio[READY_FD]?.on('error', () => {}); // a child that dies early: its exit status says so
}
