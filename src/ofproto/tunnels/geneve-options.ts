/**
 * Options of Geneve in keys: datapaths have them as they lie on the wire (RFC 8926 section 3.5), with their size in
 * `tun_metadata_present`; the pipeline of a bridge has each where its TLV table places it.
 */
import { readField, writeField } from '../../flow/fields/value.ts';
import { newKey, readSlot, writeSlot } from '../../flow/key.ts';
import { slots } from '../../flow/slots.ts';
import type { OptionMatch } from '../../flow/tunnel-options.ts';
import { criticalOption } from '../../wire/geneve.ts';
import { markPresent, type TlvTable } from '../tlv-table.ts';

const { word: firstWord, size: slotSize } = slots.tun_metadata;
const sizeWord = slots.tun_metadata_present.word + 1;
const headSize = 4;
const lengthBits = 0x1f;

interface WireOption {
  /** Of its head, among all of them. */
  readonly at: number;
  readonly optionClass: number;
  readonly optionType: number;
  readonly data: Uint8Array;
}

export function hasWireOptions(key: Uint32Array): boolean {
  return (key[sizeWord] ?? 0) !== 0;
}

/**
 * Gives the options of a datapath's key their places in `flow`. False for options that make no sense, that are of another
 * length than the table says, or that are critical and not in it.
 */
export function placeOptions(key: Uint32Array, table: TlvTable, flow: Uint32Array): boolean {
  clearOptions(flow);
  const options = readWireOptions(key);
  if (options === undefined) return false;
  for (const { optionClass, optionType, data } of options) {
    const placed = table.find(optionClass, optionType);
    if (placed === undefined && (optionType & criticalOption) !== 0) return false;
    if (placed === undefined) continue;
    if (placed.optionSize !== data.length) return false;
    writeField(flow, placed.field, data);
    markPresent(flow, placed.index);
  }
  return true;
}

/** A datapath's key with its options in the places that the table says; undefined where `placeOptions` is false. */
export function withPlacedOptions(key: Uint32Array, table: TlvTable): Uint32Array | undefined {
  if (!hasWireOptions(key)) return key;
  const placed = newKey();
  placed.set(key);
  return placeOptions(key, table, placed) ? placed : undefined;
}

/** The other way round. */
export function withWireOptions(key: Uint32Array, table: TlvTable): Uint32Array {
  if (key[sizeWord - 1] === 0 && key[sizeWord] === 0) return key;
  const wire = key.slice();
  clearOptions(wire);
  const options = wireOptionsOf(key, table);
  writeSlot(wire, 'tun_metadata', options);
  wire[sizeWord] = options.length;
  return wire;
}

/** Turns the mask of placed options into that of the options of `key`. How many bytes they have always matters. */
export function maskWireOptions(key: Uint32Array, table: TlvTable, mask: Uint32Array): void {
  const bytes = new Uint8Array(slotSize);
  for (const { at, optionClass, optionType, data } of readWireOptions(key) ?? []) {
    const placed = table.find(optionClass, optionType);
    bytes.set([0xff, 0xff, 0xff, lengthBits], at);
    if (placed !== undefined) bytes.set(readField(mask, placed.field), at + headSize);
    else bytes.fill(0, at + headSize, at + headSize + data.length);
  }
  clearOptions(mask);
  writeSlot(mask, 'tun_metadata', bytes);
  mask[sizeWord] = 0xffffffff;
}

/** The placed options of a packet as they lie on the wire, by field. */
export function wireOptionsOf(flow: Uint32Array, table: TlvTable): Uint8Array {
  const bytes: number[] = [];
  for (const { optionClass, optionType, optionSize, field } of table.placedIn(flow))
    bytes.push(optionClass >> 8, optionClass & 0xff, optionType, optionSize / 4, ...readField(flow, field));
  return Uint8Array.from(bytes);
}

/** Those of a datapath's key that fields stand for; undefined for none. */
export function optionsOnWire(key: Uint32Array, table: TlvTable): readonly OptionMatch[] | undefined {
  return table.optionsOf(withPlacedOptions(key, table) ?? newKey());
}

function clearOptions(words: Uint32Array): void {
  words.fill(0, firstWord, firstWord + slotSize / 4);
  words.fill(0, sizeWord - 1, sizeWord + 1);
}

/** undefined where they do not end where they should. */
function readWireOptions(key: Uint32Array): WireOption[] | undefined {
  const size = Math.min(key[sizeWord] ?? 0, slotSize);
  const bytes = readSlot(key, 'tun_metadata');
  const options: WireOption[] = [];
  for (let at = 0; at < size; ) {
    const [high = 0, low = 0, optionType = 0, length = 0] = bytes.subarray(at, at + headSize);
    const end = at + headSize + 4 * (length & lengthBits);
    if (end > size) return undefined;
    const data = bytes.subarray(at + headSize, end);
    options.push({ at, optionClass: (high << 8) | low, optionType, data });
    at = end;
  }
  return options;
}
