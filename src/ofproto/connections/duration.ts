/** Times as messages tell them: the switch counts milliseconds. */
import type { Duration } from '../../openflow/layout.ts';

export function durationOf(milliseconds: number): Duration {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanoseconds: Math.floor(milliseconds - seconds * 1000) * 1e6 };
}
