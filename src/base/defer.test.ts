import { describe, expect, it } from 'vitest';
import { defer, lastly } from './defer.ts';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('defer', () => {
  it('runs in order, and what it puts off in the next turn', async () => {
    const ran: string[] = [];
    defer(() => {
      ran.push('a');
      defer(() => ran.push('c'));
    });
    defer(() => ran.push('b'));
    await nextTurn();
    expect(ran).toEqual(['a', 'b']);
    await nextTurn();
    expect(ran).toEqual(['a', 'b', 'c']);
  });
});

describe('lastly', () => {
  it('comes behind all of defer, in the same turn even when that asks for it', async () => {
    const ran: string[] = [];
    lastly(() => ran.push('z'));
    defer(() => {
      ran.push('a');
      lastly(() => ran.push('y'));
    });
    await nextTurn();
    expect(ran).toEqual(['a', 'z', 'y']);
  });
});
