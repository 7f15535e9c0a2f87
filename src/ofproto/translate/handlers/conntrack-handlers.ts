/** Connection tracking, as the datapath is asked for it: ovs-actions(7), "Connection Tracking Actions". */
import type { Conntrack, DpNatRange, Nat } from '../../../datapath/actions.ts';
import { isMetByPacket } from '../../../flow/fields/prerequisites.ts';
import { getSlot, maskSlot } from '../../../flow/key.ts';
import { type SlotName, slots } from '../../../flow/slots.ts';
import type { Action } from '../../../openflow/actions/index.ts';
import type { NatArguments, NatRange } from '../../../openflow/actions/nat.ts';
import { etherType } from '../../../wire/ethernet.ts';
import { firstTunnelWord } from '../flow-mask.ts';
import type { Translation } from '../translation.ts';
import { readBits } from './field-handlers.ts';
import type { Handlers } from './handler.ts';

const firstWord = slots.ct_state.word;

export const conntrackHandlers = {
  ct(t, { commits, forces, zone: zoneFrom, table, alg, actions }) {
    t.datapath.commit();
    const zone = typeof zoneFrom === 'number' ? zoneFrom : Number(readBits(t, zoneFrom));
    const { flow, mask } = t;
    const flowBefore = flow.slice(firstWord, firstTunnelWord);
    const maskBefore = mask.slice(firstWord, firstTunnelWord);
    mask.fill(0, firstWord, firstTunnelWord);
    t.runner.run(actions);
    const tracked: Conntrack = {
      zone,
      ...(commits ? { ...written(t, forces), ...policyOf(t, zone) } : {}),
      ...helperOf(alg),
      ...natOf(actions),
    };
    flow.set(flowBefore, firstWord);
    mask.set(maskBefore, firstWord);
    t.datapath.act({ do: 'ct', ...tracked });
    if (table !== undefined) t.freezing.fork(table, tracked);
    t.trace?.note({ event: 'untracked' });
    forget(t);
  },
  ct_clear(t) {
    if (t.packet.isTracked && t.request.context.abilities.has('ct_clear')) t.datapath.act({ do: 'ct_clear' });
    forget(t);
  },
  nat: () => {},
} satisfies Handlers;

function forget(t: Translation): void {
  t.flow.fill(0, firstWord, firstTunnelWord);
  t.packet.isTracked = false;
}

/** What goes with a connection that is remembered. */
function written({ flow, mask }: Translation, forces: boolean): Pick<Conntrack, 'commit' | 'mark' | 'label'> {
  const { ct_mark, ct_label } = slots;
  const labelOf = (words: Uint32Array): number[] => [...words.slice(ct_label.word, ct_label.word + 4)];
  const markMask = mask[ct_mark.word] ?? 0;
  const labelMask = labelOf(mask);
  return {
    commit: forces ? 'force_commit' : 'commit',
    ...(markMask === 0
      ? {}
      : { mark: { value: ((flow[ct_mark.word] ?? 0) & markMask) >>> 0, mask: markMask } }),
    ...(labelMask.every((word) => word === 0)
      ? {}
      : {
          label: {
            value: labelOf(flow).map((word, n) => (word & (labelMask[n] ?? 0)) >>> 0),
            mask: labelMask,
          },
        }),
  };
}

/**
 * Of the packet's own protocol; as in ovs-vswitchd, a flow for packets of several has what the first of them made it
 * have.
 */
function policyOf({ flow, request: { context } }: Translation, zone: number): Pick<Conntrack, 'timeout'> {
  if (!context.abilities.has('ct_timeout')) return {};
  const policy = context.zonePolicies.policyFor(zone, getSlot(flow, 'nw_proto'));
  return policy === undefined ? {} : { timeout: String(policy) };
}

const helpers: ReadonlyMap<number, string> = new Map([
  [21, 'ftp'],
  [69, 'tftp'],
]);

function helperOf(alg: number): { helper?: string } {
  const helper = helpers.get(alg);
  return helper === undefined ? {} : { helper };
}

function natOf(actions: readonly Action[]): { nat?: Nat } {
  const nat = actions.find((action) => action.do === 'nat');
  return nat === undefined ? {} : { nat: translationOf(nat) };
}

function translationOf({ side, range, isPersistent, hashes, isRandom }: NatArguments): Nat {
  return {
    ...(side === undefined ? {} : { direction: side }),
    ...(range === undefined ? {} : { range: rangeOf(range) }),
    ...(isPersistent ? { isPersistent } : {}),
    ...(hashes ? { choosesPortBy: 'hash' } : isRandom ? { choosesPortBy: 'random' } : {}),
  };
}

function rangeOf({ addresses, ports }: NatRange): DpNatRange {
  return {
    min: [...addresses.first],
    ...(addresses.last === undefined ? {} : { max: [...addresses.last] }),
    ...(ports === undefined ? {} : { minPort: ports.first }),
    ...(ports?.last === undefined ? {} : { maxPort: ports.last }),
  };
}

const tuple: readonly (readonly [SlotName, SlotName])[] = [
  ['nw_proto', 'ct_nw_proto'],
  ['tp_src', 'ct_tp_src'],
  ['tp_dst', 'ct_tp_dst'],
];
const addresses4 = [
  ['nw_src', 'ct_nw_src'],
  ['nw_dst', 'ct_nw_dst'],
] as const;
const addresses6 = [
  ['ipv6_src', 'ct_ipv6_src'],
  ['ipv6_dst', 'ct_ipv6_dst'],
] as const;

/** The fields of a packet and those of its connection's first one; undefined where it has no connection that is known. */
export function connectionTuple({
  flow,
  mask,
}: Translation): readonly (readonly [SlotName, SlotName])[] | undefined {
  maskSlot(mask, 'ct_nw_proto');
  if (getSlot(flow, 'ct_nw_proto') === 0 || !isMetByPacket('ip', flow)) return undefined;
  return [...tuple, ...(getSlot(flow, 'eth_type') === etherType.ipv4 ? addresses4 : addresses6)];
}
