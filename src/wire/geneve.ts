/** Geneve (RFC 8926): what is inside follows options of up to 252 bytes. Read and written by tunnels. */
import { header, u8, u16, u24 } from '../base/header.ts';
import { etherType } from './ethernet.ts';

export const geneve = header('geneve', {
  versionLength: u8, // version 2 bits, options 6 bits (words)
  flags: u8,
  protocol: u16,
  vni: u24,
  reserved: u8,
});

/** What an option begins with; `length` counts words of data. */
const geneveOption = header('geneve-option', { class: u16, type: u8, length: u8 });

const flag = { oam: 0x80, critical: 0x40 } as const;
const lengthBits = 0x3f;
/** In the type of an option: who does not know it must not take the packet. */
export const criticalOption = 0x80;

/** One option (section 3.5); `data` is 0 to 124 bytes, a multiple of 4. */
export interface GeneveOption {
  readonly class: number;
  readonly type: number;
  readonly data: readonly number[];
}

export interface Geneve {
  readonly isOam: boolean;
  readonly isCritical: boolean;
  readonly vni: number;
  readonly options: readonly GeneveOption[];
}

/** Is there a whole header of an Ethernet frame at `at`? Throws nothing: it is asked of every packet. */
export function isGeneve(view: DataView, at: number, end: number): boolean {
  if (end - at < geneve.size || geneve.get.versionLength(view, at) >>> 6 !== 0) return false;
  if (geneve.get.protocol(view, at) !== etherType.transparentBridging) return false;
  return geneve.size + geneveOptionsSize(view, at) <= end - at;
}

/** Bytes. */
export function geneveOptionsSize(view: DataView, at: number): number {
  return (geneve.get.versionLength(view, at) & lengthBits) * 4;
}

export function isGeneveOam(view: DataView, at: number): boolean {
  return (geneve.get.flags(view, at) & flag.oam) !== 0;
}

export function geneveSize(options: readonly GeneveOption[]): number {
  return options.reduce((size, { data }) => size + geneveOption.size + data.length, geneve.size);
}

export function emitGeneve(view: DataView, at: number, { isOam, isCritical, vni, options }: Geneve): void {
  geneve.set.versionLength(view, at, (geneveSize(options) - geneve.size) / 4);
  geneve.set.flags(view, at, (isOam ? flag.oam : 0) | (isCritical ? flag.critical : 0));
  geneve.set.protocol(view, at, etherType.transparentBridging);
  geneve.set.vni(view, at, vni);
  geneve.set.reserved(view, at, 0);
  let next = at + geneve.size;
  for (const option of options) {
    geneveOption.set.class(view, next, option.class);
    geneveOption.set.type(view, next, option.type);
    geneveOption.set.length(view, next, option.data.length / 4);
    next += geneveOption.size;
    for (const byte of option.data) view.setUint8(next++, byte);
  }
}
