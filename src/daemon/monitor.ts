/**
 * The supervising process of `--monitor`: keeps one daemon process running and starts it again after a crash, at most
 * once in ten seconds.
 */
import { systemClock } from '../base/clock.ts';
import { writeFileSync } from '../base/files.ts';
import { logger, logRegistry } from '../base/log.ts';
import { crashSignals, signalText } from '../base/signals.ts';
import { Timers } from '../base/timers.ts';
import { driveTimers } from '../base/timers-drive.ts';
import { type Ms, ms } from '../base/units.ts';
import { MemoryFile } from './memory-file.ts';
import { spawnRole, whenReady } from './respawn.ts';

const RESTART_INTERVAL = 10_000;

const log = logger('daemon_unix');

/** How a child ended, in the reference's words: "killed (Segmentation fault)", "exit status 1". */
export function endText(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exit status ${code}` : `killed (${signalText(signal)})`;
}

/** When the next start may be: at once, or when ten seconds have passed since the last one. */
export function nextStart(lastStart: Ms, now: Ms): Ms {
  return ms(Math.max(now, lastStart + RESTART_INTERVAL));
}

export interface SuperviseOptions {
  readonly name: string;
  /** The first daemon process is ready. */
  readonly afterFirstStart: () => void;
  /** Hands on what a daemon keeps to the one that follows it. */
  readonly keepsState: boolean;
}

/** Never settles: the process ends with the daemon. Throws SyscallFailed. */
export function supervise(options: SuperviseOptions): Promise<never> {
  const timers = new Timers(systemClock);
  driveTimers(timers, true);
  logRegistry.setSubprogram('monitor');
  const kept = options.keepsState ? MemoryFile.create() : undefined;
  let crashCount = 0;
  let lastRestart = ms(Number.NEGATIVE_INFINITY);
  let isStarted = false;
  let status = 'healthy';

  const start = (): void => {
    const child = spawnRole('daemon', false, kept?.fd);
    nameProcess(`${options.name}: monitoring pid ${child.pid} (${status})`);
    whenReady(child, () => {
      if (isStarted) return;
      isStarted = true;
      options.afterFirstStart();
    });
    child.on('exit', (code, signal) => ended(child.pid ?? 0, code, signal));
  };

  const ended = (pid: number, code: number | null, signal: NodeJS.Signals | null): void => {
    const how = `pid ${pid} died, ${endText(code, signal)}`;
    if (!isStarted) process.exit(code === null || code === 0 ? 1 : code);
    if (signal === null || !crashSignals.has(signal)) {
      log.info(`${how}, exiting`);
      process.exit(0);
    }
    crashCount++;
    status = `${crashCount} crashes: ${how}`;
    const now = timers.clock.now();
    const due = nextStart(lastRestart, now);
    if (due > now) log.warn(`${status}, waiting until 10 seconds since last restart`);
    timers.at(due, () => {
      log.err(`${status}, restarting`);
      lastRestart = timers.clock.now();
      start();
    });
  };

  start();
  return new Promise(() => {});
}

/** What `ps` shows: the arguments and, as the reference, the short name "monitor". */
function nameProcess(title: string): void {
  process.title = title;
  try {
    writeFileSync('/proc/self/comm', 'monitor');
  } catch {
    // only a name
  }
}
