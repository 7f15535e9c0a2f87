/** Pages of docs/ that show commands and the JSON that they answer, so that tests can hold the programs to them. */
import type { Json } from '../../../src/rpc/channel.ts';
import { JsonReal } from '../../../src/rpc/json-value.ts';

export interface Example {
  readonly command: string;
  /** What `reply` is like; undefined where the command is refused. */
  readonly reply: Json | undefined;
}

/** The examples of a part of a page: a command, and what it answers in the lines up to an empty one. */
export function examplesOf(section: string): Example[] {
  return [...section.matchAll(/^```\n(.*?)\n```$/gms)].flatMap(([, block = '']) =>
    block.split('\n\n').map((text) => {
      const [command = '', ...lines] = text.split('\n');
      const reply = lines.join('\n');
      return { command, reply: reply === 'refused' ? undefined : JSON.parse(reply) };
    }),
  );
}

/** Does `value` look like `example`: the same keys, the same types, in a list no other kinds of elements? */
export function isLike(value: Json, example: Json): boolean {
  if (Array.isArray(example)) {
    const isKnown = (one: Json): boolean => example.some((kind: Json) => isLike(one, kind));
    return Array.isArray(value) && value.every(isKnown);
  }
  if (typeof example === 'number' && value instanceof JsonReal) return true;
  if (typeof example !== 'object' || example === null)
    return value === null ? example === null : typeof value === typeof example;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { '...': others, ...named } = example as Record<string, Json>;
  const keys = new Set([...Object.keys(value), ...(others === undefined ? Object.keys(named) : [])]);
  return [...keys].every((key) => {
    const own = (value as Record<string, Json>)[key];
    const shown = named[key] ?? (key in named ? null : others);
    return own !== undefined && shown !== undefined && isLike(own, shown);
  });
}
