/**
 * How many flows a datapath may have: as many as can be looked at in good time, by how long it took to look at them.
 * With more, flows are let go sooner.
 */
import { coverageCounter } from '../../base/coverage.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { UpcallLimits } from '../config.ts';

const log = logger('ofproto_dpif_upcall');

/** As many flows as there may be however long it takes to look at them. */
const leastLimit = 1000;
/** Where it begins, unless less is allowed. */
const firstLimit = 10_000;
/** Idle time while there are more flows than the limit. */
const crowdedIdle = 100;
const limitKill = coverageCounter('upcall_flow_limit_kill');
const emergency = new LimitedSite({ perMinute: 1, burst: 1 });

/** As `upcall/show` tells it. */
export interface RevalidatorStats {
  readonly averageFlows: number;
  readonly mostFlows: number;
  readonly flowLimit: number;
  /** Milliseconds that the last look at all flows took. */
  readonly duration: number;
}

export class FlowLimit {
  readonly #limits: () => UpcallLimits;
  #value: number;
  #averageFlows = 0;
  #mostFlows = 0;
  #duration = 1;

  /** `limits`: as configured now. */
  constructor(limits: () => UpcallLimits) {
    this.#limits = limits;
    this.#value = Math.min(limits().flowLimit, firstLimit);
  }

  get value(): number {
    return this.#value;
  }

  /** Until experience says otherwise again. */
  set(limit: number): void {
    this.#value = limit;
  }

  /** Limits were set anew. */
  limitsChanged(): void {
    this.#value = Math.min(this.#value, this.#limits().flowLimit);
  }

  get stats(): RevalidatorStats {
    return {
      averageFlows: this.#averageFlows,
      mostFlows: this.#mostFlows,
      flowLimit: this.#value,
      duration: this.#duration,
    };
  }

  /** As long as there are no flows, nothing here would change. */
  get isSettled(): boolean {
    return this.#averageFlows === 0 && this.#value >= Math.min(this.#limits().flowLimit, leastLimit);
  }

  /** All of that many flows are about to be looked at. */
  roundBegins(flowCount: number): void {
    this.#mostFlows = Math.max(this.#mostFlows, flowCount);
    this.#averageFlows = Math.floor((this.#averageFlows + flowCount) / 2);
  }

  /** All have been, in that many milliseconds; so many are left. */
  roundEnded(milliseconds: number, flowCount: number): void {
    const duration = Math.max(1, Math.round(milliseconds));
    this.#duration = duration;
    let limit = this.#value;
    if (duration > 2000) limit = Math.floor(limit / Math.floor(duration / 1000));
    else if (duration > 1300) limit = Math.floor((limit * 3) / 4);
    else if (duration < 1000 && limit < (flowCount * 1000) / duration) limit += 1000;
    this.#value = Math.min(this.#limits().flowLimit, Math.max(limit, leastLimit));
    if (duration > 2000) log.info(`Spent an unreasonably long ${duration}ms dumping flows`);
  }

  /** Milliseconds that a flow may be idle while there are that many. */
  idleTime(flowCount: number): number {
    const limit = this.#value;
    if (flowCount <= limit) return this.#limits().maxIdle;
    if (flowCount <= 2 * limit) return crowdedIdle;
    limitKill.total++;
    log.limited(
      'warn',
      emergency,
      `Number of datapath flows (${flowCount}) twice as high as current dynamic flow limit (${limit}).  Starting to delete flows unconditionally as an emergency measure.`,
    );
    return Number.NEGATIVE_INFINITY;
  }

  /** When rounds take long, flows with little traffic are deleted, not translated again: a miss costs less than that. */
  isWorthTranslating(packets: number, idleFor: number): boolean {
    const { maxRevalidator, minRevalidatePps } = this.#limits();
    if (this.#duration < maxRevalidator / 2 || minRevalidatePps === 0) return true;
    return Math.max(0, idleFor) / Math.max(packets, 1) < 1000 / minRevalidatePps;
  }
}
