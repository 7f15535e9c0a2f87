/** Samples of packets, which the datapath sends up for exporters. */
import { type DpPort, dpPort, type OfPort } from '../../base/units.ts';
import type { DpAction, DpActionOf } from '../../datapath/actions.ts';
import type { CookieOf, UserspaceCookie } from '../../datapath/cookie.ts';
import { getSlot } from '../../flow/key.ts';
import { slowPathMeter } from '../../openflow/messages/meters.ts';
import { reservedPorts } from '../../openflow/ports.ts';
import type { Ofproto } from '../ofproto.ts';
import type { DatapathActions } from './datapath-actions.ts';
import type { OutputTally } from './output-tally.ts';
import type { TranslationRequest } from './request.ts';

/** Every packet. */
const always = 0xffffffff;
/** Ports as sFlow tells of them: none, and how many where it is not one that it knows. */
const droppedForUnknownReason = 0x4000_0100;
const several = 0x8000_0000;

/** No port of the datapath. */
const noPort = dpPort(0xffffffff);

/** Some of it is said once it is known what becomes of the packet. */
type SFlowCookie = { -readonly [K in keyof CookieOf<'sFlow'>]: CookieOf<'sFlow'>[K] };

/** What an action says of its samples. */
type FlowSample = Omit<CookieOf<'flow_sample'>, 'type' | 'switchId'> & { readonly tunnelOutPort?: DpPort };

/** Of one packet. */
export class Sampling {
  /** Samples that were taken before anything was done with it. */
  arrivalCount = 0;
  readonly #request: TranslationRequest;
  readonly #datapath: DatapathActions;
  #sFlow: SFlowCookie | undefined;
  #cookies: { isForwarded?: boolean }[] | undefined;

  constructor(request: TranslationRequest, datapath: DatapathActions) {
    this.#request = request;
    this.#datapath = datapath;
  }

  /** The packet has come in for the first time. */
  arrive(inPort: OfPort): void {
    const { ofproto } = this.#request;
    const { sFlow, ipfix } = ofproto.exporters;
    if (inPort === reservedPorts.ANY) return;
    const before = this.#datapath.list.length;
    if (sFlow !== undefined) this.#sampleForSFlow(ofproto, sFlow.probability);
    if (ipfix?.input !== undefined) this.#sampleForIpfix(ofproto, ipfix.input, noPort);
    this.arrivalCount = this.#datapath.list.length - before;
  }

  /** It is about to go out by a port of that switch. */
  leave(ofproto: Ofproto, port: DpPort, isTunnel: boolean): void {
    const { ipfix } = ofproto.exporters;
    if (ipfix?.output === undefined) return;
    const tunnelOutPort = isTunnel && ipfix.samplesTunnels ? port : undefined;
    this.#sampleForIpfix(ofproto, ipfix.output, port, tunnelOutPort);
  }

  /** An action of that switch samples it, with that probability in 2^32-1. */
  sample(ofproto: Ofproto, probability: number, { tunnelOutPort, ...said }: FlowSample): void {
    const cookie = { type: 'flow_sample' as const, ...said, switchId: ofproto.id, isForwarded: false };
    this.#cookies ??= [];
    this.#cookies.push(cookie);
    this.#push(ofproto, probability, sendUp(cookie, tunnelOutPort));
  }

  /** It is known what becomes of it. */
  finish(outputs: OutputTally): void {
    const { ofproto, context } = this.#request;
    const { sFlow } = ofproto.exporters;
    if (sFlow !== undefined && this.#sFlow !== undefined) {
      this.#sFlow.vlanTci = getSlot(context.scratch.base, 'vlan_tci');
      this.#sFlow.output = outputOf(outputs, sFlow);
    }
    if (this.#cookies === undefined) return;
    const isForwarded = forwards(this.#datapath.list);
    for (const cookie of this.#cookies) cookie.isForwarded = isForwarded;
  }

  #sampleForSFlow(ofproto: Ofproto, probability: number): void {
    this.#sFlow = { type: 'sFlow', vlanTci: 0, output: 0, switchId: ofproto.id };
    this.#push(ofproto, probability, { ...sendUp(this.#sFlow), includesActions: true });
  }

  #sampleForIpfix(ofproto: Ofproto, probability: number, outputPort: DpPort, tunnelOutPort?: DpPort): void {
    const cookie = { type: 'ipfix' as const, outputPort, switchId: ofproto.id, isForwarded: false };
    this.#cookies ??= [];
    this.#cookies.push(cookie);
    this.#push(ofproto, probability, sendUp(cookie, tunnelOutPort));
  }

  /** Does it for so many packets of 2^32-1, as far as the meter for the slow path lets them pass. */
  #push({ meters }: Ofproto, probability: number, action: DpActionOf<'userspace'>): void {
    if (probability === 0) return;
    const meter = meters.get(slowPathMeter);
    const metered = meter === undefined ? [] : [{ do: 'meter', id: meter.datapathId } as const];
    const isPlain = probability === always && meter === undefined;
    this.#datapath.push(isPlain ? action : { do: 'sample', probability, actions: [...metered, action] });
  }
}

/** Do these send the packet somewhere, whatever happens? */
function forwards(actions: readonly DpAction[]): boolean {
  return actions.some((action) => {
    if (action.do === 'output' || action.do === 'lb_output') return true;
    if (action.do === 'clone') return forwards(action.actions);
    return action.do === 'sample' && action.probability === always && forwards(action.actions);
  });
}

function outputOf({ count, last }: OutputTally, sFlow: { indexOf(port: number): number }): number {
  if (count === 0 || last === undefined) return droppedForUnknownReason;
  const index = count === 1 ? sFlow.indexOf(last) : 0;
  return index || several + count;
}

/** The headers of a tunnel by that port are wanted, too. */
function sendUp(cookie: UserspaceCookie, tunnelOutPort?: DpPort): DpActionOf<'userspace'> {
  return { do: 'userspace', pid: 0, cookie, ...(tunnelOutPort !== undefined && { tunnelOutPort }) };
}
