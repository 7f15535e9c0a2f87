/** `dpif-netdev/pmd-perf-log-set`: which rounds of threads that poll are told in the log. */
import { Refused } from '../../base/errors.ts';
import { type Command, defineCommand } from '../../daemon/unixctl.ts';
import { type RoundLogSettings, roundLogSettings, setRoundLog } from '../../datapath/polling/round-log.ts';
import { asJson } from './common.ts';

const usage = '[-b before] [-a after] [-e|-ne] [-us usec] [-q qlen]';

export function roundLogCommand(): Command {
  return defineCommand({
    name: 'dpif-netdev/pmd-perf-log-set',
    usage: `on|off ${usage}`,
    minArgs: 0,
    maxArgs: 10,
    run(args) {
      const settings = setRoundLog(readSettings(args));
      return { text: '', json: asJson(settings) };
    },
  });
}

/** What is not said stays as it is. Throws Refused. */
function readSettings(args: readonly string[]): RoundLogSettings {
  const queue = [...args];
  const wanted: { -readonly [K in keyof RoundLogSettings]: RoundLogSettings[K] } = { ...roundLogSettings() };
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    switch (arg) {
      case 'on':
      case 'off':
        wanted.isOn = arg === 'on';
        break;
      case '-e':
      case '-ne':
        wanted.extends = arg === '-e';
        break;
      case '-b':
        wanted.before = readNumber(queue.shift());
        break;
      case '-a':
        wanted.after = readNumber(queue.shift());
        break;
      case '-us':
        wanted.longest = readNumber(queue.shift());
        break;
      case '-q':
        wanted.longestQueue = readNumber(queue.shift());
        break;
      default:
        throw misuse();
    }
  }
  return wanted;
}

/** Throws Refused. */
function readNumber(text = ''): number {
  const number = /^[ \t-\r]*\+?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number <= 0xffffffff) return number;
  throw misuse();
}

function misuse(): Refused {
  return new Refused('dpif', `Usage: ovs-appctl dpif-netdev/pmd-perf-log-set [on|off] ${usage}`);
}
