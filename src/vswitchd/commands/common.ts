/** What several commands need: finding what an argument names, answering later. */
import { Refused, VswitchError } from '../../base/errors.ts';
import type { CommandOutput, CommandReply } from '../../daemon/unixctl.ts';
import type { Backer } from '../../ofproto/backer.ts';
import type { LiveBridge } from '../live.ts';
import type { Switch } from '../switch.ts';

/** Throws Refused with `unknown` as the whole answer. */
export function bridgeNamed(
  aSwitch: Switch,
  name: string | undefined,
  unknown = 'no such bridge',
): LiveBridge {
  const bridge = name === undefined ? undefined : aSwitch.state.bridges.get(name);
  if (bridge === undefined) throw new Refused('bridge', unknown);
  return bridge;
}

/** The one named, or all, by name. */
export function bridgesNamed(aSwitch: Switch, name: string | undefined): LiveBridge[] {
  return name === undefined ? allBridges(aSwitch) : [bridgeNamed(aSwitch, name)];
}

export function allBridges(aSwitch: Switch): LiveBridge[] {
  return [...aSwitch.state.bridges.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** By datapath name. */
export function allBackers(aSwitch: Switch): Backer[] {
  return [...aSwitch.backers.values()].sort((a, b) => (a.datapath.name < b.datapath.name ? -1 : 1));
}

/** Flags that may stand anywhere among the arguments, and what is left. Throws Refused for an unknown flag. */
export function splitFlags<const F extends string>(
  args: readonly string[],
  known: readonly F[],
): { flags: ReadonlySet<F>; rest: string[] } {
  const flags = new Set<F>();
  const rest: string[] = [];
  for (const arg of args) {
    const flag = known.find((candidate) => candidate === arg);
    if (flag !== undefined) flags.add(flag);
    else if (arg.startsWith('-') && arg.length > 1)
      throw new Refused('usage', `unrecognized option '${arg}'`);
    else rest.push(arg);
  }
  return { flags, rest };
}

/** Answers when `output` is there. A bug in it is thrown on. */
export function answerLater(reply: CommandReply, output: Promise<CommandOutput>): undefined {
  output.then(
    (done) => reply.done(done),
    (why: unknown) => {
      if (!(why instanceof VswitchError)) throw why;
      reply.failed(why.message);
    },
  );
  return undefined;
}
