/**
 * How an action is declared: its name, where it stands on the wire in which versions, its arguments, its text, and what
 * it asks of packets. An action of one fixed layout says only what its arguments are; `forms` is for those that look
 * different here and there, `sentAs` for what a version says by other actions.
 */
import { namesIn } from '../../base/literals.ts';
import type { PortText } from '../../flow/fields/text.ts';
import type { Paint } from '../../flow/match-format/match-item.ts';
import type { Reader, Writer } from '../bytes.ts';
import type { ErrorName } from '../errors.ts';
import type { ProtocolSet } from '../protocols/protocols.ts';
import type { TableText } from '../text/names.ts';
import type { VersionRange, WireVersion } from '../versions.ts';
import type { PacketShape } from './packet-shape.ts';

/** Any action, as actions that hold lists know them; `index.ts` says which there are. */
export interface AnyAction {
  readonly do: string;
}

/** Actions that others stand inside of. */
export type Outer = 'clone' | 'ct' | 'write_actions';

/** Lists inside of actions; what reads and writes them is given to the declarations, on which it stands itself. */
type List = readonly AnyAction[];

/**
 * Whose number it is (the standard's, Nicira's or the ONF's), in which versions, the number, and what the log calls it.
 */
export type ActionPlace = `${'OF' | 'NX' | 'ONF'} ${VersionRange} ${number} ${string}`;

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
  readonly decode: (
    body: Reader,
    version: WireVersion,
    decodeInner: (body: Reader, outer?: Outer) => List,
  ) => V;
  /** What it writes is filled up with zeros to a multiple of eight bytes. */
  readonly encode: (value: V, to: Writer, version: WireVersion, encodeInner: (list: List) => void) => void;
  /** Can the form say it? The first that can is sent; all can where this is absent. */
  readonly canSay?: (value: V, version: WireVersion) => boolean;
}

/** What the text of actions depends on. */
export interface ActionText {
  readonly ports: PortText;
  /** Numbers only where it is absent. */
  readonly tables?: TableText | undefined;
  readonly paint?: Paint | undefined;
}

/** What a switch has, as far as actions name it. */
export interface CheckLimits {
  /** One above the highest number of a port. */
  readonly portLimit: number;
  /** That the actions are in; 255 for any. */
  readonly table: number;
  /** 255 for any number. */
  readonly tableCount: number;
}

/**
 * Whether packets have what an action needs. 'inconsistent' is an error in every version but OpenFlow 1.0, where such an
 * action does nothing.
 */
export type Verdict = ErrorName | 'inconsistent' | undefined;

/** What an action is, of the instructions of OpenFlow 1.1 and later, in the order in which a switch obeys them. */
export const instructionNames = [
  'meter',
  'apply_actions',
  'clear_actions',
  'write_actions',
  'write_metadata',
  'goto_table',
] as const;

export type InstructionName = (typeof instructionNames)[number];

export interface ActionDeclaration<N extends string, V> {
  readonly name: N;
  readonly forms: readonly ActionForm<V>[];
  /** Words that begin its text, the first of which is what messages call it. */
  readonly words: readonly string[];
  /**
   * Reads what stands behind the word, which may mean another action. Throws Malformed, whose `why` is the whole
   * message.
   */
  readonly read: (
    text: string,
    context: ActionText,
    word: string,
    readInner: (text: string, outer: Outer) => List,
  ) => V | AnyAction;
  readonly format: (value: V, context: ActionText, formatInner: (list: List) => string) => string;
  /** What a version says in its place; undefined where that is the action itself. */
  readonly sentAs?: (value: V, version: WireVersion, packet: PacketShape) => List | undefined;
  /** Lists of actions in it. */
  readonly inner?: (value: V) => List;
  /** What protocols ovs-ofctl sends it in; in all where this is absent, though a version may have to leave it out. */
  readonly usableIn?: (value: V) => ProtocolSet;
  /** What it makes of the packets that the actions behind it get. */
  readonly changes?: (value: V, packet: PacketShape) => void;
  readonly check?: (
    value: V,
    packet: PacketShape,
    limits: CheckLimits,
    checkInner: (list: List) => Verdict,
  ) => Verdict;
  /** An instruction of its own, instead of one of the actions that a flow applies. */
  readonly instruction?: InstructionName;
  /** Taken from bytes only where somebody tests a switch. */
  readonly isForTests?: true;
}

export function defineAction<N extends string, V extends object>(
  name: N,
  declared: Omit<ActionDeclaration<N, V>, 'name'>,
): ActionDeclaration<N, V> {
  return { name, ...declared };
}

/** Of an action that is no more than its name. */
export type WithoutArguments = Record<never, never>;
/** An action that another one means or becomes. */
export function instead<V extends object>(
  { name }: { readonly name: string; readonly format: (value: V, ...rest: never[]) => string },
  value: V,
): AnyAction {
  return { do: name, ...value };
}

const nothing: WithoutArguments = {};

/** An action that is no more than its name. What follows its word is ignored, as the reference does. */
export function withoutArguments<N extends string>(
  name: N,
  places: readonly ActionPlace[],
  more: Pick<ActionDeclaration<N, WithoutArguments>, 'check' | 'changes' | 'isForTests'> = {},
): ActionDeclaration<N, WithoutArguments> {
  return defineAction(name, {
    forms: laidOut<WithoutArguments>(places, {}),
    words: [name],
    read: () => nothing,
    format: () => name,
    ...more,
  });
}

/** Bytes of what names an action before its arguments. */
export function headerSizeOf(wire: ActionPlace): number {
  return wire.startsWith('OF ') ? 4 : 10;
}

/** Where an argument stands in one version. */
interface Placed<V> {
  readonly name: keyof V & string;
  readonly argument: Argument<V[keyof V & string]>;
  /** Bytes without meaning before it. */
  readonly gap: number;
  readonly size: number;
}

/** One form at each place, of arguments in a row. */
export function laidOut<V extends object>(
  places: readonly ActionPlace[],
  args: { readonly [K in keyof V]: Argument<V[K]> },
): ActionForm<V>[] {
  const names = namesIn(args);
  return places.map((wire) => {
    const isStandard = wire.startsWith('OF ');
    const header = headerSizeOf(wire);
    const layOut = (version: WireVersion): { placed: Placed<V>[]; size: number } => {
      let end = header;
      const placed = names.map((name): Placed<V> => {
        const argument = args[name];
        const size = argument.size(version, isStandard);
        const alignment = size <= 8 && (size & (size - 1)) === 0 ? size : 1;
        const gap = (alignment - (end % alignment)) % alignment;
        end += gap + size;
        return { name, argument, gap, size };
      });
      return { placed, size: Math.ceil(end / 8) * 8 - header };
    };
    const first = layOut(1);
    const later = layOut(2);
    return {
      wire,
      size: (version) => [(version === 1 ? first : later).size, 0],
      decode(body, version) {
        const value: Partial<V> = {};
        for (const { name, argument, gap, size } of (version === 1 ? first : later).placed) {
          if (gap !== 0) body.skip(gap);
          value[name] = argument.decode(body, size);
        }
        return value as V; // every name was read
      },
      encode(value, to, version) {
        for (const { name, argument, gap, size } of (version === 1 ? first : later).placed) {
          if (gap !== 0) to.room(gap);
          argument.encode(to, value[name], size);
        }
      },
    };
  });
}
