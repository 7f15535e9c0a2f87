/** What several commands need: finding what an argument names, answering later. */
import { Refused, VswitchError } from '../../base/errors.ts';
import { compareBytes } from '../../base/text.ts';
import type { CommandOutput, CommandReply } from '../../daemon/unixctl.ts';
import type { Backer } from '../../ofproto/backer.ts';
import type { Json } from '../../rpc/channel.ts';
import type { LiveBridge } from '../reconcile/live.ts';
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
  return [...aSwitch.state.bridges.values()].sort((a, b) => compareBytes(a.name, b.name));
}

/** By datapath name. */
export function allBackers(aSwitch: Switch): Backer[] {
  return [...aSwitch.backers.values()].sort((a, b) => compareBytes(a.datapath.name, b.datapath.name));
}

/** Values of views are plain already but for maps, which become objects; what is undefined is left out. */
export function asJson(value: object): Json {
  return JSON.parse(
    JSON.stringify(value, (_key, inner: unknown) =>
      inner instanceof Map ? Object.fromEntries(inner) : inner,
    ),
  );
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
