import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { expectReadOrMalformed } from '../../base/malformed-fixture.ts';
import { portText } from '../ports.ts';
import { readBundleLine } from './bundles.ts';

const context = { ports: portText };
const packet = '50540000000550540000000612340000';

describe('lines of a bundle', () => {
  test.each([
    ['flow add in_port=1,actions=2', 'flow'],
    ['  fl delete', 'flow'],
    [',in_port=1,actions=2', 'flow'],
    ['group add group_id=1,type=all', 'group'],
    ['g group_id=1,type=all', 'group'],
    [`packet-out in_port=1,packet=${packet},actions=2`, 'packet-out'],
  ])('%s', (line, kind) => {
    expect(readBundleLine(line, context).kind).toBe(kind);
  });

  it('of another kind are refused', () => {
    expect(() => readBundleLine('flows actions=1', context)).toThrow(
      'Unsupported bundle message type: flows',
    );
  });

  it('read any text or say what is wrong with it', () => {
    const words = [
      'flow',
      'group',
      'packet-out',
      ' ',
      ',',
      'group_id=1',
      'type=all',
      'in_port=1',
      'actions=2',
    ];
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 10 }), (parts) => {
        expectReadOrMalformed(() => readBundleLine(parts.join(''), context));
      }),
    );
  });
});
