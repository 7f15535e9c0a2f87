/** Writes the counters of all interfaces back, every few seconds, only what changed. */

import { SyscallFailed } from '../../base/errors.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { Timer, Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import type { LiveBridge, LiveInterface, LiveState } from '../reconcile/live.ts';
import type { OvsChange } from '../schema/index.ts';
import { reportStatistics } from './report.ts';
import type { StatusWriter } from './status-writer.ts';
import { reportPortCounters } from './tree-status.ts';

const log = logger('bridge');
const unreadable = new LimitedSite();

export interface StatisticsDeps {
  readonly state: LiveState;
  readonly writer: StatusWriter;
  readonly timers: Timers;
  /** What else is written at the same pace. */
  readonly alsoEach?: () => void;
}

export class StatisticsWriter {
  readonly #deps: StatisticsDeps;
  #interval: Ms = ms(5000);
  #timer: Timer | undefined;

  constructor(deps: StatisticsDeps) {
    this.#deps = deps;
  }

  setInterval(interval: Ms): void {
    if (interval === this.#interval && this.#timer !== undefined) return;
    this.#interval = interval;
    this.#timer?.cancel();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Once, now. All are asked together: kernel devices are then read in one walk. */
  async write(): Promise<void> {
    const bridges = [...this.#deps.state.bridges.values()];
    for (const { ofproto, ports } of bridges) {
      if (!ofproto.protocols.spanningTree.isRunning) continue;
      for (const { id, name } of ports.values())
        this.#deps.writer.put('Port', id, reportPortCounters(ofproto, name));
    }
    const waiting: Promise<void>[] = [];
    for (const bridge of bridges)
      for (const i of bridge.interfaces.values()) {
        const isDone = this.#writeOne(bridge, i);
        if (isDone !== undefined) waiting.push(isDone);
      }
    await Promise.all(waiting);
    this.#deps.writer.flush();
  }

  #arm(): void {
    this.#timer = this.#deps.timers.after(this.#interval, () => {
      this.#deps.alsoEach?.();
      void this.write().then(() => this.#arm());
    });
  }

  /** At once where the counters are at hand: thousands that wait for each other are garbage that lives too long. */
  #writeOne(bridge: LiveBridge, i: LiveInterface): Promise<void> | undefined {
    const { netdev } = i;
    if (netdev === undefined || !i.wanted.isMember) return undefined;
    const put = (change: OvsChange<'Interface'> | undefined): void => {
      if (change !== undefined && i.netdev === netdev)
        this.#deps.writer.put('Interface', i.wanted.id, change);
    };
    const change = readStatistics(bridge, i);
    if (change instanceof Promise) return change.then(put);
    put(change);
    return undefined;
  }
}

/** Undefined when there is nothing to count, or the device cannot be asked. */
export function readStatistics(
  bridge: LiveBridge,
  i: LiveInterface,
): OvsChange<'Interface'> | Promise<OvsChange<'Interface'> | undefined> | undefined {
  const { netdev, ofPort } = i;
  if (netdev === undefined || ofPort === undefined) return undefined;
  const stats = bridge.ofproto.ports.get(ofPort)?.stats();
  if (!(stats instanceof Promise)) return stats && reportStatistics(stats);
  return stats.then(reportStatistics, (why: unknown) => {
    if (!(why instanceof SyscallFailed)) throw why;
    log.limited('warn', unreadable, `${i.wanted.name}: could not read statistics: ${why.message}`);
    return undefined;
  });
}
