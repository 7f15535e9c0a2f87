/**
 * How an action is declared: its name, where it stands on the wire in which versions, its arguments, and its text. An
 * action of one fixed layout says only what its arguments are; `forms` is for those that look different here and there.
 */
import type { PortText } from '../../flow/fields/text.ts';
import type { Reader, Writer } from '../bytes.ts';
import type { VersionRange, WireVersion } from '../versions.ts';

/** Whose number it is (the standard's, Nicira's or the ONF's), in which versions, and the number. */
export type ActionPlace = `${'OF' | 'NX' | 'ONF'} ${VersionRange} ${number}`;

/** How a value of one argument stands on the wire. Numbers are aligned to their size, counted from the action's start. */
export interface Argument<T> {
  readonly size: (version: WireVersion, isStandard: boolean) => number;
  readonly decode: (from: Reader, size: number) => T;
  readonly encode: (to: Writer, value: T, size: number) => void;
}

export interface ActionForm<V> {
  readonly wire: ActionPlace;
  /** Bytes behind the header: so many at least, then any multiple of `step`; 0 for no more. */
  readonly size: (version: WireVersion) => readonly [least: number, step: number];
  /** `body` begins behind the header. Throws OpenFlowError. */
  readonly decode: (body: Reader, version: WireVersion) => V;
  readonly encode: (value: V, to: Writer, version: WireVersion) => void;
  /** Can the form say it? The first that can is sent; all can where this is absent. */
  readonly canSay?: (value: V) => boolean;
}

/** What the text of actions depends on. */
export interface ActionText {
  readonly ports: PortText;
}

export interface ActionDeclaration<N extends string, V> {
  readonly name: N;
  readonly forms: readonly ActionForm<V>[];
  /** Words that begin its text, the first of which is its own; each may say what follows in another way. */
  readonly words: readonly string[];
  /** Reads what stands behind the word. Throws Malformed, whose `why` is the whole message. */
  readonly read: (text: string, context: ActionText, word: string) => V;
  readonly format: (value: V, context: ActionText) => string;
}

export function defineAction<N extends string, V extends object>(
  name: N,
  declared: Omit<ActionDeclaration<N, V>, 'name'>,
): ActionDeclaration<N, V> {
  return { name, ...declared };
}

const nothing = {} as const;

/** An action that is no more than its name. What follows its word is ignored, as the reference does. */
export function withoutArguments<N extends string>(
  name: N,
  places: readonly ActionPlace[],
  word: string,
  ...otherWords: readonly string[]
): ActionDeclaration<N, Record<never, never>> {
  return defineAction(name, {
    forms: laidOut<Record<never, never>>(places, {}),
    words: [word, ...otherWords],
    read: () => nothing,
    format: () => word,
  });
}

/** Bytes of what names an action before its arguments. */
export function headerSizeOf(wire: ActionPlace): number {
  return wire.startsWith('OF ') ? 4 : 10;
}

/** One form at each place, of arguments in a row, with zeros up to a multiple of eight. */
export function laidOut<V extends object>(
  places: readonly ActionPlace[],
  args: { readonly [K in keyof V]: Argument<V[K]> },
): ActionForm<V>[] {
  const names = Object.keys(args) as (keyof V & string)[]; // an object literal has no others
  return places.map((wire) => {
    const isStandard = wire.startsWith('OF ');
    const header = headerSizeOf(wire);
    const offsets = (version: WireVersion): { at: number[]; end: number } => {
      let end = header;
      const at = names.map((name) => {
        const size = args[name].size(version, isStandard);
        const alignment = size <= 8 && (size & (size - 1)) === 0 ? size : 1;
        const start = Math.ceil(end / alignment) * alignment;
        end = start + size;
        return start;
      });
      return { at, end: Math.ceil(end / 8) * 8 };
    };
    return {
      wire,
      size: (version) => [offsets(version).end - header, 0],
      decode(body, version) {
        const start = body.at - header;
        const { at } = offsets(version);
        const value: Partial<V> = {};
        names.forEach((name, n) => {
          body.skip(start + (at[n] ?? 0) - body.at);
          value[name] = args[name].decode(body, args[name].size(version, isStandard));
        });
        return value as V; // every name was read
      },
      encode(value, to, version) {
        const start = to.size - header;
        const { at, end } = offsets(version);
        names.forEach((name, n) => {
          to.room(start + (at[n] ?? 0) - to.size);
          args[name].encode(to, value[name], args[name].size(version, isStandard));
        });
        to.room(start + end - to.size);
      },
    };
  });
}
