/**
 * Which tables a flow's translation looked at, told so precisely that a rule that comes or goes concerns only the flows
 * that may match it: their keys are known where their masks have bits, but for what actions had rewritten by then.
 */
import { type OfPort, ofPort } from '../../base/units.ts';
import { conjunctionWord } from '../../flow/conjunctions.ts';
import { newKey } from '../../flow/key.ts';
import { internMask, type Mask } from '../../flow/mask.ts';
import { type Match, unpackKey } from '../../flow/match.ts';
import { datapathWordCount, keyWordCount, slots } from '../../flow/slots.ts';
import { unsetPort } from '../../openflow/ports.ts';
import type { Ofproto } from '../ofproto.ts';

export interface TableLookup {
  readonly ofproto: Ofproto;
  readonly table: number;
  /** The packet's `in_port` there; its key has that of the datapath. */
  readonly inPort: OfPort;
  /** Words that were not as they had come in. */
  readonly rewritten: Mask;
}

/** A rule with that match came into the table, or left it. */
export interface RuleChange {
  readonly ofproto: Ofproto;
  readonly table: number;
  readonly match: Match;
}

const inPortWord = slots.in_port.word;
const setOutputWord = slots.actset_output.word;
export const nothing = internMask(newKey());
const everything = internMask(newKey().fill(0xffffffff));
const scratch = newKey();

/** The words in which `flow` differs from the key that came in, but for `in_port`. Those that `key` lacks are zero. */
export function rewrittenIn(flow: Uint32Array, key: Uint32Array): Mask {
  let n = 0;
  while (n < keyWordCount && !isRewritten(flow, key, n)) n++;
  if (n === keyWordCount) return nothing;
  scratch.fill(0);
  for (; n < keyWordCount; n++) if (isRewritten(flow, key, n)) scratch[n] = 0xffffffff;
  return internMask(scratch);
}

function isRewritten(flow: Uint32Array, key: Uint32Array, n: number): boolean {
  // Reading behind the end of an array costs more than all else here.
  return (
    flow[n] !== (n < key.length ? key[n] : 0) &&
    n !== inPortWord &&
    !(n === setOutputWord && flow[n] === unsetPort)
  );
}

/** Stands for one that any change of the table concerns. */
export function wholeTable(ofproto: Ofproto, table: number): TableLookup {
  return { ofproto, table, inPort: ofPort(unsetPort), rewritten: everything };
}

/** May the change concern a flow with that key and mask that looked there? */
export function mayConcern(
  flow: { readonly key: Match; readonly mask: Mask; readonly lookups: readonly TableLookup[] },
  change: RuleChange,
): boolean {
  return flow.lookups.some(
    (lookup) =>
      lookup.ofproto === change.ofproto &&
      lookup.table === change.table &&
      overlaps(flow, lookup, change.match),
  );
}

function overlaps(
  { key, mask }: { readonly key: Match; readonly mask: Mask },
  { inPort, rewritten }: TableLookup,
  match: Match,
): boolean {
  const values = unpackKey(key, scratch);
  values[inPortWord] = inPort;
  values[setOutputWord] = unsetPort;
  return match.mask.words.every((word, n) => {
    // What only OpenFlow has is zero until somebody writes it.
    const isOwn = word >= datapathWordCount || word === inPortWord;
    // A conjunctive match makes it whatever it wants.
    const known = word === conjunctionWord ? 0 : isOwn ? -1 : mask.bitsOf(word);
    const bits = (match.mask.bits[n] ?? 0) & known & ~rewritten.bitsOf(word);
    return (((values[word] ?? 0) ^ (match.values[n] ?? 0)) & bits) === 0;
  });
}

const listLimit = 4096;

/** One copy of each list: thousands of flows go through the same tables. */
export class LookupLists {
  readonly #lists = new Map<string, readonly TableLookup[]>();

  intern(lookups: readonly TableLookup[]): readonly TableLookup[] {
    let name = '';
    for (const { ofproto, table, inPort, rewritten } of lookups) {
      name += `${ofproto.id}.${table}.${inPort}.${rewritten.id};`;
    }
    const known = this.#lists.get(name);
    if (known !== undefined) return known;
    if (this.#lists.size >= listLimit) this.#lists.clear();
    this.#lists.set(name, lookups);
    return lookups;
  }
}
