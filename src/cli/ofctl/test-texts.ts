/** A command for tests: text of the form that many arguments have. */
import { keyValues } from '../../flow/key-values.ts';
import type { OfctlContext } from './context.ts';

/** What `parse-key-value TEXT...` does. */
export function printKeyValues({ print }: OfctlContext, args: readonly string[]): void {
  for (const text of args) {
    const pairs = [...keyValues(text)].map(({ name, value }) => (value === '' ? name : `${name}=${value}`));
    print(`${pairs.join(', ')}\n`);
  }
}
