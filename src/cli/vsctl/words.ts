/** Command lines as text, quoted so that the log can be read and pasted. */
import { compareBytes } from '../../base/text.ts';
import type { CommandUse } from '../db-ctl/command.ts';

/** Options, sorted by name, then the command. */
export function commandText({ def, args, options }: CommandUse): string {
  return quoteWords([...[...options.keys()].sort(compareBytes), def.name, ...args]);
}

/** Words with spaces or special characters come in double quotes. */
export function quoteWords(words: readonly string[]): string {
  return words
    .map((word) => (/[ \t\r\n\v\\'"]/.test(word) ? `"${word.replace(/[\\"]/g, '\\$&')}"` : word))
    .join(' ');
}
