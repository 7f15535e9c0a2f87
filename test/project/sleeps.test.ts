import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

/** Where a test waits for time to pass. `until` waits for a condition, and looks once in a while. */
const sleepsIn = (text: string): string[] => text.match(/\b(?:sleep|pause|setTimeout)\(/g) ?? [];

test('there are fewer sleeps than files of system tests', () => {
  const places = files
    .filter((file) => file !== 'project/sleeps.test.ts')
    .flatMap((file) => sleepsIn(readFileSync(`test/${file}`, 'utf8')).map((call) => `${file}: ${call}`));
  const systemTests = files.filter((file) => /^system\/.*\.test\.ts$/.test(file));
  expect(places.length, places.join('\n')).toBeLessThan(systemTests.length);
  expect(places.length).toBeGreaterThan(0); // `until` itself sleeps
});
