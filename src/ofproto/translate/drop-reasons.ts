/**
 * Why a translation sent a packet nowhere. Each is a counter (`Backer.drops`), an event of a trace and a line of
 * docs/drops.md.
 */
import { namesIn } from '../../base/literals.ts';
import type { ActionDropReason } from '../../datapath/drops.ts';

interface Reason {
  readonly text: string;
  /** How a trace shows it; what it shows already in another way is silent. */
  readonly kind: 'detail' | 'warning' | 'error' | 'silent';
  /** How the detail is shown where it is no error. */
  readonly detailKind?: 'warning' | 'action';
  /** Nothing that was done to the packet before counts either, in words for the operator. */
  readonly fails?: string;
  /** What the datapath counts it as; "explicit" unless given. */
  readonly counted?: ActionDropReason;
}

const detail = (text: string): Reason => ({ text, kind: 'detail' });
const warning = (text: string): Reason => ({ text, kind: 'warning' });
const silent = (text: string): Reason => ({ text, kind: 'silent' });
const failure = (text: string, fails: string, counted: ActionDropReason): Reason => ({
  text,
  kind: 'error',
  fails,
  counted,
});

const dropReasons = {
  noInputPort: { ...silent('it came in by a port of no bridge'), counted: 'bridgeNotFound' },
  unsupportedPacketType: {
    ...silent('its packet type is none that the action works on'),
    detailKind: 'action',
    fails: 'Unsupported packet type',
    counted: 'unsupportedPacketType',
  },
  unsupported: silent('the datapath cannot do what is to be done with it'),
  noRecirculationContext: {
    ...silent('nothing is known of the recirculation id under which it was looked up'),
    counted: 'noRecirculationContext',
  },
  noController: silent('an action sent it up for a controller, and none is there to take it'),
  noLiveBucket: detail('no live bucket'),
  noSuchGroup: { ...silent('it went to a group that is not there'), detailKind: 'warning' },
  noCollector: silent('an action sampled it, and no collector is there to take it'),
  unknownUserData: silent('an action sent it up with user data that are none of ours'),
  noMatch: silent('no rule matches and no controller is there to ask'),
  ruleDrops: silent('the rule has no actions'),
  noBundle: warning('no input bundle, dropping'),
  partialVlanTag: warning('partial VLAN tag, dropping'),
  vlanNotAdmitted: warning('disallowed VLAN VID for this input port, dropping'),
  fromMirror: warning('input port is mirror output port, dropping'),
  reservedAddress: detail('packet has reserved destination MAC, dropping'),
  inactiveMember: detail('bonding refused admissibility, dropping'),
  loopedBack: detail('SLB bond thinks this packet looped back, dropping'),
  learnedIsMirror: warning('learned port is a mirror port, dropping'),
  learnedIsInput: detail('learned port is input port, dropping'),
  badTunnelOptions: failure(
    'Invalid Geneve tunnel metadata',
    'Invalid tunnel metadata',
    'invalidTunnelMetadata',
  ),
  noOutput: silent('no port carries it any further'),
  noForward: detail('OFPPC_NO_FWD set, skipping output'),
  noReceive: silent('nothing is taken from the port that it came by'),
  congestionUntold: {
    ...silent('its tunnel met congestion, of which the packet inside cannot tell'),
    counted: 'congestion',
  },
  stpNotForwarding: warning('STP not in forwarding state, skipping output'),
  rstpNotForwarding: warning('RSTP not in forwarding state, skipping output'),
  stpNotListening: warning('STP not in listening state, skipping bpdu output'),
  treeDiscards: silent('the spanning tree takes nothing in by its port'),
  treeLearns: {
    ...silent('the spanning tree only learns from what comes by its port'),
    counted: 'forwardingDisabled',
  },
  protectedPorts: warning('Flow is between protected ports, skipping output.'),
  noEthernet: warning('Trying to send non-Ethernet packet through legacy L2 port. Dropping packet.'),
  noSuchOutput: warning('Nonexistent output port'),
  overshadowed: warning('Tunneling decided against output'),
  toOwnAddress: warning('Not tunneling to our own address'),
  noRoute: warning('native tunnel routing failed'),
  noEgressAddress: warning('tunnel output device lacks Ethernet address'),
  neighbourUnknown: silent(
    'its tunnel leads to a host, or by a gateway, whose Ethernet address was just asked for',
  ),
  notWrapped: warning('native tunnel header build failed'),
  outputIsInput: warning('skipping output to input port'),
  noConnection: { text: 'resubmit(ct) with non-tracked or non-IP packet!', kind: 'error' },
  outputOutOfRange: silent('a register with no number of a port was to say where to'),
  reservedForMirrors: silent('its port is there for what is mirrored, and for nothing else'),
  cutToNothing: warning('Mirror truncate to ODPP_NONE, skipping output'),
  noTruncation: { ...silent('what is cut can go to ordinary ports only'), detailKind: 'warning' },
  noTruncationToPatch: silent('what is cut cannot go through a patch port'),
  tooDeep: failure('over max translation depth 64', 'Recursion too deep', 'recursionTooDeep'),
  tooManyLookups: failure('over 4096 resubmit actions', 'Too many resubmits', 'tooManyResubmits'),
  stackTooDeep: failure('resubmits yielded over 64 kB of stack', 'Stack too deep', 'stackTooDeep'),
  tooManyActions: { text: 'resubmits yielded over 64 kB of actions', kind: 'error' },
  byHand: silent('its datapath flow was put there by hand, to drop'),
  upcallsWaiting: silent('it came up while too many of its port waited for their turn'),
  tooManyLabels: {
    ...silent('an action would give it more labels than a key has room for'),
    fails: 'Too many MPLS labels',
    counted: 'tooManyMplsLabels',
  },
} as const satisfies Record<string, Reason>;

export type DropReason = keyof typeof dropReasons;

export const dropReasonNames = namesIn(dropReasons);

/** What a trace shows for a reason. */
export function explainDrop(reason: DropReason): Reason {
  return dropReasons[reason];
}

/** Why all of a translation fails with that reason; undefined when it does not. */
export function failureOf(reason: DropReason): string | undefined {
  return explainDrop(reason).fails;
}

/** What packets of it are counted as, in the datapath and beside it. */
export function countedAs(reason: DropReason): ActionDropReason {
  return explainDrop(reason).counted ?? 'explicit';
}
