/**
 * Which tunnel options the fields tun_metadata0 to 63 of a bridge stand for, and where in a key their values are:
 * ovs-ofctl(8), "add-tlv-map". A match that comes from outside has them beside its key; matches of rules have them in
 * it.
 */
import type { Field, FieldName } from '../flow/fields/index.ts';
import { readField, writeField } from '../flow/fields/value.ts';
import { newKey } from '../flow/key.ts';
import { type Match, packMatch, unpackKey } from '../flow/match.ts';
import { slots } from '../flow/slots.ts';
import type { OptionMatch } from '../flow/tunnel-options.ts';
import { fieldOf } from '../openflow/actions/subfield.ts';
import { OpenFlowError } from '../openflow/errors.ts';
import type { TlvMapping, TlvTableMod } from '../openflow/messages/tlv-table.ts';

/** Bytes of all options together, and fields. */
export const tlvLimits = { space: 256, fields: 64 } as const;

const first = slots.tun_metadata.word;
const wordCount = slots.tun_metadata.size / 4;
const present = slots.tun_metadata_present.word;

interface Placed extends TlvMapping {
  /** As long as the option, and in its place. */
  readonly field: Field;
}

export class TlvTable {
  #byIndex: ReadonlyMap<number, Placed> = new Map();

  /** By field. */
  get mappings(): readonly TlvMapping[] {
    return this.#placed.map(({ field: _, ...mapping }) => mapping);
  }

  get #placed(): Placed[] {
    return [...this.#byIndex.values()].sort((a, b) => a.index - b.index);
  }

