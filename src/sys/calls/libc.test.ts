import { expect, test } from 'vitest';
import { libcInBackground } from './libc.ts';

const prototype = 'int usleep(unsigned int)';

test('any number of calls in the background waits for its turn and is answered', async () => {
  const rest = libcInBackground(prototype);
  const results = await Promise.all(Array.from({ length: 1000 }, () => rest(10)));
  expect(results).toEqual(results.map(() => 0));
});

test('an urgent call does not wait for patient ones', async () => {
  const restPatiently = libcInBackground(prototype, { isPatient: true });
  const rest = libcInBackground(prototype);
  let patientCount = 0;
  const all = Array.from({ length: 50 }, () => restPatiently(1000).then(() => patientCount++));
  await rest(10);
  expect(patientCount).toBeLessThan(50);
  await Promise.all(all);
  expect(patientCount).toBe(50);
});
