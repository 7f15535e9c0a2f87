/** What is set of threads that poll. */
import type { BalanceSettings } from './load-balance.ts';
import type { AssignSettings } from './queue-assignment.ts';

export interface PollSettings extends AssignSettings {
  /** They remember single rounds of their work. */
  readonly remembersRounds: boolean;
  /** Microseconds that they may sleep while there is little to do. */
  readonly longestSleep: number;
  readonly balance: BalanceSettings;
}
