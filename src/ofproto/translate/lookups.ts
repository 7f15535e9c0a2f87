/**
 * Which tables a flow's translation looked at, told so precisely that a rule that comes or goes concerns only the flows
 * that may match it: their keys are known where their masks have bits, but for what actions had rewritten by then.
 */
import { type OfPort, ofPort } from '../../base/units.ts';
import { newKey } from '../../flow/key.ts';
import { internMask, type Mask } from '../../flow/mask.ts';
import { keyWordCount, slots } from '../../flow/slots.ts';
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
