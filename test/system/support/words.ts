/** Command lines as the tables of tests write them. */

const word = /(?:'[^']*'|"[^"]*"|[^\s'"])+/g;
const quoted = /'([^']*)'|"([^"]*)"/g;

/** Words at spaces; quotes of either kind hold a word together, as in a shell. */
export function splitWords(line: string): string[] {
  return [...line.matchAll(word)].map(([one]) => one.replace(quoted, '$1$2'));
}
