/**
 * "name", "name=value", "name:value" and "name(value)", at commas and white space: how flows, matches and many
 * arguments of actions are written (ovs-ofctl(8)).
 */

export interface KeyValue {
  readonly name: string;
  /** Empty when there is none. */
  readonly value: string;
  /** What stands between the two. */
  readonly delimiter: '' | '=' | ':' | '(';
  /** Where the text goes on behind it. */
  readonly end: number;
}

const [equals, colon, opening, closing] = ['=', ':', '(', ')'].map((c) => c.charCodeAt(0));
/** What a character ends, as bits; by its code. */
const ends = { value: 1, name: 2 } as const;
const kinds = new Uint8Array(256);
for (const c of ', \t\r\n') kinds[c.charCodeAt(0)] = ends.value | ends.name;
for (const c of ':=(') kinds[c.charCodeAt(0)] = ends.name;

/** Does the character at `at` end such a thing? */
function isEnd(text: string, at: number, what: number): boolean {
  return ((kinds[text.charCodeAt(at)] ?? 0) & what) !== 0;
}

export function keyValues(text: string): KeyValue[] {
  const found: KeyValue[] = [];
  const { length } = text;
  let at = 0;
  for (;;) {
    while (at < length && isEnd(text, at, ends.value)) at++;
    if (at >= length) return found;
    const start = at;
    while (at < length && !isEnd(text, at, ends.name)) at++;
    const name = text.slice(start, at);
    const delimiter = delimiterAt(text, at);
    if (delimiter === '') {
      at = Math.min(at + 1, length);
      found.push({ name, value: '', delimiter, end: at });
      continue;
    }
    const from = at + 1;
    let end = delimiter === '(' ? endOfParentheses(text, from) : endOfValue(text, from);
    // "(x)->y" is one value.
    if (delimiter === '(' && text.startsWith(')->', end)) end = endOfValue(text, end);
    at = Math.min(end + 1, length);
    found.push({ name, value: text.slice(from, end), delimiter, end: at });
  }
}

function delimiterAt(text: string, at: number): KeyValue['delimiter'] {
  const code = text.charCodeAt(at);
  if (code === equals) return '=';
  if (code === colon) return ':';
  return code === opening ? '(' : '';
}

/** Where the first comma or white space outside parentheses is. */
function endOfValue(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isEnd(text, at, ends.value))
    at = text.charCodeAt(at) === opening ? behindParentheses(text, at) : at + 1;
  return at;
}

/** Where the parenthesis is closed that is open at `from`. */
function endOfParentheses(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) !== closing)
    at = text.charCodeAt(at) === opening ? behindParentheses(text, at) : at + 1;
  return at;
}

/** Behind the parenthesis that closes the one at `from`; at the end of the text when none does. */
function behindParentheses(text: string, from: number): number {
  let level = 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === opening) level++;
    else if (code === closing && --level === 0) return at + 1;
  }
  return text.length;
}
