/** Command lines as the tables of tests write them. */

/** Words at spaces; single quotes hold a word together. */
export function splitWords(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''));
}
