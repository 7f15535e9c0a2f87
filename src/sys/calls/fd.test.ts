import { afterEach, expect, test } from 'vitest';
import { closeEventFd, openEventFd, signalEventFd } from './eventfd.ts';
import { watchReadable } from './fd.ts';

const others = process.listeners('uncaughtException');

afterEach(() => {
  process.removeAllListeners('uncaughtException');
  for (const listener of others) process.on('uncaughtException', listener);
});

test('what the callback of a watch throws is seen by the process', async () => {
  process.removeAllListeners('uncaughtException');
  const seen = new Promise((resolve) => process.once('uncaughtException', resolve));
  const fd = openEventFd();
  const watch = watchReadable(fd, () => {
    watch.close();
    throw new Error('a bug');
  });
  signalEventFd(fd);
  expect(await seen).toMatchObject({ message: 'a bug' });
  closeEventFd(fd);
});
