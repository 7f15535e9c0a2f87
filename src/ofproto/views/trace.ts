/** `ofproto/trace`: what becomes of one packet, step by step, and which flow would come of it. */
import type { OfPort } from '../../base/units.ts';
import type { SlowPathReason } from '../../datapath/cookie.ts';
import type { Datapath } from '../../datapath/provider.ts';
import { formatDpActions } from '../../datapath/text/actions.ts';
import { ctStateNames } from '../../flow/fields/flags.ts';
import { formatMatch } from '../../flow/format-match.ts';
import { etherTypeOf, setSlot } from '../../flow/key.ts';
import type { MatchTextOptions } from '../../flow/match-format/match-item.ts';
import { isTunnelled, packetMask } from '../../flow/packet-mask.ts';
import { slots } from '../../flow/slots.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { portText, unsetPort } from '../../openflow/ports.ts';
import type { Ofproto } from '../ofproto.ts';
import { failureOf } from '../translate/drop-reasons.ts';
import { type FrozenState, thaw } from '../translate/freezing/frozen-states.ts';
import { Scratch, type TranslationContext } from '../translate/request.ts';
import { type Fork, Trace, type TraceNode } from '../translate/trace/trace.ts';
import { formatTrace } from '../translate/trace/trace-text.ts';
import { translate } from '../translate/translate.ts';
import { simulateNat } from './nat-simulation.ts';

/** What bridges of one datapath share. */
interface TracedBridges {
  readonly datapath: Datapath;
  readonly translation: TranslationContext;
}

export interface TraceRequest {
  readonly backer: TracedBridges;
  readonly ofproto: Ofproto;
  readonly inPort: OfPort;
  /** Its tunnel options are where the switch's TLV table places them. */
  readonly key: Uint32Array;
  /** The packet has come back, and goes on as this says. */
  readonly state?: FrozenState;
  /** There is a packet, from which bridges learn. */
  readonly hasPacket: boolean;
  readonly packet?: Uint8Array;
  /** Ports by name. */
  readonly isNamed: boolean;
  /** What connection tracking says of the packet each time that it comes back; when that runs out, that it is new. */
  readonly connectionStates?: readonly number[];
  /** What to do instead of looking into table 0. */
  readonly actions?: readonly Action[];
}

/** Flows are OpenFlow text. */
export interface TraceReport {
  readonly flow: string;
  readonly steps: readonly TraceNode[];
  readonly finalFlow: string;
  readonly megaflow: string;
  readonly actions: string;
  readonly slowPath: readonly SlowPathReason[];
  /** Why nothing is done with the packet at all. */
  readonly failure?: string;
  /** What becomes of copies that come back from connection tracking. */
  readonly forks: readonly ForkReport[];
}

interface ForkReport {
  readonly recirculation: number;
  /** Names of bits of `ct_state`. */
  readonly connectionState: string;
  /** Nobody said what it was to be. */
  readonly isDefault: boolean;
  /** Addresses and ports before and after their translation, as far as it is told. */
  readonly nat?: { readonly before: string; readonly after: string };
  readonly report: TraceReport;
}

export function traceOf(request: TraceRequest): TraceReport {
  const key = request.key.slice();
  key[slots.in_port.word] = request.inPort;
  key[slots.actset_output.word] = unsetPort;
  return reportOf(request, key, [...(request.connectionStates ?? [])]);
}

