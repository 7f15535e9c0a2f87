import { expect, test } from 'vitest';
import { libcInBackground } from './libc.ts';

test('any number of calls in the background waits for its turn and is answered', async () => {
  const sleepAndReturn = libcInBackground('int usleep(unsigned int)');
  const results = await Promise.all(Array.from({ length: 1000 }, () => sleepAndReturn(10)));
  expect(results).toEqual(results.map(() => 0));
});
