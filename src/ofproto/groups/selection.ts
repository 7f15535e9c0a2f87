/**
 * Chooses a bucket of a select group for a packet by a hash of its fields: each bucket draws a number that depends on the
 * packet, times its weight, and the highest wins (rendezvous hashing), so that a bucket that goes or comes moves no
 * packets but its own.
 */
import { finishHash, mixWord } from '../../base/murmur3.ts';
import type { Field, FieldName } from '../../flow/fields/index.ts';
import { isMetByLooking } from '../../flow/fields/prerequisites.ts';
import { readField, wholeMask, writeField } from '../../flow/fields/value.ts';
import { slots } from '../../flow/slots.ts';
import { fieldOf } from '../../openflow/actions/subfield.ts';
import type { Bucket } from '../../openflow/messages/buckets.ts';
import type { HashedField, SelectionMethod } from '../../openflow/messages/group-selection.ts';

/** What tells connections apart where nothing else is said; of IPv4 the ports, too. */
const usual: readonly HashedField[] = (
  [
    'eth_src',
    'eth_dst',
    'eth_type',
    'vlan_vid',
    'ip_src',
    'ip_dst',
    'ipv6_src',
    'ipv6_dst',
    'nw_proto',
  ] satisfies FieldName[]
).map((name) => ({ field: name, mask: wholeMask(fieldOf(name)) }));

/** Source and destination share it. */
const portsWord = slots.tp_src.word;
const laterFragment = 2 << slots.nw_frag.shift;

/** Of the fields that the group asks for; their bits are set in `mask`. */
export function hashPacket(
  flow: Uint32Array,
  mask: Uint32Array,
  selection: SelectionMethod | undefined,
): number {
  const { parameter = 0n, fields: chosen = [] } = selection ?? {};
  let hash = Number(BigInt.asIntN(32, parameter));
  for (const { field, mask: bits } of chosen.length > 0 ? chosen : usual) {
    const { needs } = fieldOf(field);
    if (needs === undefined || isMetByLooking(needs, flow, mask))
      hash = hashField(flow, mask, fieldOf(field), bits, hash);
  }
  const hasPorts = ((flow[slots.nw_frag.word] ?? 0) & laterFragment) === 0;
  if (chosen.length === 0 && hasPorts && isMetByLooking('ipv4', flow, mask)) {
    mask[portsWord] = 0xffffffff;
    hash = mixWord(hash, flow[portsWord] ?? 0);
  }
  return finishHash(hash);
}

function hashField(
  flow: Uint32Array,
  mask: Uint32Array,
  field: Field,
  bits: Uint8Array,
  before: number,
): number {
  writeField(
    mask,
    field,
    readField(mask, field).map((byte, n) => byte | (bits[n] ?? 0)),
  );
  return readField(flow, field).reduce((hash, byte, n) => mixWord(hash, byte & (bits[n] ?? 0)), before);
}

/** What a bucket draws for a packet of that hash. */
export function scoreOf({ id, weight }: Bucket, hash: number): number {
  return (finishHash(mixWord(hash, id)) & 0xffff) * weight;
}
