/**
 * Rules that came or went, and which flows that may concern. Flows of one mask that looked into the same tables are told
 * apart by the same bits of their keys, so each is compared with all changes of one kind by a hash; one that is taken
 * for another costs a translation too many.
 */
import { conjunctionWord } from '../../flow/conjunctions.ts';
import { newKey } from '../../flow/key.ts';
import { internMask, type Mask } from '../../flow/mask.ts';
import { type Match, unpackKey } from '../../flow/match.ts';
import { datapathWordCount, slots } from '../../flow/slots.ts';
import { unsetPort } from '../../openflow/ports.ts';
import type { Ofproto } from '../ofproto.ts';
import type { TableLookup } from './lookups.ts';

/** A rule with that match came into the table, or left it. */
export interface RuleChange {
  readonly ofproto: Ofproto;
  readonly table: number;
  readonly match: Match;
}

/** What of a flow is asked. */
interface LookingFlow {
  readonly key: Match;
  readonly mask: Mask;
  readonly lookups: readonly TableLookup[];
}

/** Changes by what is known of a flow's key of the bits that they match on. */
type Kinds = ReadonlyMap<Mask, ReadonlySet<number>>;

const inPortWord = slots.in_port.word;
const setOutputWord = slots.actset_output.word;
const scratch = newKey();

export class RuleChanges {
  readonly #changes: RuleChange[] = [];
  readonly #kinds = new Map<Mask, Map<readonly TableLookup[], Kinds>>();

  get count(): number {
    return this.#changes.length;
  }

  add(change: RuleChange): void {
    this.#changes.push(change);
    this.#kinds.clear();
  }

  /** May one of them concern the flow? */
  mayConcern(flow: LookingFlow): boolean {
    if (this.#changes.length === 0) return false;
    const kinds = this.#kindsFor(flow);
    if (kinds.size === 0) return false;
    const key = unpackKey(flow.key, scratch);
    for (const [mask, hashes] of kinds) if (hashes.has(mask.hash(key))) return true;
    return false;
  }

  #kindsFor({ mask, lookups }: LookingFlow): Kinds {
    let ofMask = this.#kinds.get(mask);
    if (ofMask === undefined) {
      ofMask = new Map();
      this.#kinds.set(mask, ofMask);
    }
    let kinds = ofMask.get(lookups);
    if (kinds === undefined) {
      kinds = this.#sort(mask, lookups);
      ofMask.set(lookups, kinds);
    }
    return kinds;
  }

  #sort(mask: Mask, lookups: readonly TableLookup[]): Kinds {
    const kinds = new Map<Mask, Set<number>>();
    for (const lookup of lookups) {
      for (const { ofproto, table, match } of this.#changes) {
        if (lookup.ofproto !== ofproto || lookup.table !== table || !agrees(lookup, match)) continue;
        const [known, values] = knownPart(mask, lookup, match);
        let hashes = kinds.get(known);
        if (hashes === undefined) {
          hashes = new Set();
          kinds.set(known, hashes);
        }
        hashes.add(known.hashValues(values));
      }
    }
    return kinds;
  }
}

/** Could a rule with that match be found there, for all that every flow that looks there has the same? */
function agrees({ inPort, rewritten }: TableLookup, match: Match): boolean {
  return match.mask.words.every((word, n) => {
    if (!isOwn(word) || word === conjunctionWord) return true; // a conjunctive match makes that whatever it wants
    // What only OpenFlow has is zero until somebody writes it.
    const value = word === inPortWord ? inPort : word === setOutputWord ? unsetPort : 0;
    const bits = (match.mask.bits[n] ?? 0) & ~rewritten.bitsOf(word);
    return ((value ^ (match.values[n] ?? 0)) & bits) === 0;
  });
}

/** The bits of the match that flows with that mask know of their keys, and the match's values there. */
function knownPart(mask: Mask, { rewritten }: TableLookup, match: Match): [known: Mask, values: number[]] {
  const known = scratch.fill(0);
  const values: number[] = [];
  match.mask.words.forEach((word, n) => {
    if (isOwn(word)) return;
    const bits = (match.mask.bits[n] ?? 0) & mask.bitsOf(word) & ~rewritten.bitsOf(word);
    if (bits === 0) return;
    known[word] = bits;
    values.push((match.values[n] ?? 0) & bits);
  });
  return [internMask(known), values];
}

/** Is it the bridge's own, and not of the datapath's key? */
function isOwn(word: number): boolean {
  return word >= datapathWordCount || word === inPortWord;
}
