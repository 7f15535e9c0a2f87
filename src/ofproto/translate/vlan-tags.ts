/** The VLAN tags of a key, as words: TPID above TCI, zero where there is none. */
import { setSlot } from '../../flow/key.ts';
import { layerOfWord, linkLayer, slots } from '../../flow/slots.ts';
import { etherType, vlanPresent } from '../../wire/ethernet.ts';
import { labelSlots } from './labels.ts';

/** Outermost first. */
export const vlanWords = [slots.vlan_tpid.word, slots.vlan_tpid2.word] as const;
const [outer, inner] = vlanWords;

/** Those that are there, outermost first. */
export function tagsOf(key: Uint32Array): number[] {
  const found: number[] = [];
  for (const word of vlanWords) {
    const tag = key[word] ?? 0;
    if ((tag & vlanPresent) === 0) break;
    found.push(tag);
  }
  return found;
}

/** Makes the key what a switch sees that looks at no more than `limit` (1 or 2) tags: nothing of what is behind them. */
export function limitTags(key: Uint32Array, limit: number): void {
  const hidden = tagsOf(key)[limit];
  if (hidden === undefined) return;
  key[inner] = 0;
  setSlot(key, 'eth_type', hidden >>> 16);
  for (const slot of labelSlots) setSlot(key, slot, 0);
  for (let word = 0; word < key.length; word++) if ((layerOfWord[word] ?? 0) > linkLayer) key[word] = 0;
}

/** Puts a tag with VLAN 0 in front; what has no room is lost. All tags move, and so decide. */
export function pushTag(key: Uint32Array, mask: Uint32Array, tpid: number): void {
  const count = tagsOf(key).length;
  for (let n = 0; n < count; n++) mask[vlanWords[n] ?? outer] = 0xffffffff;
  key[inner] = key[outer] ?? 0;
  key[outer] = ((tpid << 16) | vlanPresent) >>> 0;
}

/** Takes the outermost tag off; the others move, and so decide. */
export function popTag(key: Uint32Array, mask: Uint32Array): void {
  if (tagsOf(key).length > 1) mask[inner] = 0xffffffff;
  key[outer] = key[inner] ?? 0;
  key[inner] = 0;
}

/** After a write to the outer tag: bits that must be set, and the TPID that goes with a TCI; none goes with zero. */
export function fixTag(key: Uint32Array, bits: number): void {
  const tag = (key[outer] ?? 0) | bits;
  const tpid = tag >>> 16 || etherType.vlan;
  key[outer] = (tag & 0xffff) === 0 ? 0 : ((tpid << 16) | (tag & 0xffff)) >>> 0;
}
