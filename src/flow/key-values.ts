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

export function* keyValues(text: string): IterableIterator<KeyValue> {
  let at = 0;
  for (;;) {
    while (at < text.length && ', \t\r\n'.includes(text.charAt(at))) at++;
    if (at >= text.length) return;
    const start = at;
    while (at < text.length && !':=(, \t\r\n'.includes(text.charAt(at))) at++;
    const name = text.slice(start, at);
    const delimiter = text.charAt(at);
    if (delimiter !== '=' && delimiter !== ':' && delimiter !== '(') {
      at = Math.min(at + 1, text.length);
      yield { name, value: '', delimiter: '', end: at };
      continue;
    }
    const from = at + 1;
    let end = endOfValue(text, from, delimiter === '(' ? ')' : ', \t\r\n');
    // "(x)->y" is one value.
    if (delimiter === '(' && text.startsWith(')->', end)) end = endOfValue(text, end, ', \t\r\n');
    at = Math.min(end + 1, text.length);
    yield { name, value: text.slice(from, end), delimiter, end: at };
  }
}

/** Where the first of `delimiters` outside parentheses is. */
function endOfValue(text: string, from: number, delimiters: string): number {
  let at = from;
  while (at < text.length && !delimiters.includes(text.charAt(at))) {
    if (text.charAt(at) !== '(') {
      at++;
      continue;
    }
    let level = 0;
    do {
      const c = text.charAt(at++);
      if (c === '(') level++;
      else if (c === ')') level--;
      if (at > text.length) return text.length;
    } while (level > 0);
  }
  return at;
}
