/**
 * The options --record and --replay of programs whose streams can be recorded and replayed. ovsdb-server(1), "Replay
 * Options".
 */
import { systemClock } from '../base/clock.ts';
import { defer } from '../base/defer.ts';
import { reasonOf } from '../base/errno.ts';
import { Timers } from '../base/timers.ts';
import { driveTimers } from '../base/timers-drive.ts';
import type { Uuid } from '../base/units.ts';
import { systemTransport, type Transport } from '../net/transport.ts';
import { Player } from '../rpc/replay/player.ts';
import { Recorder } from '../rpc/replay/recorder.ts';
import { type Recording, readRecordings } from '../rpc/replay/recording.ts';
import { inFolder } from './directories.ts';
import type { CommandLine, OptionDef } from './options.ts';
import { Fatal, type Program } from './program.ts';

export const replayOptions: readonly OptionDef[] = [
  { name: 'record', argument: 'optional', metavar: 'DIR' },
  { name: 'replay', argument: 'optional', metavar: 'DIR' },
];

export const replayHelp = `
Replay options:
  --record[=DIR]            turn on writing replay files
  --replay[=DIR]            run from replay files
`;

/** What a program takes its streams and its chance from. */
export interface Replay {
  readonly transport: Transport;
  /** The uuids of the recording, or those of `random`, which may be recorded. */
  uuids(random: () => Uuid): () => Uuid;
  /** What happens must not depend on time. */
  readonly isActive: boolean;
  /** Resolves when nothing more is to be replayed; never without a replay. */
  readonly ended: Promise<undefined>;
}

const none: Replay = {
  transport: systemTransport,
  uuids: (random) => random,
  isActive: false,
  ended: new Promise(() => {}),
};

/** Call it in the process that does the work: a recording has one writer. Throws Fatal. */
export function openReplay(line: CommandLine, program: Program): Replay {
  const use = line.options.findLast(({ key }) => key === 'record' || key === 'replay');
  if (use === undefined) return none;
  const folder = inFolder(program.directories.run, use.argument ?? '.');
  let recordings: readonly Recording[];
  try {
    if (use.key === 'record') return record(folder);
    recordings = readRecordings(folder);
  } catch (error) {
    throw new Fatal(`${folder}: cannot ${use.key} (${reasonOf(error)})`);
  }
  if (recordings.length === 0) throw new Fatal(`${folder}: cannot replay (no recording there)`);
  return play(recordings);
}

function record(folder: string): Replay {
  const recorder = new Recorder(folder);
  return { ...none, transport: recorder, uuids: (random) => recorder.uuids(random), isActive: true };
}

function play(recordings: readonly Recording[]): Replay {
  const timers = new Timers(systemClock);
  driveTimers(timers, true); // there are no sockets that would keep the process alive
  const player = new Player(recordings, { timers, defer });
  const { ended } = player;
  return { transport: player, uuids: (random) => player.uuids(random), isActive: true, ended };
}
