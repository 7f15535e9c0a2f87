/**
 * `dpctl/normalize-actions`: actions in an order that two lists with the same effect share. What is done to packets with
 * the same tags stands together, and outputs that follow each other are sorted by port.
 */
import { errnos } from '../../../base/errno.ts';
import { Malformed } from '../../../base/errors.ts';
import type { DpAction } from '../../../datapath/actions.ts';
import { formatDpActions, readDpActions } from '../../../datapath/text/actions.ts';
import { formatKey, readKey } from '../../../datapath/text/key.ts';
import { getSlot } from '../../../flow/key.ts';
import { tagsOf } from '../../../ofproto/translate/vlan-tags.ts';
import { etherType, isMplsType } from '../../../wire/ethernet.ts';
import { type DpctlAnswer, type DpctlCommand, type DpctlFlags, failure } from './request.ts';

export const normalizeCommand: DpctlCommand = {
  name: 'normalize-actions',
  usage: 'actions',
  minArgs: 2,
  maxArgs: Number.POSITIVE_INFINITY,
  run: ([flow = '', actions = '', ...names], flags, answer) =>
    normalize({ flow, actions, ports: readPorts(names) }, flags, answer),
};

interface Given {
  readonly flow: string;
  readonly actions: string;
  readonly ports: ReadonlyMap<string, number>;
}

/** Throws Refused. */
function readPorts(texts: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    texts.map((text): [string, number] => {
      const [, name, number] = /^([^=]{1,15})=(-?\d+)/.exec(text) ?? [];
      if (name === undefined) throw failure(`${text}: expected NAME=NUMBER`);
      return [name, Number(number)];
    }),
  );
}

/** Throws Refused; what was printed before stays. */
function normalize({ flow, actions, ports }: Given, { isVerbose }: DpctlFlags, answer: DpctlAnswer): void {
  const portNumber = (name: string): number | undefined => ports.get(name);
  const read = attempt(
    () => readKey(flow, portNumber),
    ({ at }) => failure(`odp_flow_key_from_string (syntax error at ${flow.slice(at)})`, errnos.EINVAL),
  );
  const flowText = formatKey(read.key, read.mask, {
    masksPacketType: true,
    hasEthernet: /\beth\(/.test(flow),
  });
  answer.print(`input flow: ${flowText}\n`);
  const list = attempt(
    () => readDpActions(actions, portNumber),
    () => failure('odp_actions_from_string', errnos.EINVAL),
  );
  if (isVerbose) answer.print(`input actions: ${formatDpActions(list)}\n`);
  const labels = labelsOf(read.key);
  const shares = byTags(list, tagsOf(read.key));
  const lists = shares.map(({ tags, done }) => ({
    vlans: tagsText(tags),
    mpls: labels,
    actions: formatDpActions(sorted(done)),
  }));
  answer.print(lists.map((each) => `${each.vlans}${each.mpls}${each.actions}`).join(''));
  const bare = (text: string): string => text.replace(/: $/, '');
  answer.json = {
    flow: flowText,
    given: formatDpActions(list),
    lists: lists.map((each) => ({ ...each, vlans: bare(each.vlans), mpls: bare(each.mpls) })),
  };
}

function attempt<T>(read: () => T, refusal: (why: Malformed) => Error): T {
  try {
    return read();
  } catch (why) {
    throw why instanceof Malformed ? refusal(why) : why;
  }
}

interface Share {
  /** Outermost first: TPID in the upper half, TCI in the lower. */
  readonly tags: readonly number[];
  readonly done: DpAction[];
}

/** Fewer tags come first. */
function byTags(list: readonly DpAction[], given: readonly number[]): Share[] {
  const shares = new Map<string, Share>();
  let tags = given;
  for (const action of list) {
    if (action.do === 'pop_vlan') tags = tags.slice(1);
    else if (action.do === 'push_vlan')
      tags = [((action.tpid << 16) | action.tci) >>> 0, ...tags].slice(0, mostTags);
    else {
      const name = tags.join();
      const share = shares.get(name) ?? { tags, done: [] };
      share.done.push(action);
      shares.set(name, share);
    }
  }
  if (shares.size === 0) return [{ tags: given, done: [] }]; // drops
  return [...shares.values()].sort((a, b) => compareTags(a.tags, b.tags));
}

const mostTags = 2;

function compareTags(a: readonly number[], b: readonly number[]): number {
  const n = Array.from({ length: mostTags }, (_, at) => at).find((at) => a[at] !== b[at]);
  return n === undefined ? 0 : ((a[n] ?? 0) >>> 0) - ((b[n] ?? 0) >>> 0);
}

/** Differs: the reference shows the type of a service tag with its bytes swapped, as 0xa888. */
function tagsText(tags: readonly number[]): string {
  if (tags.length === 0) return 'no vlan: ';
  return tags
    .map((tag) => {
      const type = tag >>> 16;
      const shown = type === etherType.vlan ? '' : `tpid=0x${type.toString(16).padStart(4, '0')},`;
      return `vlan(${shown}vid=${tag & 0xfff},pcp=${(tag >>> 13) & 7}): `;
    })
    .join('');
}

function labelsOf(key: Uint32Array): string {
  if (!isMplsType(getSlot(key, 'eth_type'))) return 'no mpls: ';
  const entry = getSlot(key, 'mpls_lse') >>> 0;
  return `mpls(label=${entry >>> 12},tc=${(entry >>> 9) & 7},ttl=${entry & 0xff}): `;
}

/** Runs of outputs sorted by port; everything else stays where it is. */
function sorted(list: readonly DpAction[]): DpAction[] {
  const done: DpAction[] = [];
  let run: Extract<DpAction, { do: 'output' }>[] = [];
  const endRun = (): void => {
    done.push(...run.sort((a, b) => a.port - b.port));
    run = [];
  };
  for (const action of list) {
    if (action.do === 'output') run.push(action);
    else {
      endRun();
      done.push(action);
    }
  }
  endRun();
  return done;
}
