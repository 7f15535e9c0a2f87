/**
 * Keys inside `other_config` and `options` as declarations: name, type, range, default. A reader never fails: text
 * that is no value of the type counts as absent, as in the reference, and `gaps.ts` tells the operator.
 * The keys themselves are in config-keys.ts.
 */

/** How one key's text becomes a value. */
export interface Key<T> {
  readonly name: string;
  readonly doc: string;
  /** What an absent or unusable text means. */
  readonly fallback: T;
  /** "15 to 3600", for messages and the reference page. */
  readonly wants: string;
  /** undefined: not a value. */
  read(text: string): T | undefined;
  /** What the reference says, as an error, of a text that is no value; undefined: nothing. */
  complaint?(text: string): string | undefined;
}

export type Keys = Readonly<Record<string, Key<unknown>>>;
export type Values<K extends Keys> = { readonly [N in keyof K]: K[N] extends Key<infer T> ? T : never };

/** Values outside the range are moved to its nearer end; with `isZeroUnset`, 0 is as if the key were not there. */
export function integerKey(
  name: string,
  range: { min: number; max: number; fallback: number; isZeroUnset?: true },
  doc: string,
): Key<number> {
  const { min, max, fallback, isZeroUnset } = range;
  return {
    name,
    doc,
    fallback,
    wants: `an integer, ${min} to ${max}`,
    read(text) {
      if (!/^-?\d{1,15}$/.test(text)) return undefined;
      const value = Number(text);
      return value === 0 && isZeroUnset === true ? fallback : Math.min(max, Math.max(min, value));
    },
  };
}

/** Values outside the range are as if the key were not there. */
export function rangeKey<F extends number | undefined>(
  name: string,
  { min, max, fallback }: { min: number; max: number; fallback: F },
  doc: string,
): Key<number | F> {
  const { read } = integerKey(
    name,
    { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, fallback: 0 },
    doc,
  );
  return {
    name,
    doc,
    fallback,
    wants: `an integer, ${min} to ${max}`,
    read(text) {
      const value = read(text);
      return value === undefined || value < min || value > max ? undefined : value;
    },
  };
}

export function booleanKey(name: string, fallback: boolean, doc: string): Key<boolean> {
  return {
    name,
    doc,
    fallback,
    wants: 'true or false',
    read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  };
}

/** `older`: words that are still understood. */
export function choiceKey<const T extends string>(
  name: string,
  choices: readonly T[],
  fallback: NoInfer<T>,
  doc: string,
  older: Readonly<Record<string, NoInfer<T>>> = {},
): Key<T> {
  return {
    name,
    doc,
    fallback,
    wants: `one of ${choices.join(', ')}`,
    read: (text) =>
      choices.find((choice) => choice === text) ?? (Object.hasOwn(older, text) ? older[text] : undefined),
  };
}

/** Text of a given form; `read` gives its canonical spelling. */
export function textKey(
  name: string,
  wants: string,
  read: (text: string) => string | undefined,
  doc: string,
  complaint: (text: string) => string | undefined = () => undefined,
): Key<string | undefined> {
  return { name, doc, fallback: undefined, wants, read, complaint };
}

/** "1:2,3:4": numbers by number. */
export function mapKey(name: string, wants: string, doc: string): Key<ReadonlyMap<number, number>> {
  return {
    name,
    doc,
    fallback: new Map(),
    wants,
    read(text) {
      const pairs = text.split(/[ ,\t\r\n]+/).filter((pair) => pair !== '');
      if (!pairs.every((pair) => /^\d{1,9}[:=]\d{1,9}$/.test(pair))) return undefined;
      return new Map(pairs.map((pair) => pair.split(/[:=]/).map(Number) as [number, number])); // of two numbers, as tested
    },
  };
}

/** All declared keys of a map at once. */
export function readKeys<K extends Keys>(keys: K, map: ReadonlyMap<string, string>): Values<K> {
  const values: Record<string, unknown> = {};
  for (const [property, key] of Object.entries(keys)) {
    const text = map.get(key.name);
    values[property] = (text === undefined ? undefined : key.read(text)) ?? key.fallback;
  }
  return values as Values<K>; // the loop above filled exactly K's keys, each with its own key's type
}
