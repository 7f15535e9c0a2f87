/**
 * What a row of Flow_Table asks of a table: ovs-vswitchd.conf.db(5). Pure; what cannot be used is left out, as the
 * reference does.
 */
import { Malformed } from '../../base/errors.ts';
import { fieldNamed } from '../../flow/fields/index.ts';
import { isPrefixSlot, type PrefixSlot } from '../../flow/prefix-index.ts';
import { defaultPrefixes, type FlowTableConfig } from '../../ofproto/config.ts';
import { readSubfieldAhead, type Subfield } from '../../openflow/actions/subfield.ts';
import type { OvsRow } from '../schema/index.ts';

export function readFlowTable(number: number, row: OvsRow<'Flow_Table'>): FlowTableConfig {
  const { name = '', flow_limit: limit, overflow_policy: policy, groups, prefixes } = row;
  return {
    number,
    name,
    flowLimit: limit === undefined ? undefined : Number(limit),
    evicts: policy === 'evict',
    groupFields: groups.flatMap(readSubfield),
    prefixes: prefixes.length === 0 ? defaultPrefixes : prefixes.flatMap(readPrefix),
  };
}

function readSubfield(text: string): Subfield[] {
  try {
    const { subfield, rest } = readSubfieldAhead(text);
    return rest === '' ? [subfield] : [];
  } catch (why) {
    if (!(why instanceof Malformed)) throw why;
    return [];
  }
}

/** "none" and what has no prefixes are no slots. */
function readPrefix(name: string): PrefixSlot[] {
  const slot = fieldNamed(name)?.slot;
  return slot !== undefined && isPrefixSlot(slot) ? [slot] : [];
}
