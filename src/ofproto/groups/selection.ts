/**
 * Chooses a bucket of a select group for a packet by a hash of its fields: each bucket draws a number that depends on the
 * packet, times its weight, and the highest wins (rendezvous hashing), so that a bucket that goes or comes moves no
 * packets but its own. The numbers are the reference's.
 */
import { finishHash, mixWord } from '../../base/murmur3.ts';
import { hashFields, unwildcardHashed, weigh } from '../../flow/field-hash.ts';
import type { Field } from '../../flow/fields/index.ts';
import { isMetByLooking } from '../../flow/fields/prerequisites.ts';
import { readField, writeField } from '../../flow/fields/value.ts';
import { fieldOf } from '../../openflow/actions/subfield.ts';
import type { Bucket } from '../../openflow/messages/buckets.ts';
import type { SelectionMethod } from '../../openflow/messages/group-selection.ts';

/** Of the fields that the group asks for, or of what tells connections apart; their bits are set in `mask`. */
export function hashPacket(
  flow: Uint32Array,
  mask: Uint32Array,
  selection: SelectionMethod | undefined,
): number {
  const { parameter = 0n, fields: chosen = [] } = selection ?? {};
  if (chosen.length === 0) {
    unwildcardHashed(mask, flow, 'symmetric_l4');
    return hashFields(flow, 'symmetric_l4', 0);
  }
  const [low, high] = [Number(BigInt.asIntN(32, parameter)), Number(BigInt.asIntN(32, parameter >> 32n))];
  let hash = finishHash(mixWord(mixWord(0, low), high) ^ 8);
  for (const { field, mask: bits } of chosen) {
    const { needs } = fieldOf(field);
    if (needs === undefined || isMetByLooking(needs, flow, mask))
      hash = hashField(flow, mask, fieldOf(field), bits, hash);
  }
  return hash;
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
  const bytes = readField(flow, field).map((byte, n) => byte & (bits[n] ?? 0));
  let hash = before;
  for (let at = 0; at < bytes.length; at += 4) hash = mixWord(hash, littleEndian(bytes, at));
  return finishHash(hash ^ bytes.length);
}

/** Missing bytes are zero. */
function littleEndian(bytes: Uint8Array, at: number): number {
  return [3, 2, 1, 0].reduce((word, n) => (word << 8) | (bytes[at + n] ?? 0), 0);
}

/** What a bucket draws for a packet of that hash. */
export function scoreOf({ id, weight }: Bucket, hash: number): number {
  return (weigh(id, hash) & 0xffff) * weight;
}
