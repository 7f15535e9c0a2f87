import { describe, expect, it } from 'vitest';
import { lastly, soon } from './soon.ts';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('soon', () => {
  it('runs in order, and what it puts off in the next turn', async () => {
    const ran: string[] = [];
    soon(() => {
      ran.push('a');
      soon(() => ran.push('c'));
    });
    soon(() => ran.push('b'));
    await nextTurn();
    expect(ran).toEqual(['a', 'b']);
    await nextTurn();
    expect(ran).toEqual(['a', 'b', 'c']);
  });
});

describe('lastly', () => {
  it('comes behind all of soon, in the same turn even when that asks for it', async () => {
    const ran: string[] = [];
    lastly(() => ran.push('z'));
    soon(() => {
      ran.push('a');
      lastly(() => ran.push('y'));
    });
    await nextTurn();
    expect(ran).toEqual(['a', 'z', 'y']);
  });
});
