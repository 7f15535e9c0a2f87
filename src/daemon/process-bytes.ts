/**
 * The arguments and the environment of this process and of those it starts, byte for byte: Node puts U+FFFD for a byte
 * that belongs to no character, both ways. Used wherever a program reads its command line or starts another program.
 */
import { basename } from 'node:path';
import { existsSync, readTextSync } from '../base/files.ts';
import { encodeText } from '../base/text.ts';

export interface ProcessInput {
  /** Behind the program's name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

let known: ProcessInput | undefined;

/** What the process was started with. The first call must come before anything sets the process's title. */
export function processInput(): ProcessInput {
  known ??= { args: exactArguments(process.argv.slice(2)), env: exactEnvironment(process.env) };
  return known;
}

/**
 * How the program was called, as far as can be known: the path that a script is started by, or the bare name where
 * that is what $PATH leads to.
 */
export function calledAs(): string {
  const { args, env } = processInput();
  const script = readStrings('/proc/self/cmdline').at(-1 - args.length) ?? '';
  const name = basename(script);
  const found = (env.PATH ?? '').split(':').map((folder) => `${folder}/${name}`);
  return found.find((path) => existsSync(path)) === script ? name : script;
}

/** What Node could not decode is looked up at the kernel, which only then costs time. */
function exactArguments(args: readonly string[]): readonly string[] {
  if (!args.some(isDoubtful)) return args;
  // Before them are Node, its options and the script.
  const all = readStrings('/proc/self/cmdline');
  return args.map((arg, i) => all[all.length - args.length + i] ?? arg);
}

function exactEnvironment(env: ProcessInput['env']): ProcessInput['env'] {
  const doubtful = Object.keys(env).filter((name) => isDoubtful(env[name] ?? ''));
  if (doubtful.length === 0) return env;
  const all = readStrings('/proc/self/environ');
  const exact = doubtful.map((name) => {
    const found = all.find((text) => text.startsWith(`${name}=`));
    return [name, found?.slice(name.length + 1) ?? env[name]];
  });
  return { ...env, ...Object.fromEntries(exact) };
}

function isDoubtful(text: string): boolean {
  return text.includes('\ufffd');
}

/** Each ends with a NUL. */
function readStrings(file: string): string[] {
  return readTextSync(file).split('\0').slice(0, -1);
}

/**
 * A command line for `spawn` that runs `program` with these arguments in our own environment. Where Node would change
 * one of them, a shell makes the bytes and becomes the program.
 */
export function exactCommand(program: string, args: readonly string[]): [string, readonly string[]] {
  const variables = Object.entries(processInput().env).filter(([, value]) => !isPlain(value ?? ''));
  if (variables.length === 0 && [program, ...args].every(isPlain)) return [program, args];
  const exports = variables.map(([name, value]) => `export ${name}=${shellWord(value ?? '')}; `);
  return ['/bin/sh', ['-c', `${exports.join('')}exec ${[program, ...args].map(shellWord).join(' ')}`]];
}

function isPlain(text: string): boolean {
  return text.isWellFormed();
}

/** In quotes; printf makes the bytes that Node cannot pass on. */
function shellWord(text: string): string {
  return text
    .split(/([\ud800-\udfff]+)/u)
    .map((part, i) => (i % 2 === 0 ? `'${part.replaceAll("'", "'\\''")}'` : `"$(printf '${octal(part)}')"`))
    .join('');
}

function octal(text: string): string {
  return Array.from(encodeText(text), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}
