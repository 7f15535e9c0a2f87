/**
 * Datapath actions as the steps that run for each packet. A list is lowered once, when its flow is put; the table below
 * has one line an action, and the compiler completes it.
 */
import { namesIn } from '../../base/literals.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import { type SlotName, slots } from '../../flow/slots.ts';
import type { DpAction, DpActionName, DpActionOf, HashAlgorithm, SetHeader, SlotWrite } from '../actions.ts';
import { gatewayKindOf } from '../conntrack/gateways/gateway.ts';
import { readPolicy } from '../conntrack/timeouts.ts';
import type { ActionSupport } from '../features.ts';
import type { SentUp } from '../provider.ts';
import { editOf } from './edit.ts';
import type { ActionStep, RestOfList } from './execute.ts';
import { hashL4, hashSymmetricL4 } from './hash.ts';
import {
  nshBytes,
  popEthernet,
  popFrameLabel,
  popFrameTag,
  popNsh,
  pushEthernet,
  pushFrameLabel,
  pushFrameTag,
  pushNsh,
  wrapInMpls,
} from './layers.ts';
import { TunnelPop, TunnelPush } from './tunnels/tunnel-actions.ts';
import { TunnelWrap } from './tunnels/wrap.ts';

const log = logger('conntrack');
const unread = new LimitedSite({ perMinute: 1, burst: 1 });
const unnumbered = new LimitedSite({ perMinute: 1, burst: 5 });

/** `whole` is the list that an action is in, at whatever depth; `rest` is what follows in the innermost one. */
type Lowering<N extends DpActionName> = (
  action: DpActionOf<N>,
  whole: readonly DpAction[],
  rest: readonly DpAction[],
) => ActionStep;

type Lowerings = { readonly [N in DpActionName]: Lowering<N> };

const hashes = { l4: hashL4, sym_l4: hashSymmetricL4 } as const satisfies Record<HashAlgorithm, unknown>;

const lowerings: Lowerings = {
  output({ port }) {
    return (x) => x.outputs.toPort(port);
  },
  userspace(action, whole) {
    const reason = sentUpBy(action, whole);
    return (x) => x.outputs.up(reason);
  },
  hash({ algorithm, basis }) {
    const of = hashes[algorithm];
    return (x) => x.packet.hash(of, basis);
  },
  lb_output({ bond }) {
    return (x) => x.outputs.toBond(bond);
  },
  recirc({ id }) {
    return (x) => x.recirculate(id);
  },
  set: lowerSet,
  push_vlan({ tpid, tci }) {
    const tag = ((tpid << 16) | (tci & ~0x1000)) >>> 0; // bit 12 of a key says "tagged"
    return (x) => pushFrameTag(x.packet, tag);
  },
  pop_vlan: () => (x) => popFrameTag(x.packet),
  push_mpls({ lse, etherType }) {
    return (x) => pushFrameLabel(x.packet, lse, etherType);
  },
  add_mpls({ lse, etherType, isBehindEthernet }) {
    return isBehindEthernet === true
      ? (x) => pushFrameLabel(x.packet, lse, etherType)
      : (x) => wrapInMpls(x.packet, lse, etherType);
  },
  pop_mpls({ etherType }) {
    return (x) => popFrameLabel(x.packet, etherType);
  },
  push_eth({ src, dst }) {
    const addresses = Uint8Array.from([...dst, ...src]);
    return (x) => pushEthernet(x.packet, addresses);
  },
  pop_eth: () => (x) => popEthernet(x.packet),
  push_nsh(header) {
    const bytes = nshBytes(header);
    return (x) => pushNsh(x.packet, bytes);
  },
  pop_nsh: () => (x) => popNsh(x.packet),
  sample({ probability, actions }, whole) {
    const steps = lowerList(actions, whole);
    return (x) => x.sample(probability, steps);
  },
  clone({ actions }, whole) {
    const steps = lowerList(actions, whole);
    return (x) => x.runOnCopy(steps, x.packet.takeMaxSize()); // a cut goes with the clone
  },
  check_pkt_len({ size, ifGreater, ifLessEqual }, whole) {
    const greater = lowerList(ifGreater, whole);
    const lessEqual = lowerList(ifLessEqual, whole);
    return (x) => x.runOnCopy(x.packet.sizeToSend() > size ? greater : lessEqual);
  },
  trunc({ maxSize }) {
    return (x) => {
      x.packet.maxSize = maxSize;
    };
  },
  ct({ do: _, ...request }, whole, rest) {
    if (request.helper !== undefined && gatewayKindOf(request.helper) === undefined)
      log.limited(
        'warn',
        unread,
        `helper=${request.helper}: connections that it announces are not recognised`,
      );
    const { timeout } = request;
    if (timeout !== undefined && readPolicy(timeout) === undefined)
      log.limited('warn', unnumbered, `timeout=${timeout}: not the number of a policy: times out as usual`);
    let lowered: readonly ActionStep[] | undefined; // for fragments only, so not before one comes
    const restOf: RestOfList = () => (lowered ??= lowerList(rest, whole));
    return (x) => x.track(request, restOf);
  },
  ct_clear: () => (x) => x.tracking.clear(),
  meter({ id }) {
    return (x) => x.meter(id);
  },
  tnl_push(action, whole, rest) {
    const push = new TunnelPush(new TunnelWrap(action), lowerList(rest, whole));
    return (x) => push.run(x);
  },
  tnl_pop({ port }, _whole, rest) {
    const pop = new TunnelPop(port, rest.length === 0);
    return (x) => pop.run(x);
  },
  drop({ reason }) {
    return (x) => x.packet.drop(reason);
  },
};

