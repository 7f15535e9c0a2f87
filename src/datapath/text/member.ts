/** One value in the text of a flow: a slot or some of its bits, with its form, printed and read with its mask. */
import { Malformed } from '../../base/errors.ts';
import { trimSpaces } from '../../base/text.ts';
import { getSlot, readSlot, setSlot, writeSlot } from '../../flow/key.ts';
import { type SlotName, slots } from '../../flow/slots.ts';
import { type Form, hexadecimal } from './forms.ts';

export interface Member {
  /** Empty for a group that is one bare value, like recirc_id(0). */
  readonly name: string;
  readonly slot: SlotName;
  readonly form: Form;
  /** [lowest bit, how many]; the whole slot when absent. */
  readonly bits?: readonly [number, number];
}

export interface MemberOptions {
  /** Shown masked or not. */
  readonly isVerbose?: boolean;
  /** Names instead of numbers in in_port. */
  readonly portName?: ((port: number) => string | undefined) | undefined;
}

export function member(name: string, slot: SlotName, form: Form): Member {
  return { name, slot, form };
}

/** Empty when the mask leaves the member out and not everything is to be shown. */
export function formatMember(m: Member, key: Uint32Array, mask: Uint32Array, options: MemberOptions): string {
  const bits = memberBytes(m, mask);
  const isExact = isAllOnes(m, bits);
  const isUnmasked = bits.every((b) => b === 0);
  if (isUnmasked && options.isVerbose !== true) return '';
  const value = memberBytes(m, key);
  const prefix = m.name === '' ? '' : `${m.name}=`;
  const named = m.slot === 'in_port' ? options.portName?.(getSlot(key, 'in_port')) : undefined;
  if (named !== undefined && isExact) return prefix + named;
  if (!isExact && m.form.formatMasked !== undefined) return prefix + m.form.formatMasked(value, bits);
  return prefix + m.form.format(value) + (isExact ? '' : `/${m.form.formatMask(bits)}`);
}

/** Is any bit of the member set? */
export function hasMemberBits(m: Member, words: Uint32Array): boolean {
  return memberBytes(m, words).some((b) => b !== 0);
}

/** Is every bit of the member in the mask? */
export function isExactMember(m: Member, mask: Uint32Array): boolean {
  return isAllOnes(m, memberBytes(m, mask));
}

function memberBytes(m: Member, key: Uint32Array): Uint8Array {
  if (m.bits === undefined) return readSlot(key, m.slot);
  const [low, count] = m.bits;
  const value = Math.floor(getSlot(key, m.slot) / 2 ** low) % 2 ** count;
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function isAllOnes(m: Member, bytes: Uint8Array): boolean {
  if (m.slot === 'tcp_flags') return ((((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) & 0xfff) === 0xfff;
  if (m.slot === 'nw_frag') return ((bytes[0] ?? 0) & 3) === 3;
  if (m.bits === undefined) return bytes.every((b) => b === 0xff);
  return bytes.reduce((sum, b) => sum * 256 + b, 0) === 2 ** m.bits[1] - 1;
}

/** What a text said: values, and a mask of what it named. */
export interface ReadKey {
  readonly key: Uint32Array;
  readonly mask: Uint32Array;
}

/** Reads "VALUE" or "VALUE/MASK". Throws Malformed. */
export function readMember(m: Member, text: string, into: ReadKey): void {
  const [value = '', maskText] = trimSpaces(text).split('/');
  const size = slots[m.slot].size;
  if (m.form.readMasked !== undefined) {
    const read = m.form.readMasked(trimSpaces(text), size);
    writeMember(m, into.key, read.value);
    writeMember(m, into.mask, read.mask);
    return;
  }
  writeMember(m, into.key, m.form.read(value, size));
  const maskForm = m.slot === 'nw_frag' ? hexadecimal : m.form;
  writeMember(m, into.mask, maskText === undefined ? allOnes(m, size) : maskForm.read(maskText, size));
}

function allOnes(m: Member, size: number): Uint8Array {
  if (m.bits === undefined) return new Uint8Array(size).fill(0xff);
  const value = 2 ** m.bits[1] - 1;
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value).subarray(4 - size);
}

function writeMember(m: Member, key: Uint32Array, bytes: Uint8Array): void {
  if (m.bits === undefined) {
    writeSlot(key, m.slot, bytes);
    return;
  }
  const [low, count] = m.bits;
  const value = bytes.reduce((sum, b) => sum * 256 + b, 0);
  if (value >= 2 ** count) throw new Malformed('flow', 0, `${m.name}=${value} does not fit in ${count} bits`);
  setSlot(key, m.slot, (getSlot(key, m.slot) | (value * 2 ** low)) >>> 0);
}
