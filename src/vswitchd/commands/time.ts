/** `time/stop` and `time/warp`: with --enable-dummy, a test moves the daemon's clock. */
import { Refused } from '../../base/errors.ts';
import type { Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { type Command, defineCommand, told } from '../../daemon/unixctl.ts';
import type { MainLoop } from '../main-loop.ts';
import type { WarpClock } from '../warp-clock.ts';

export function timeCommands(clock: WarpClock, timers: Timers, loop: MainLoop): Command[] {
  return [
    defineCommand({
      name: 'time/stop',
      usage: '',
      minArgs: 0,
      maxArgs: 0,
      run() {
        clock.stop();
        return '';
      },
    }),
    defineCommand({
      name: 'time/warp',
      usage: '[large_msecs] msecs',
      minArgs: 1,
      maxArgs: 2,
      run([first, second], reply) {
        const step = readMilliseconds(second ?? first);
        const total = second === undefined ? step : readMilliseconds(first);
        walk(clock, timers, loop, { total, step }, () => reply.done(told('warped')));
        return undefined;
      },
    }),
  ];
}

/** Steps of `step` until `total` is done, with a turn of the loop and of the event queue after each. */
function walk(
  clock: WarpClock,
  timers: Timers,
  loop: MainLoop,
  { total, step }: { total: number; step: number },
  done: () => void,
): void {
  clock.warp(timers, ms(Math.min(step, total)));
  loop.afterTurn(() => {
    if (total > step) walk(clock, timers, loop, { total: total - step, step }, done);
    else done();
  });
}

function readMilliseconds(text: string | undefined): number {
  if (text === undefined || !/^[0-9]{1,12}$/.test(text) || Number(text) < 1)
    throw new Refused('time', 'invalid MSECS');
  return Number(text);
}
