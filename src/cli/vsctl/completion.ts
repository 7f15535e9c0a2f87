/** `--commands` and `--options`: what the shell's completion wants to know, in the form that it reads. */
import { orderAsHashed } from '../../base/hash-order.ts';
import type { OptionDef } from '../../daemon/options.ts';
import type { CommandDef } from '../db-ctl/command.ts';

export function listOptions(defs: readonly OptionDef[]): string {
  return defs
    .flatMap(({ name, short, argument }) => {
      const long = name === undefined ? [] : [`--${name}${argument === undefined ? '' : '=ARG'}`];
      return short === undefined ? long : [...long, `-${short}${argument === undefined ? '' : ' ARG'}`];
    })
    .map((line) => `${line}\n`)
    .join('');
}

export function listVsctlCommands(defs: readonly CommandDef[]): string {
  return orderAsHashed(defs, ({ name }) => name)
    .map(({ name, options, arguments: args }) => {
      const shown = options.map((option) => `[${option}] `).join('');
      return `${shown},${name},${completionArguments(args)}\n`;
    })
    .join('');
}

/** Each word gets a mark: "!" needed, "?" optional, "+" one or more, "*" any number. */
function completionArguments(text: string): string {
  if (text === '') return '';
  return text.split(' ').map(completionWord).join(' ');
}

function completionWord(word: string): string {
  const isRepeated = word.endsWith('...');
  const bare = word.replace(/\.\.\.$/, '');
  const isOptional = bare.startsWith('[') && bare.endsWith(']') && closesAtEnd(bare);
  const inner = (isOptional ? bare.slice(1, -1) : bare).replaceAll('[', '?').replaceAll(']', '');
  const mark = isOptional ? (isRepeated ? '*' : '?') : isRepeated ? '+' : '!';
  return mark + inner;
}

/** Does the first bracket close with the last character? */
function closesAtEnd(text: string): boolean {
  let depth = 0;
  for (const [i, c] of [...text].entries()) {
    if (c === '[') depth++;
    if (c === ']' && --depth === 0) return i === text.length - 1;
  }
  return false;
}