/** It runs the rest of its list itself, for each packet that it makes of one. */
const takesRest: DpActionName = 'tnl_push';

/** What `set` writes in the packet's key alone. */
const metadataSlots: ReadonlySet<SlotName> = new Set([
  ...(['skb_priority', 'pkt_mark', 'dp_hash'] as const),
  ...namesIn(slots).filter((name) => name.startsWith('tun_')),
]);

const writable: readonly SetHeader[] = [
  'tunnel',
  'skb_priority',
  'skb_mark',
  'dp_hash',
  'eth',
  'mpls',
  'nsh',
  'ipv4',
  'ipv6',
  'arp',
  'tcp',
  'udp',
  'sctp',
  'icmp',
  'icmpv6',
  'nd',
  'nd_ext',
];

export const engineFeatures: ActionSupport = {
  actions: new Set(namesIn(lowerings)),
  setHeaders: new Set(writable),
  hashAlgorithms: new Set(namesIn(hashes)),
  maxNesting: 10,
  maxMplsDepth: 3,
  maxVlanTags: 2,
};

function lowerSet({ fields }: DpActionOf<'set'>): ActionStep {
  const metadata = fields.filter(({ slot }) => metadataSlots.has(slot)).map(lowerMetadata);
  const edits = fields.map(editOf).filter((edit) => edit !== undefined);
  return (x) => {
    const { packet } = x;
    for (const set of metadata) set(x);
    if (edits.length === 0 || !packet.makeWritable() || !packet.locate()) return;
    for (const edit of edits) edit(packet.frame, packet.headers);
  };
}

function lowerMetadata({ slot, value, mask }: SlotWrite): ActionStep {
  const { word } = slots[slot];
  return (x) => {
    for (let n = 0; n < value.length; n++) x.packet.setMetadata(word + n, value[n] ?? 0, mask[n] ?? 0);
  };
}

/** The actions must be among `engineFeatures`. */
export function lowerActions(actions: readonly DpAction[]): readonly ActionStep[] {
  return lowerList(actions, actions);
}

function lowerList(actions: readonly DpAction[], whole: readonly DpAction[]): readonly ActionStep[] {
  const end = actions.findIndex((action) => action.do === takesRest);
  return (end < 0 ? actions : actions.slice(0, end + 1)).map((action, n) =>
    lowerAction(action, whole, actions.slice(n + 1)),
  );
}

function lowerAction(action: DpAction, whole: readonly DpAction[], rest: readonly DpAction[]): ActionStep {
  // The table's line for `action.do` takes exactly this variant; the compiler cannot relate the two by itself.
  const lower = lowerings[action.do] as Lowering<DpActionName>;
  return lower(action, whole, rest);
}

function sentUpBy(action: DpActionOf<'userspace'>, whole: readonly DpAction[]): SentUp {
  const { cookie, tunnelOutPort, includesActions } = action;
  return {
    cookie,
    ...(tunnelOutPort === undefined ? {} : { tunnelOutPort }),
    ...(includesActions === true ? { actions: whole } : {}),
  };
}
