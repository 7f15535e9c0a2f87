/**
 * Lines of commands: `[OPTIONS] COMMAND [ARG]... [-- ...]`, read against the declarations of a program's commands, and
 * what a command gets to work with. Generic over the programs that work on a database's tables.
 */
import type { OptionDef } from '../../daemon/options.ts';
import type { Datum } from '../../ovsdb/engine/types.ts';
import type { Json } from '../../rpc/channel.ts';
import type { TextTable } from '../table.ts';
import { CommandFailed, readDatum } from './datum-text.ts';
import type { CtlColumn, CtlSchema } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import type { SymbolTable } from './symbols.ts';
import type { Work } from './work.ts';

/** A command, and all that help, completion and checks need to know of it. */
export interface CommandDef {
  readonly name: string;
  readonly minArgs: number;
  /** Infinity where the last argument may repeat. */
  readonly maxArgs: number;
  /** For completion: "BRIDGE NEW-PORT [COLUMN[:KEY]=VALUE]...". */
  readonly arguments: string;
  /** Its own options: `--x`, `--x=` with a required argument. */
  readonly options: readonly string[];
  readonly mayWrite: boolean;
  /** Checks what needs no database, and tells what the command is going to ask. Throws CommandFailed. */
  prepare?(command: CommandUse, prep: Preparation): void;
  /** Throws CommandFailed, ExitEarly or Missing. */
  run?(context: Context): void;
}

/** One command of a line. */
export interface CommandUse {
  readonly def: CommandDef;
  /** Without the command's name. */
  readonly args: readonly string[];
  /** By name with dashes; undefined for one without argument. */
  readonly options: ReadonlyMap<string, string | undefined>;
}

export interface Preparation {
  readonly schema: CtlSchema;
  readonly snapshot: Snapshot;
  warn(module: string, text: string): void;
}

/** What a running command works with, and what it leaves behind. */
export class Context {
  readonly command: CommandUse;
  readonly work: Work;
  readonly symbols: SymbolTable;
  /** No command comes after this one. */
  readonly isLast: boolean;
  readonly warn: (module: string, text: string) => void;
  output = '';
  /** What is printed, as data: null where that is nothing. */
  value: Json = null;
  table: TextTable | undefined;
  /** What the command waits for has not come: run again when the database changes. */
  isWaiting = false;
  /** Set by commands that print the uuid of a row they made, which the server may change. */
  insertedRow: string | undefined;

  constructor(
    command: CommandUse,
    work: Work,
    symbols: SymbolTable,
    isLast: boolean,
    warn: (module: string, text: string) => void,
  ) {
    this.command = command;
    this.work = work;
    this.symbols = symbols;
    this.isLast = isLast;
    this.warn = warn;
  }

  /** The argument at that place; '' when not given. */
  arg(at: number): string {
    return this.command.args[at] ?? '';
  }

  has(option: string): boolean {
    return this.command.options.has(option);
  }

  print(line: string, value: Json = line): void {
    this.output += `${line}\n`;
    this.value = value;
  }

  /** One a line. */
  printList(lines: readonly string[], values: readonly Json[] = lines): void {
    for (const line of lines) this.print(line);
    this.value = values;
  }

  readDatum(text: string, column: CtlColumn): Datum {
    return readDatum(text, column.type, this.symbols);
  }
}

/** Ends the program at once with that status, without output. */
export class ExitEarly {
  readonly status: number;

  constructor(status: number) {
    this.status = status;
  }
}

/** The options of all commands, as the program's own option parser needs them. */
export function commandOptions(defs: readonly CommandDef[]): OptionDef[] {
  const options = new Map<string, OptionDef>();
  for (const spelled of defs.flatMap((def) => def.options)) {
    const name = spelled.slice(2).replace(/=$/, '');
    options.set(name, spelled.endsWith('=') ? { name, argument: 'required' } : { name });
  }
  return [...options.values()];
}

/** `firstOptions` stood before the first "--" and belong to the first command. Throws CommandFailed. */
export function readCommands(
  words: readonly string[],
  firstOptions: ReadonlyMap<string, string | undefined>,
  defs: readonly CommandDef[],
): CommandUse[] {
  const commands: CommandUse[] = [];
  let options = new Map(firstOptions);
  let start = 0;
  for (let at = 0; at <= words.length; at++) {
    if (at < words.length && words[at] !== '--') continue;
    if (at > start) {
      commands.push(readCommand(words.slice(start, at), options, defs));
      options = new Map();
    } else if (options.size > 0) throw new CommandFailed(noCommand);
    start = at + 1;
  }
  if (commands.length === 0) throw new CommandFailed(noCommand);
  return commands;
}

const noCommand = 'missing command name (use --help for help)';

function readCommand(
  words: readonly string[],
  options: Map<string, string | undefined>,
  defs: readonly CommandDef[],
): CommandUse {
  let at = 0;
  for (; words[at]?.startsWith('-') === true; at++) {
    const word = words[at] ?? '';
    const equals = word.indexOf('=');
    const key = equals < 0 ? word : word.slice(0, equals);
    if (options.has(key)) throw new CommandFailed(`'${word}' option specified multiple times`);
    options.set(key, equals < 0 ? undefined : word.slice(equals + 1));
  }
  const name = words[at];
  if (name === undefined) throw new CommandFailed(noCommand);
  const def = defs.find((one) => one.name === name);
  if (def === undefined) throw new CommandFailed(`unknown command '${name}'; use --help for help`);
  for (const [key, value] of options) checkOption(def, key, value);
  const args = words.slice(at + 1);
  checkArgumentCount(def, args);
  return { def, args, options };
}

function checkOption(def: CommandDef, key: string, value: string | undefined): void {
  const spelled = def.options.find((option) => option === key || option === `${key}=`);
  if (spelled === undefined) throw new CommandFailed(`'${def.name}' command has no '${key}' option`);
  if (spelled.endsWith('=') && value === undefined) {
    throw new CommandFailed(`missing argument to '${key}' option on '${def.name}' command`);
  }
  if (!spelled.endsWith('=') && value !== undefined) {
    throw new CommandFailed(`'${key}' option on '${def.name}' does not accept an argument`);
  }
}

function checkArgumentCount(def: CommandDef, args: readonly string[]): void {
  const { name, minArgs, maxArgs } = def;
  if (args.length < minArgs)
    throw new CommandFailed(`'${name}' command requires at least ${minArgs} arguments`);
  if (args.length <= maxArgs) return;
  const hint = args.some((arg) => arg.startsWith('-'))
    ? ' (note that options must precede command names and follow a "--" argument)'
    : '';
  throw new CommandFailed(`'${name}' command takes at most ${maxArgs} arguments${hint}`);
}
