/**
 * How a message is declared: its name; for each range of versions where it stands on the wire and how its body is read
 * and written; and its text. A value has one shape for all versions.
 */
import type { PortText } from '../flow/fields/text.ts';
import type { Paint } from '../flow/match-format/match-item.ts';
import type { OptionTable, Reader, Writer } from './bytes.ts';
import { OpenFlowError } from './errors.ts';
import type { TableText } from './text/names.ts';
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
  /** The name it is printed by, where that is not the message's own. */
  readonly as?: string;
  /** Bytes of the body: so many at least, then any multiple of `step`; 0 for no more. */
  readonly size: readonly [least: number, step: number];
  /** `size` was checked. Throws OpenFlowError. */
  readonly decode: (body: Reader, version: WireVersion, inner: InnerMessages, recipient?: Recipient) => V;
  readonly encode: (value: V, to: Writer, version: WireVersion) => void;
}

/**
 * The switch that is to do what a message says. It refuses what others, who print a message or keep it, pass over: what is
 * wrong first is what it tells, so it is asked while a message is read.
 */
export interface Recipient extends OptionTable {
  /** Changes of flows tell their table in OpenFlow 1.0 too. */
  readonly tellsTable: boolean;
}

/** For messages that have others inside. Both throw OpenFlowError. */
export interface InnerMessages {
  /** Which message it is. */
  readonly nameOf: (bytes: Uint8Array) => { readonly name: string; readonly printed: string };
  /** The same, after reading the whole of it. */
  readonly check: (bytes: Uint8Array) => string;
}

/** What the text of a message depends on, besides its value. */
export interface MessageText {
  readonly version: WireVersion;
  /** As the message is printed, "NXT_PACKET_IN2". */
  readonly form: string;
  readonly ports: PortText;
  readonly tables: TableText;
  readonly paint?: Paint | undefined;
  /** 0 for little, more for more; 1 is what most commands use. */
  readonly verbosity: number;
  /** The whole message. */
  readonly bytes: Uint8Array;
  /** The value is what could be read before something was wrong. */
  readonly isCut: boolean;
  /** The text of a message that is part of this one. */
  readonly nested: (bytes: Uint8Array, verbosity: number) => string;
}

export interface MessageDeclaration<N extends string, V> {
  /** As it is printed, without the prefix that says whose it is; multiparts end in _REQUEST or _REPLY. */
  readonly name: N;
  /** Of several that a version has, the first is what is sent unless another is asked for. */
  readonly forms: readonly MessageForm<V>[];
  /** What ovs-ofctl prints behind the colon of "NAME (xid=0x1):". */
  readonly format: (value: V, context: MessageText) => string;
}

export function defineMessage<N extends string, V>(
  name: N,
  forms: readonly MessageForm<V>[],
  format: (value: V, context: MessageText) => string,
): MessageDeclaration<N, V> {
  return { name, forms, format };
}

/** A message without body. */
export function bareMessage<N extends string>(
  name: N,
  ...places: readonly WirePlace[]
): MessageDeclaration<N, undefined> {
  const forms = places.map(
    (wire): MessageForm<undefined> => ({ wire, size: [0, 0], decode: () => undefined, encode: () => {} }),
  );
  return { name, forms, format: () => '' };
}

/** A body that is a list of things up to its end. What was read before an error is the error's `partial`. */
export function listForm<T>(
  wire: WirePlace,
  size: readonly [least: number, step: number],
  read: (from: Reader, version: WireVersion, recipient?: Recipient) => T,
  write: (one: T, to: Writer, version: WireVersion) => void,
): MessageForm<readonly T[]> {
  return {
    wire,
    size,
    decode(body, version, _inner, recipient) {
      const list: T[] = [];
      try {
        while (body.left > 0) list.push(read(body, version, recipient));
      } catch (error) {
        throw error instanceof OpenFlowError ? error.after(list) : error;
      }
      return list;
    },
    encode(list, to, version) {
      for (const one of list) write(one, to, version);
    },
  };
}
