/** For tests of readers: what comes from outside is read, or is Malformed, and nothing else happens. */
import { expect } from 'vitest';
import { Malformed } from './errors.ts';

export function expectReadOrMalformed(read: () => unknown): void {
  try {
    read();
  } catch (why) {
    expect(why).toBeInstanceOf(Malformed);
  }
}
