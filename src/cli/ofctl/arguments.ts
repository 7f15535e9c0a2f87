/** Arguments of commands. */
import { Malformed } from '../../base/errors.ts';
import { Fatal } from '../../daemon/program.ts';

/** Text that cannot be read ends the program: throws Fatal in place of Malformed. */
export async function orFatal<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (why) {
    throw why instanceof Malformed ? new Fatal(why.why) : why;
  }
}

/** C's str_to_uint: a decimal number of 32 bits; undefined where the text is not exactly one. */
export function readDecimal(text: string): number | undefined {
  const number = /^\s*\+?\d+$/.test(text) ? Number(text) : undefined;
  return number === undefined || number > 0xffffffff ? undefined : number;
}
