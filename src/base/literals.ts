/**
 * Object literals and lists of names that say all that there is: their names and values with the types that the compiler
 * gives the whole. Only for objects that have no keys beside those of their type.
 */

export function namesIn<T extends object>(literal: T): (keyof T & string)[] {
  return Object.keys(literal) as (keyof T & string)[]; // it has no others
}

export function entriesIn<T extends object>(literal: T): [keyof T & string, Required<T>[keyof T & string]][] {
  return Object.entries(literal) as [keyof T & string, Required<T>[keyof T & string]][]; // it has no others
}

/** What `make` makes of each name, by that. */
export function recordFrom<const K extends string, V>(
  names: readonly K[],
  make: (name: K, n: number) => V,
): Record<K, V> {
  return Object.fromEntries(names.map((name, n) => [name, make(name, n)])) as Record<K, V>; // every one
}

export function hasName<T extends object>(literal: T, name: string): name is keyof T & string {
  return Object.hasOwn(literal, name);
}

export function isOneOf<K extends string>(names: readonly K[], name: string): name is K {
  return names.some((one) => one === name);
}
