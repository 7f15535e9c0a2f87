/** Finds the rules of tables for the packet of one translation, and keeps where it looked. */
import type { OfPort } from '../../base/units.ts';
import { slots } from '../../flow/slots.ts';
import type { Ofproto } from '../ofproto.ts';
import type { Rule } from '../tables/rule.ts';
import { anyFragment } from './flow-mask.ts';
import { nothing, rewrittenIn, type TableLookup } from './lookups.ts';
import type { TranslationRequest } from './request.ts';

const inPortWord = slots.in_port.word;
const fragWord = slots.nw_frag.word;
/** Source and destination share it. */
const portsWord = slots.tp_src.word;

export class PacketLookups {
  readonly done: TableLookup[] = [];
  readonly #request: TranslationRequest;

  constructor(request: TranslationRequest) {
    this.#request = request;
  }

  /** The rule for the packet as it is now, as if it had come in by that port; the mask gets the bits that decided. */
  find(ofproto: Ofproto, table: number, inPort: OfPort): Rule | undefined {
    const { key, actions, state, scratch } = this.#request;
    const { flow, mask } = scratch;
    const realPort = flow[inPortWord] ?? 0;
    const realPorts = flow[portsWord] ?? 0;
    flow[inPortWord] = inPort;
    const isFragment = ((flow[fragWord] ?? 0) & anyFragment) !== 0;
    // By default fragments have no ports in a table, not even the first one; later ones never have.
    if (isFragment && ofproto.fragments !== 'nx-match') flow[portsWord] = 0;
    const isAsReceived =
      !isFragment && this.done.length === 0 && actions === undefined && state === undefined;
    const rewritten = isAsReceived ? nothing : rewrittenIn(flow, key);
    this.done.push({ ofproto, table, inPort, rewritten });
    const isDropped = isFragment && ofproto.fragments === 'drop';
    const rule = isDropped ? ofproto.tables.internal.fragmentDrop : ofproto.tables.lookup(table, flow, mask);
    flow[inPortWord] = realPort;
    flow[portsWord] = realPorts;
    return rule;
  }
}
