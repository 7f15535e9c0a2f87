/** Reading and writing the slots of keys and masks of whole width. Not for per-packet code. */
import { isTypedPacket } from './packet-type.ts';
import { datapathWordCount, hotWordCount, keyWordCount, type SlotName, slots, slotWords } from './slots.ts';

export function newKey(): Uint32Array {
  return new Uint32Array(keyWordCount);
}

/** Words that say all of a datapath key: more than these only where a packet has the metadata that few have. */
export function usedWordCount(key: Uint32Array): number {
  let count = datapathWordCount;
  while (count > hotWordCount && (key[count - 1] ?? 0) === 0) count--;
  return count;
}

/** The slot's bytes, in network order. */
export function readSlot(key: Uint32Array, name: SlotName): Uint8Array {
  const { at, size } = slots[name];
  const bytes = new Uint8Array(size);
  for (let n = 0; n < size; n++) bytes[n] = (key[(at + n) >> 2] ?? 0) >>> (24 - 8 * ((at + n) & 3));
  return bytes;
}

export function writeSlot(key: Uint32Array, name: SlotName, bytes: ArrayLike<number>): void {
  const { at, size } = slots[name];
  for (let n = 0; n < size; n++) {
    const word = (at + n) >> 2;
    const shift = 24 - 8 * ((at + n) & 3);
    key[word] = ((key[word] ?? 0) & ~(0xff << shift)) | ((bytes[n] ?? 0) << shift);
  }
}

/** The value of a slot of at most four bytes. */
export function getSlot(key: Uint32Array, name: SlotName): number {
  const { word, shift, bits } = slots[name];
  return (((key[word] ?? 0) >>> shift) & bits) >>> 0;
}

/** `getSlot` of one slot, whose place is looked up once. */
export function slotReader(name: SlotName): (key: Uint32Array) => number {
  const { word, shift, bits } = slots[name];
  return (key) => (((key[word] ?? 0) >>> shift) & bits) >>> 0;
}

/** Sets a slot of at most four bytes. */
export function setSlot(key: Uint32Array, name: SlotName, value: number): void {
  const { word, shift, bits } = slots[name];
  key[word] = ((key[word] ?? 0) & ~(bits << shift)) | ((value & bits) << shift);
}

/** Marks the whole slot as looked at. */
export function maskSlot(mask: Uint32Array, name: SlotName): void {
  maskWords(mask, slotWords(name));
}

/** `maskSlot` of one slot, whose place is looked up once. */
export function slotMasker(name: SlotName): (mask: Uint32Array) => void {
  const words = slotWords(name);
  return (mask) => maskWords(mask, words);
}

function maskWords(mask: Uint32Array, words: ReturnType<typeof slotWords>): void {
  for (let n = 0; n < words.length; n++) {
    const part = words[n];
    if (part !== undefined) mask[part[0]] = (mask[part[0]] ?? 0) | part[1];
  }
}

const packetTypeWord = slots.packet_type.word;

/** Is the packet one without an Ethernet header, whose EtherType is its packet type? */
export function isTyped(key: Uint32Array): boolean {
  return isTypedPacket(key[packetTypeWord] ?? 0);
}

const etherTypeIn = slotReader('eth_type');

/** The EtherType of a packet, or what its packet type says in its place. */
export function etherTypeOf(key: Uint32Array): number {
  return isTyped(key) ? (key[packetTypeWord] ?? 0) & 0xffff : etherTypeIn(key);
}
