/** What packets are spread by, as `bundle` and `multipath` name it (ovs-actions(7)). */
import { wrong } from './arguments.ts';

/** By their numbers. */
const hashFields = [
  'eth_src',
  'symmetric_l4',
  'symmetric_l3l4',
  'symmetric_l3l4+udp',
  'nw_src',
  'nw_dst',
  'symmetric_l3',
] as const;

export type HashFields = (typeof hashFields)[number];

/** undefined for a number that nobody knows. */
export function hashFieldsOf(number: number): HashFields | undefined {
  return hashFields[number];
}

export function hashFieldsNumber(fields: HashFields): number {
  return hashFields.indexOf(fields);
}

/** `all` is the text that a message is about. */
export function readHashFields(text: string, all: string): HashFields {
  return readChoice(hashFields, text, `${all}: unknown fields \`${text}'`);
}

/** One of some words, in any case. */
export function readChoice<T extends string>(choices: readonly T[], text: string, why: string): T {
  const found = choices.find((choice) => choice === text.toLowerCase());
  if (found === undefined) throw wrong(why);
  return found;
}

/** The next word of a text as C's strtok finds it: what stands before it of `delimiters` is passed over. */
export function nextWord(text: string, delimiters: string): { word: string | undefined; rest: string } {
  let start = 0;
  while (start < text.length && delimiters.includes(text.charAt(start))) start++;
  let end = start;
  while (end < text.length && !delimiters.includes(text.charAt(end))) end++;
  return { word: start === end ? undefined : text.slice(start, end), rest: text.slice(end + 1) };
}