function reportOf(request: TraceRequest, key: Uint32Array, next: number[]): TraceReport {
  const { backer, ofproto, isNamed } = request;
  const { tlvTable } = ofproto;
  const ports = isNamed ? ofproto.portText : portText;
  const trace = new Trace(isNamed);
  const result = translate({
    ...request,
    hasPlacedOptions: true,
    key,
    context: { ...backer.translation, scratch: new Scratch() },
    trace,
  });
  const { flow: last = key, mask = result.mask } = trace.result ?? {};
  const packet = (words: Uint32Array): string =>
    formatMatch(words, packetMask(words), {
      ports,
      tunnelOptions: isTunnelled(words) ? tlvTable.optionsOf(words) : undefined,
    });
  const names = new Map(
    [...backer.datapath.ports()].map(([number, { name }]): [number, string] => [number, name]),
  );
  const portName = isNamed ? { portName: (port: number) => names.get(port) } : {};
  const failure = result.drop === undefined ? undefined : failureOf(result.drop.reason);
  return {
    flow: packet(key),
    steps: trace.roots,
    finalFlow: last.every((word, n) => word === (key[n] ?? 0)) ? 'unchanged' : packet(last),
    megaflow: megaflowOf(key, mask, {
      ports,
      tunnelOptions: tlvTable.optionsUnder(key, mask),
    }),
    actions: formatDpActions(result.actions, portName),
    slowPath: result.slowPath,
    ...(failure === undefined ? {} : { failure }),
    forks: trace.forks.map((fork) => forkReport(request, fork, next)),
  };
}

/** Of a packet without an Ethernet header its type says what follows. */
function megaflowOf(key: Uint32Array, mask: Uint32Array, options: MatchTextOptions): string {
  const shown = key.slice();
  setSlot(shown, 'eth_type', etherTypeOf(key));
  return formatMatch(
    shown.map((word, n) => word & (mask[n] ?? 0)),
    mask,
    options,
  );
}

/** Of a packet that connection tracking has not seen before. */
const newConnection = 0x21;

function forkReport(request: TraceRequest, { state, tracked, key: base }: Fork, next: number[]): ForkReport {
  const given = next.shift();
  const connectionState = given ?? newConnection;
  const key = thaw(state, base);
  setSlot(key, 'recirc_id', state.id);
  setSlot(key, 'ct_state', connectionState);
  setSlot(key, 'ct_zone', tracked.zone);
  const nat = tracked.nat === undefined ? undefined : simulateNat(tracked.nat, key);
  const { actions: _, ...rest } = request;
  return {
    recirculation: state.id,
    connectionState: ctStateNames.names
      .filter((_name, bit) => ((connectionState >>> bit) & 1) !== 0)
      .join('|'),
    isDefault: given === undefined,
    ...(nat === undefined ? {} : { nat }),
    report: reportOf({ ...rest, state }, key, next), // under the name of the bridge that it came into at first
  };
}

export function formatTraceReport(report: TraceReport): string {
  return [formatOne(report), ...report.forks.map(formatFork)].join('\n');
}

const rule = '='.repeat(79);

function formatFork({ recirculation, connectionState, isDefault, nat, report }: ForkReport): string {
  const state = isDefault
    ? `default ct_state=${connectionState === 'new|trk' ? 'trk|new' : connectionState} (use --ct-next to customize)`
    : `ct_state=${connectionState}`;
  const head = `recirc(0x${recirculation.toString(16)}) - resume conntrack with ${state}`;
  const change =
    nat === undefined
      ? ''
      : `Replacing src/dst IP/ports to simulate NAT:\n Initial flow: ${nat.before}\n Modified flow: ${nat.after}\n`;
  return `\n${rule}\n${head}\n${change}${rule}\n\n${formatTraceReport(report)}`;
}

function formatOne(report: TraceReport): string {
  const { flow, steps, finalFlow, megaflow, actions, slowPath, failure } = report;
  const lines = `Flow: ${flow}\n${formatTrace(steps)}\nFinal flow: ${finalFlow}\nMegaflow: ${megaflow}\nDatapath actions: ${actions}`;
  if (failure !== undefined) return `${lines}\nTranslation failed (${failure}), packet is dropped.\n`;
  if (slowPath.length === 0) return lines;
  const reasons = slowPath.map((reason) => `\n  - ${slowPathTexts[reason]}.`);
  return `${lines}\nThis flow is handled by the userspace slow path because it:${reasons.join('')}`;
}

const slowPathTexts = {
  cfm: 'Consists of CFM packets',
  bfd: 'Consists of BFD packets',
  lacp: 'Consists of LACP packets',
  stp: 'Consists of STP packets',
  lldp: 'Consists of LLDP packets',
  action: 'Uses action(s) not supported by datapath',
  match: "Datapath can't match specifically enough",
} as const satisfies Record<SlowPathReason, string>;
