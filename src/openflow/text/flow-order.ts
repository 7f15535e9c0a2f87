/** Flows in order: ovs-ofctl(8) --sort and --rsort. */
import { type Field, fieldNamed } from '../../flow/fields/index.ts';
import { isMetByPacket } from '../../flow/fields/prerequisites.ts';
import { hasBits, readField } from '../../flow/fields/value.ts';
import { unpackKey } from '../../flow/match.ts';
import { maskedOption } from '../../flow/tunnel-options.ts';
import type { FlowStats } from '../messages/flows.ts';

/** A field's value, or the priority where there is no field. */
export interface SortKey {
  readonly field: Field | undefined;
  readonly isDescending: boolean;
}

/** The key of a field's name, or of "priority"; undefined for any other. */
export function readSortKey(name: string, isDescending: boolean): SortKey | undefined {
  if (name.toLowerCase() === 'priority') return { field: undefined, isDescending };
  const field = fieldNamed(name);
  return field && { field, isDescending };
}

/** What sorting looks at. */
interface Sortable {
  readonly flow: FlowStats;
  readonly key: Uint32Array;
  readonly mask: Uint32Array;
}

/** By the keys, then by descending priority. Flows without a field come last in either direction. */
export function sortFlows(flows: readonly FlowStats[], order: readonly SortKey[]): readonly FlowStats[] {
  if (order.length === 0) return flows;
  const criteria: readonly SortKey[] = [...order, { field: undefined, isDescending: true }];
  return flows
    .map((flow): Sortable => ({ flow, key: unpackKey(flow.match), mask: flow.match.mask.unpack() }))
    .sort((a, b) => criteria.reduce((before, one) => (before !== 0 ? before : compare(a, b, one)), 0))
    .map(({ flow }) => flow);
}

function compare(a: Sortable, b: Sortable, { field, isDescending }: SortKey): number {
  const sign = isDescending ? -1 : 1;
  if (field === undefined) return sign * (a.flow.priority - b.flow.priority);
  if (field.option !== undefined) return compareOptions(a, b, field, sign);
  const { needs } = field;
  const has = ({ key, mask }: Sortable): boolean =>
    hasBits(mask, field) && (needs === undefined || isMetByPacket(needs, key));
  const [inA, inB] = [has(a), has(b)];
  if (inA !== inB) return inA ? -1 : 1;
  return sign * Buffer.compare(readField(a.key, field), readField(b.key, field));
}

function compareOptions({ flow: a }: Sortable, { flow: b }: Sortable, field: Field, sign: number): number {
  const has = ({ match }: FlowStats): boolean =>
    match.options?.some(({ index }) => index === field.option) === true;
  if (has(a) !== has(b)) return has(a) ? -1 : 1;
  const bytesOf = ({ match }: FlowStats): Uint8Array => maskedOption(field, match.options).value;
  return sign * Buffer.compare(bytesOf(a), bytesOf(b));
}
