/**
 * The C library, loaded when the first call is made: programs that make none start without the foreign-function
 * module. Every other file of this folder declares its functions through here.
 */
import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';
import { syscallFailed } from '../../base/errno.ts';
import type { SyscallFailed } from '../../base/errors.ts';

const require = createRequire(import.meta.url);
let koffi: typeof Koffi | undefined;
let library: Koffi.LibraryHandle | undefined;

/** The foreign-function module itself, for structs, views and pointers. */
export function loadKoffi(): typeof Koffi {
  koffi ??= require('koffi') as typeof Koffi; // the package's own types describe what require returns
  return koffi;
}

/** What a C function returns: integers, and pointers as koffi's own kind. */
type Declared<R> = (...args: unknown[]) => R;

/**
 * A function of the C library from its C prototype, e.g. "int close(int fd)"; bound at its first call.
 * R is what the prototype returns: number, bigint, string or a pointer.
 */
export function libcFunction<R = number>(prototype: string): Declared<R> {
  let bound: Declared<R> | undefined;
  return (...args) => {
    if (bound === undefined) {
      library ??= loadKoffi().load('libc.so.6');
      bound = library.func(prototype) as Declared<R>; // the caller names R to fit its prototype
    }
    return bound(...args);
  };
}

/**
 * The same for calls that take long: made on a thread of Node's pool, resolves with the result. The error number of a
 * failure is lost on the way. Calls beyond a few wait for their turn here, `patient` ones until no other wants it.
 */
export function libcInBackground(
  prototype: string,
  { isPatient = false } = {},
): (...args: unknown[]) => Promise<number> {
  let bound: Koffi.KoffiFunc<(...args: unknown[]) => number> | undefined;
  return async (...args) => {
    await new Promise<void>((turn) => {
      (isPatient ? patient : urgent).push(turn);
      giveTurns();
    });
    try {
      library ??= loadKoffi().load('libc.so.6');
      bound ??= library.func(prototype);
      return await asPromised(bound, args);
    } finally {
      freeTurns++;
      giveTurns();
    }
  };
}

/** Less than the threads of Node's pool, which files need, too; koffi itself refuses to hold more than 256 calls. */
let freeTurns = 3;
const urgent: (() => void)[] = [];
const patient: (() => void)[] = [];

/** One turn is always left for what is urgent. */
function giveTurns(): void {
  while (freeTurns > 0) {
    const next = urgent.shift() ?? (freeTurns > 1 ? patient.shift() : undefined);
    if (next === undefined) return;
    freeTurns--;
    next();
  }
}

function asPromised(
  bound: Koffi.KoffiFunc<(...args: unknown[]) => number>,
  args: readonly unknown[],
): Promise<number> {
  return new Promise((resolve, reject) => {
    bound.async(...args, (error: unknown, result: number) => {
      if (error === null || error === undefined) resolve(result);
      else reject(error);
    });
  });
}

/** The errno of this thread's last call. */
export function lastErrno(): number {
  return loadKoffi().errno();
}

/** `result` unless it is negative; then throws SyscallFailed with errno. `tried` says what for, e.g. a file name. */
export function checked(result: number, call: string, tried: string): number {
  if (result < 0) throw syscallFailed(call, lastErrno(), tried);
  return result;
}

/** The error for the call that just failed on this thread; `tried` says what for. */
export function failed(call: string, tried: string): SyscallFailed {
  return syscallFailed(call, lastErrno(), tried);
}

/** Where the bytes lie; below 2^53 on every platform we run on. The caller keeps the memory alive. */
export function addressOf(memory: NodeJS.TypedArray): number {
  return Number(loadKoffi().address(memory));
}
