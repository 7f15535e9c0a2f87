/** Samples of packets, which the datapath sends up for exporters. */
import type { OfPort } from '../../base/units.ts';
import type { DpAction, DpActionOf } from '../../datapath/actions.ts';
import type { UserspaceCookie } from '../../datapath/cookie.ts';
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

/** Of one packet. */
export class Sampling {
  /** Samples that were taken before anything was done with it. */
  arrivalCount = 0;
  readonly #request: TranslationRequest;
  readonly #datapath: DatapathActions;
  /** Where among the datapath actions that of sFlow is, which says what becomes of the packet. */
  #sFlowAt: number | undefined;

  constructor(request: TranslationRequest, datapath: DatapathActions) {
    this.#request = request;
    this.#datapath = datapath;
  }

  /** The packet has come in for the first time. */
  arrive(inPort: OfPort): void {
    const { ofproto } = this.#request;
    const { sFlow } = ofproto.exporters;
    if (sFlow === undefined || inPort === reservedPorts.ANY) return;
    const { list } = this.#datapath;
    const action = sampleAction(ofproto, sFlow.probability, this.#sFlowAction(0, 0));
    if (action === undefined) return;
    this.#sFlowAt = list.length;
    this.arrivalCount++;
    this.#datapath.push(action);
  }

  /** It is known what becomes of it. */
  finish(outputs: OutputTally): void {
    const { ofproto, scratch } = this.#request;
    const { sFlow } = ofproto.exporters;
    if (sFlow === undefined || this.#sFlowAt === undefined) return;
    const cookie = this.#sFlowAction(getSlot(scratch.base, 'vlan_tci'), outputOf(outputs, sFlow));
    const action = sampleAction(ofproto, sFlow.probability, cookie);
    if (action !== undefined) this.#datapath.list[this.#sFlowAt] = action;
  }

  #sFlowAction(vlanTci: number, output: number): DpActionOf<'userspace'> {
    const { id: switchId } = this.#request.ofproto;
    return { ...sendUp({ type: 'sFlow', vlanTci, output, switchId }), includesActions: true };
  }
}

function outputOf({ count, last }: OutputTally, sFlow: { indexOf(port: number): number }): number {
  if (count === 0 || last === undefined) return droppedForUnknownReason;
  const index = count === 1 ? sFlow.indexOf(last) : 0;
  return index || several + count;
}

function sendUp(cookie: UserspaceCookie): DpActionOf<'userspace'> {
  return { do: 'userspace', pid: 0, cookie };
}

/** Does it for so many packets of 2^32-1, as far as the meter for the slow path lets them pass; undefined for none. */
function sampleAction(
  { meters }: Ofproto,
  probability: number,
  action: DpActionOf<'userspace'>,
): DpAction | undefined {
  if (probability === 0) return undefined;
  const meter = meters.get(slowPathMeter);
  if (probability === always && meter === undefined) return action;
  const metered = meter === undefined ? [] : [{ do: 'meter', id: meter.datapathId } as const];
  return { do: 'sample', probability, actions: [...metered, action] };
}
