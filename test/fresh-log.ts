/** Test files share a process and its log: each leaves the log as it found it. */
import { afterAll } from 'vitest';
import { systemClock } from '../src/base/clock.ts';
import { logRegistry } from '../src/base/log.ts';

afterAll(() => {
  for (const to of ['console', 'syslog', 'file'] as const) logRegistry.setSink(to, undefined);
  logRegistry.setLevel('info', undefined);
  logRegistry.setRateLimited(true);
  logRegistry.setClock(systemClock);
  logRegistry.setSubprogram('');
});
