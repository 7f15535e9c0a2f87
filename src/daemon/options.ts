/**
 * Command lines, read from declarations in the manner of getopt_long: abbreviated long options, "--x=y", "-xy",
 * bundled short options, "--" ends the options, and glibc's words for what is wrong. Used by every program.
 */
import { Refused } from '../base/errors.ts';
import { firstByte } from '../base/text.ts';

/** One option. `name` is the long form without dashes; an option with only a short form has no `name`. */
export interface OptionDef {
  readonly name?: string;
  /** One letter, "t" for -t. */
  readonly short?: string;
  /** Must it, may it ("=" form only) have an argument? None when absent. */
  readonly argument?: 'required' | 'optional';
  /** As in the help text: "SECS". */
  readonly metavar?: string;
  readonly help?: string;
  /** Stands for another option by its long name (its occurrences are reported under that name). */
  readonly alias?: string;
}

/** One occurrence on the command line, in order. `key` is the long name, or the letter when there is none. */
export interface OptionUse {
  readonly key: string;
  readonly argument: string | undefined;
}

export interface CommandLine {
  readonly options: readonly OptionUse[];
  /** What is not an option, in order. */
  readonly rest: readonly string[];
}

/** A wrong command line: the program prints "PROGRAM: message" and exits with 1. */
export class UsageError extends Refused {
  override readonly name = 'UsageError';
  constructor(message: string) {
    super('usage', message);
  }
}

export interface ReadOptionsStyle {
  /** Options end at the first other argument (getopt's "+"); otherwise they may stand anywhere. */
  readonly isOrdered?: boolean;
}

/** Throws UsageError with glibc's message, without the program's name. */
export function readOptions(
  args: readonly string[],
  defs: readonly OptionDef[],
  style: ReadOptionsStyle = {},
): CommandLine {
  const options: OptionUse[] = [];
  const rest: string[] = [];
  const queue = [...args];
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === '--') {
      rest.push(...queue);
      break;
    }
    if (arg.startsWith('--')) options.push(readLong(arg.slice(2), queue, defs));
    else if (arg.startsWith('-') && arg !== '-') options.push(...readShort(arg.slice(1), queue, defs));
    else if (style.isOrdered === true) {
      rest.push(arg, ...queue);
      break;
    } else rest.push(arg);
  }
  return { options, rest };
}

/** The last argument given for `key`; undefined when the option was not used (or without argument). */
export function lastArgument(line: CommandLine, key: string): string | undefined {
  return line.options.findLast((use) => use.key === key)?.argument;
}

export function isUsed(line: CommandLine, key: string): boolean {
  return line.options.some((use) => use.key === key);
}

/** The list that shell completion reads. */
export function optionList(defs: readonly OptionDef[]): string {
  const argument = { required: 'ARG', optional: '[ARG]' } as const;
  return defs
    .map(({ name, short, argument: kind }) => {
      const long = `--${name}${kind === undefined ? '' : `=${argument[kind]}`}\n`;
      return short === undefined ? long : `${long}-${short} ${kind === undefined ? '' : argument[kind]}\n`;
    })
    .join('');
}

function readLong(text: string, queue: string[], defs: readonly OptionDef[]): OptionUse {
  const equals = text.indexOf('=');
  const given = equals < 0 ? text : text.slice(0, equals);
  const inline = equals < 0 ? undefined : text.slice(equals + 1);
  const def = findLong(given, text, defs);
  const shown = `'--${def.name}'`;
  if (inline !== undefined && def.argument === undefined)
    throw new UsageError(`option ${shown} doesn't allow an argument`);
  if (inline !== undefined || def.argument !== 'required') return use(def, inline);
  const next = queue.shift();
  if (next === undefined) throw new UsageError(`option ${shown} requires an argument`);
  return use(def, next);
}

function findLong(given: string, text: string, defs: readonly OptionDef[]): OptionDef {
  const exact = defs.find((def) => def.name === given);
  if (exact !== undefined) return exact;
  const found = defs.filter((def) => def.name?.startsWith(given));
  const [first] = found;
  if (first === undefined) throw new UsageError(`unrecognized option '--${text}'`);
  const meanings = new Set(found.map((def) => `${keyOf(def)} ${def.argument}`));
  if (meanings.size > 1) {
    const list = found.map((def) => `'--${def.name}'`).join(' ');
    throw new UsageError(`option '--${text}' is ambiguous; possibilities: ${list}`);
  }
  return first;
}

function readShort(letters: string, queue: string[], defs: readonly OptionDef[]): OptionUse[] {
  const uses: OptionUse[] = [];
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at];
    const def = defs.find((candidate) => candidate.short === letter);
    if (def === undefined) throw new UsageError(`invalid option -- '${firstByte(letters.slice(at))}'`);
    const tail = letters.slice(at + 1);
    if (def.argument === undefined) {
      uses.push(use(def, undefined));
      continue;
    }
    const argument = tail !== '' ? tail : def.argument === 'required' ? queue.shift() : undefined;
    if (argument === undefined && def.argument === 'required')
      throw new UsageError(`option requires an argument -- '${letter}'`);
    uses.push(use(def, argument));
    break;
  }
  return uses;
}

function use(def: OptionDef, argument: string | undefined): OptionUse {
  return { key: keyOf(def), argument };
}

function keyOf(def: OptionDef): string {
  return def.alias ?? def.name ?? def.short ?? '';
}
