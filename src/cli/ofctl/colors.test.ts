import { expect, test } from 'vitest';
import { painter } from './colors.ts';

test.each([
  [undefined, '\x1b[33m\x1b[Kx\x1b[m\x1b[K'],
  ['sp=01;4', '\x1b[01;4m\x1b[Kx\x1b[m\x1b[K'],
  ['sp=', '\x1b[m\x1b[Kx\x1b[m\x1b[K'],
  ['sp=1:sp=2', '\x1b[2m\x1b[Kx\x1b[m\x1b[K'],
  [':sp=4a:toString=1:vl=5:sp', '\x1b[33m\x1b[Kx\x1b[m\x1b[K'],
])('OVS_COLORS=%j is obeyed as far as it is one', (settings, painted) => {
  expect(painter(settings)('x', 'special')).toBe(painted);
});
