/**
 * How a message is declared: its name, and for each range of versions where it stands on the wire and how its body is
 * read and written. A value has one shape for all versions.
 */
import type { Reader, Writer } from './bytes.ts';
import type { VersionRange, WireVersion } from './versions.ts';

/**
 * Whose number it is, since when, and the number: OFPT and OFPST are the standard's messages and multiparts (statistics
 * before 1.3), NXT and NXST Nicira's, ONFT and ONFST the ONF's.
 */
export type WirePlace =
  | `${'OFPT' | 'NXT' | 'ONFT'} ${VersionRange} ${number}`
  | `${'OFPST' | 'NXST' | 'ONFST'} ${VersionRange} ${number} ${'request' | 'reply'}`;

export interface MessageForm<V> {
  readonly wire: WirePlace;
  /** Bytes of the body: so many at least, then any multiple of `step`; 0 for no more. */
  readonly size: readonly [least: number, step: number];
  /** `size` was checked. Throws OpenFlowError. */
  readonly decode: (body: Reader, version: WireVersion) => V;
  readonly encode: (value: V, to: Writer, version: WireVersion) => void;
}

export interface MessageDeclaration<N extends string, V> {
  /** As it is printed, without the prefix that says whose it is. */
  readonly name: N;
  /** Of several that a version has, the first is what is sent. */
  readonly forms: readonly MessageForm<V>[];
}

export function defineMessage<N extends string, V>(
  name: N,
  ...forms: readonly MessageForm<V>[]
): MessageDeclaration<N, V> {
  return { name, forms };
}

/** A form without body. */
export function bare(wire: WirePlace): MessageForm<undefined> {
  return { wire, size: [0, 0], decode: () => undefined, encode: () => {} };
}
