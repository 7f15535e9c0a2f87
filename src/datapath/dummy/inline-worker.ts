/** What a worker thread of the userspace datapath is on the main thread: an engine, and what it sent up. */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { PollMeter } from '../polling/poll-meter.ts';
import type { Totals } from '../userspace/counters.ts';
import { Engine, type EngineDeps } from '../userspace/engine.ts';
import type { FlowCounters } from '../userspace/flow-stats.ts';
import { UpcallList } from './upcall-list.ts';

export class InlineWorker {
  readonly upcalls = new UpcallList();
  readonly engine: Engine;
  readonly totals: Totals;
  readonly flowStats: FlowCounters;
  /** Of a thread that polls. */
  meter: PollMeter | undefined;

  constructor(
    { clock, random }: { clock: Clock; random: Random },
    flowCapacity: number,
    tracking: Pick<EngineDeps, 'tracker' | 'held'>,
  ) {
    this.engine = new Engine({
      clock,
      random,
      upcalls: this.upcalls,
      makeMemory: (size) => ({ bytes: new Uint8Array(size), address: 0 }),
      flowCapacity,
      ...tracking,
    });
    this.totals = this.engine.totals;
    this.flowStats = this.engine.flows.stats;
  }
}
