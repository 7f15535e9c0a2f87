/** `ofproto/trace`: what becomes of one packet, step by step, and which flow would come of it. */
import type { OfPort } from '../../base/units.ts';
import type { SlowPathReason } from '../../datapath/cookie.ts';
import { formatDpActions } from '../../datapath/text/actions.ts';
import { formatMatch } from '../../flow/format-match.ts';
import { packetMask } from '../../flow/packet-mask.ts';
import { slots } from '../../flow/slots.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { portText, unsetPort } from '../../openflow/ports.ts';
import type { Backer } from '../backer.ts';
import type { Ofproto } from '../ofproto.ts';
import { failureOf } from '../translate/drop-reasons.ts';
import { Scratch } from '../translate/request.ts';
import { Trace, type TraceNode } from '../translate/trace.ts';
import { formatTrace } from '../translate/trace-text.ts';
import { translate } from '../translate/translate.ts';

export interface TraceRequest {
  readonly backer: Backer;
  readonly ofproto: Ofproto;
  readonly inPort: OfPort;
  readonly key: Uint32Array;
  /** There is a packet, from which bridges learn. */
  readonly hasPacket: boolean;
  /** Ports by name. */
  readonly isNamed: boolean;
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
}

export function traceOf(request: TraceRequest): TraceReport {
  const { backer, ofproto, inPort, isNamed } = request;
  const ports = isNamed ? ofproto.portText : portText;
  const key = request.key.slice();
  key[slots.in_port.word] = inPort;
  key[slots.actset_output.word] = unsetPort;
  const trace = new Trace(isNamed);
  const result = translate({
    ...request,
    key,
    ports: backer.ports,
    frozen: backer.frozen,
    scratch: new Scratch(),
    trace,
  });
  const { flow: last = key, mask = result.mask } = trace.result ?? {};
  const packet = (words: Uint32Array): string => formatMatch(words, packetMask(words), { ports });
  const names = new Map(
    [...backer.datapath.ports()].map(([number, { name }]): [number, string] => [number, name]),
  );
  const portName = isNamed ? { portName: (port: number) => names.get(port) } : {};
  const failure = result.drop === undefined ? undefined : failureOf(result.drop);
  return {
    flow: packet(key),
    steps: trace.roots,
    finalFlow: last.every((word, n) => word === (key[n] ?? 0)) ? 'unchanged' : packet(last),
    megaflow: formatMatch(
      key.map((word, n) => word & (mask[n] ?? 0)),
      mask,
      { ports },
    ),
    actions: formatDpActions(result.actions, portName),
    slowPath: result.slowPath,
    ...(failure === undefined ? {} : { failure }),
  };
}

export function formatTraceReport(report: TraceReport): string {
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
