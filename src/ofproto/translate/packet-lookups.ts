/**
 * Finds the rules of tables for the packet of one translation, and what stands for one that is not there; keeps where
 * it looked.
 */
import type { OfPort } from '../../base/units.ts';
import { slots } from '../../flow/slots.ts';
import type { Ofproto } from '../ofproto.ts';
import { visibleTableCount } from '../tables/flow-tables.ts';
import type { Rule } from '../tables/rule.ts';
import { anyFragment } from './flow-mask.ts';
import { nothing, rewrittenIn, type TableLookup } from './lookups.ts';
import type { PacketOutcome } from './packet-outcome.ts';
import type { Place } from './pipeline-packet.ts';
import type { TranslationRequest } from './request.ts';
import { missTag } from './tags.ts';

const inPortWord = slots.in_port.word;
const fragWord = slots.nw_frag.word;
/** Source and destination share it. */
const portsWord = slots.tp_src.word;

const lastTable = visibleTableCount - 1;

/** What a packet meets in the tables of a bridge. */
interface Found {
  /** Without a rule where the table has none for it. */
  readonly place: Place;
  /** Whose actions are run: that rule, or one that stands for none. */
  readonly done: Rule;
}

export class PacketLookups {
  /** Where it looked. */
  readonly done: TableLookup[] = [];
  readonly #request: TranslationRequest;
  readonly #outcome: PacketOutcome;

  constructor(request: TranslationRequest, outcome: PacketOutcome) {
    this.#request = request;
    this.#outcome = outcome;
  }

  /** From that table on, as its policy for packets without a rule says where `obeysMiss` is set. */
  find(ofproto: Ofproto, first: number, inPort: OfPort, obeysMiss: boolean): Found {
    const { tables } = ofproto;
    const { effects } = this.#outcome;
    let table = first;
    let rule = this.#lookUp(ofproto, table, inPort);
    while (rule === undefined && obeysMiss && tables.missOf(table) === 'continue' && table < lastTable) {
      effects.push(tables.table(table).lookedUp(undefined, false));
      rule = this.#lookUp(ofproto, ++table, inPort);
    }
    const { missToController, missDrop } = tables.internal;
    const done = rule ?? (obeysMiss && this.#tellsMiss(ofproto, table) ? missToController : missDrop);
    effects.push(tables.table(table).lookedUp(done, rule !== undefined));
    return { place: { ofproto, table, rule, cookie: done.cookie }, done };
  }

  /** Is a controller told of packets that the table has no rule for? */
  #tellsMiss({ id, tables, wantsMisses }: Ofproto, table: number): boolean {
    const miss = tables.missOf(table);
    this.#outcome.tags |= missTag(id);
    return miss === 'controller' || (miss !== 'drop' && wantsMisses);
  }

  /** The rule for the packet as it is now, as if it had come in by that port; the mask gets the bits that decided. */
  #lookUp(ofproto: Ofproto, table: number, inPort: OfPort): Rule | undefined {
    const { key, actions, state, context } = this.#request;
    const { flow, mask } = context.scratch;
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