  /** All of it or nothing; `isUsed` says whether a flow needs a field. Throws OpenFlowError. */
  change({ command, mappings }: TlvTableMod, isUsed: (index: number) => boolean): void {
    const gone = command === 'clear' ? [...this.#byIndex.keys()] : mappings.map(({ index }) => index);
    if (command !== 'add' && gone.some((index) => this.#byIndex.has(index) && isUsed(index)))
      throw new OpenFlowError('NXTTMFC_INVALID_TLV_DEL', 'flows use an option that is to go');
    const next = new Map(command === 'clear' ? [] : this.#byIndex);
    for (const mapping of mappings) {
      if (command === 'add') addTo(next, mapping);
      else if (command === 'delete') next.delete(mapping.index);
    }
    this.#byIndex = next;
  }

  /** Bytes of the option that tun_metadataN stands for; undefined for none. */
  optionSize(index: number): number | undefined {
    return this.#byIndex.get(index)?.optionSize;
  }

  find(optionClass: number, optionType: number): Placed | undefined {
    for (const placed of this.#byIndex.values())
      if (placed.optionClass === optionClass && placed.optionType === optionType) return placed;
    return undefined;
  }

  /** What a packet has, by field. */
  placedIn(key: Uint32Array): Placed[] {
    return this.#placed.filter(({ index }) => isPresent(key, index));
  }

  /** The field of that name, where it is in keys; undefined for an option that no field stands for. */
  fieldOf(name: FieldName): Field | undefined {
    const field = fieldOf(name);
    return field.option === undefined ? field : this.#byIndex.get(field.option)?.field;
  }

  /** Options get their places in the key. Throws OpenFlowError. */
  resolve(match: Match, unknown: 'refused' | 'passed over' = 'refused'): Match {
    const { options } = match;
    if (options === undefined) return match;
    const key = unpackKey(match);
    const mask = match.mask.unpack();
    for (const { index, value, mask: bits } of options) {
      const field = this.#byIndex.get(index)?.field;
      if (field === undefined) {
        if (unknown === 'passed over') continue;
        throw new OpenFlowError('NXFMFC_INVALID_TLV_FIELD', `tun_metadata${index} stands for no option`);
      }
      writeField(mask, field, atEnd(bits ?? new Uint8Array(field.bytes).fill(0xff), field.bytes));
      writeField(key, field, atEnd(value, field.bytes));
      markPresent(key, index);
      markPresent(mask, index);
    }
    return packMatch(key, mask);
  }

  /** The other way round. */
  restore(match: Match): Match {
    if (!match.mask.words.some((word) => word === present || word === present + 1)) return match;
    const key = unpackKey(match);
    const mask = match.mask.unpack();
    const options = this.optionsUnder(key, mask);
    for (const words of [key, mask]) {
      words.fill(0, first, first + wordCount);
      words.fill(0, present, present + 2);
    }
    return packMatch(key, mask, options);
  }

  /** Those that a packet has; undefined for none. */
  optionsOf(key: Uint32Array): readonly OptionMatch[] | undefined {
    const mask = newKey();
    mask.fill(0xffffffff, first, first + wordCount);
    mask.set(key.subarray(present, present + 2), present);
    return this.optionsUnder(key, mask);
  }

  /** Those of a packet that a mask looks at. */
  optionsUnder(key: Uint32Array, mask: Uint32Array): readonly OptionMatch[] | undefined {
    const options = this.#placed.flatMap(({ index, field }): OptionMatch[] => {
      if (!isPresent(mask, index)) return [];
      const bits = readField(mask, field);
      const match = {
        index,
        value: readField(key, field).map((byte, n) => byte & (bits[n] ?? 0)),
        mask: bits.length > 0 && bits.every(isAllOnes) ? undefined : bits,
      };
      return [isPresent(key, index) ? match : { ...match, isAbsent: true }];
    });
    return options.length === 0 ? undefined : options;
  }
}

const isAllOnes = (byte: number): boolean => byte === 0xff;

/** A packet has the option; with bytes that have been written to its place. */
export function markPresent(key: Uint32Array, index: number): void {
  const word = present + (index < 32 ? 1 : 0);
  key[word] = ((key[word] ?? 0) | (1 << (index & 31))) >>> 0;
}

export function markAbsent(key: Uint32Array, index: number): void {
  const word = present + (index < 32 ? 1 : 0);
  key[word] = ((key[word] ?? 0) & ~(1 << (index & 31))) >>> 0;
}

function isPresent(key: Uint32Array, index: number): boolean {
  return ((key[present + (index < 32 ? 1 : 0)] ?? 0) & (1 << (index & 31))) !== 0;
}

/** The last bytes, or with zeros before them. */
export function atEnd(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length >= size) return bytes.subarray(bytes.length - size);
  const made = new Uint8Array(size);
  made.set(bytes, size - bytes.length);
  return made;
}

function addTo(table: Map<number, Placed>, added: TlvMapping): void {
  const { index, optionClass, optionType, optionSize } = added;
  if (table.has(index))
    throw new OpenFlowError('NXTTMFC_ALREADY_MAPPED', `tun_metadata${index} stands for an option already`);
  for (const other of table.values())
    if (other.optionClass === optionClass && other.optionType === optionType)
      throw new OpenFlowError('NXTTMFC_DUP_ENTRY', `tun_metadata${other.index} stands for that option`);
  const taken = [...table.values()].flatMap(({ field }) => field.place.words ?? []);
  table.set(index, { ...added, field: fieldIn(wordsFor(optionSize / 4, new Set(taken)), index) });
}

/** As many free words of the key: the first run that is long enough, or else the longest and what is then left to find. */
function wordsFor(count: number, taken: ReadonlySet<number>): number[] {
  if (count === 0) return [];
  const run = freeRuns(taken).reduce<readonly number[]>(
    (best, other) => (best.length < count && other.length > best.length ? other : best),
    [],
  );
  if (run.length === 0)
    throw new OpenFlowError('NXTTMFC_TABLE_FULL', `more options than fit into ${tlvLimits.space} bytes`);
  const words = run.slice(0, count);
  return [...words, ...wordsFor(count - words.length, new Set([...taken, ...words]))];
}

/** Words of the key that follow each other and are nobody's. */
function freeRuns(taken: ReadonlySet<number>): number[][] {
  const runs: number[][] = [[]];
  for (let word = first; word < first + wordCount; word++) {
    if (taken.has(word)) runs.push([]);
    else runs.at(-1)?.push(word);
  }
  return runs;
}

function fieldIn(words: readonly number[], index: number): Field {
  const field = fieldOf(`tun_metadata${index}`);
  const bytes = 4 * words.length;
  const place = { word: words[0] ?? first, wordCount: words.length, words, shift: 0, bits: 0xffffffff };
  return { ...field, width: 8 * bytes, bytes, place };
}
