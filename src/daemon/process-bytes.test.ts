import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeText, encodeText } from '../base/text.ts';
import { exactCommand } from './process-bytes.ts';

/** What a program that is started with these arguments gets. */
function argumentsOf(args: readonly string[]): string[] {
  const done = spawnSync(...exactCommand('/usr/bin/printf', ['%s\\0', ...args]));
  return decodeText(done.stdout).split('\0').slice(0, -1);
}

test('a program is started as it is when all its arguments can be passed on', () => {
  expect(exactCommand('ovs-vsctl', ['show', 'é', "'"])).toEqual(['ovs-vsctl', ['show', 'é', "'"]]);
});

test('a program gets the bytes of its arguments', () => {
  const args = ['\udce9', "it's", '$(x) `y` "z" \\', 'é\udcff\n', '\udc80\udcc3a', '%s%d'];
  expect(argumentsOf(args)).toEqual(args);
  const text = fc.array(fc.integer({ min: 1, max: 255 })).map((bytes) => decodeText(Uint8Array.from(bytes)));
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), (list) => {
      expect(argumentsOf(list).map((arg) => encodeText(arg))).toEqual(list.map((arg) => encodeText(arg)));
    }),
    { numRuns: 30 },
  );
});
