import { expect, test } from 'vitest';
import { parseRelease } from './system-release.ts';

test('reads os-release with and without quotes', () => {
  const values = parseRelease('ID=debian\nVERSION_ID="12"\n# comment\nbad line\n');
  expect([values.get('ID'), values.get('VERSION_ID')]).toEqual(['debian', '12']);
});
