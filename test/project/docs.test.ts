import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

it('docs/differences.md says what the comments say', () => {
  const { stderr } = spawnSync(process.execPath, ['scripts/differences.mjs', '--check'], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
});
