/** Numbers of ports and tables by the names that a switch gives them: ovs-ofctl(8) --names. */
import { warningsOf } from '../errors.ts';

export interface Names {
  /** As it is printed; undefined where the number has no name of its own. */
  readonly nameOf: (number: number) => string | undefined;
  /** By a name as it is typed: plain, or as a JSON string. */
  readonly numberOf: (text: string) => number | undefined;
}

export const noNames: Names = { nameOf: () => undefined, numberOf: () => undefined };

/** A name of several numbers, and a number of several names, says nothing. */
export function namesOf(pairs: Iterable<readonly [number: number, name: string]>): Names {
  const names = new Map<number, string>();
  const numbers = new Map<string, number>();
  const unclear = new Set<number>();
  for (const [number, name] of pairs) {
    const known = numbers.get(name);
    if (known !== undefined) {
      if (known !== number) unclear.add(known);
    } else if (names.has(number)) unclear.add(number);
    else {
      names.set(number, name);
      numbers.set(name, number);
    }
  }
  for (const number of unclear) {
    numbers.delete(names.get(number) ?? '');
    names.delete(number);
  }
  return {
    nameOf(number) {
      const name = names.get(number);
      return name === undefined ? undefined : quoted(name);
    },
    numberOf: (text) => numbers.get(text.startsWith('"') ? unquoted(text) : text),
  };
}

/** Letters and digits stand for themselves, other names are JSON strings. */
function quoted(name: string): string {
  return /^[a-z][a-z0-9]*$/i.test(name) ? name : JSON.stringify(name);
}

/** Empty for what is no JSON string. */
function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return '';
  }
}

/** How tables read and print. */
export interface TableText {
  /** Any name or number of a table; undefined for one that cannot be. */
  readonly read: (text: string) => number | undefined;
  readonly format: (table: number) => string;
}

const lastTable = 255;
const warn = warningsOf('ofp_table');

export function tableTextOf({ nameOf, numberOf }: Names): TableText {
  return {
    read(text) {
      if (!/^\d+$/.test(text)) return numberOf(text);
      if (Number(text) <= lastTable) return Number(text);
      if (Number(text) <= 0xffffffff)
        warn(`table ${text} is outside the supported range 0 through ${lastTable}`);
      return undefined;
    },
    format: (table) => nameOf(table) ?? String(table),
  };
}

/** Tables by their numbers. */
export const tableText: TableText = tableTextOf(noNames);
