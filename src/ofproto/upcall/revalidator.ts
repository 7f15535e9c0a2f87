/**
 * Keeps datapath flows true and few: says when which of them are looked at, in slices of a few milliseconds. Every half
 * second all are, to be counted and to age. When something changed, those that depended on it (translate/tags.ts) are
 * translated again. What is done for each is in flow-upkeep.ts.
 */
import type { Timer, Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import type { UpcallLimits } from '../config.ts';
import { type RuleChange, RuleChanges } from '../translate/rule-changes.ts';
import { everyTag } from '../translate/tags.ts';
import { FlowLimit, type RevalidatorStats } from './flow-limit.ts';
import { FlowUpkeep, type FlowUpkeepDeps } from './flow-upkeep.ts';
import type { InstalledFlow, InstalledFlows } from './installed-flows.ts';
import { RoundWaiters } from './round-waiters.ts';

/** Milliseconds of one slice. */
const sliceTime = 4;
/** Milliseconds between the starts of two rounds at least. */
const shortestGap = 5;
/** A change of configuration waits no longer than this for flows to follow it, in ms. */
const longestWait = 50;
/** Changed rules that are told apart; with more, every flow is looked at. */
const ruleChangeLimit = 1024;

export interface RevalidatorDeps extends Omit<FlowUpkeepDeps, 'limit'> {
  readonly limits: () => UpcallLimits;
  /** Told at the end of each full round. */
  readonly onCounted: () => void;
}

interface Round {
  readonly startedAt: Ms;
  readonly tags: number;
  readonly rules: RuleChanges;
  /** Looks at every flow's counters, not only at those that `tags` concerns. */
  readonly isFull: boolean;
  next: number;
}

export class Revalidator {
  readonly #timers: Timers;
  readonly #flows: InstalledFlows;
  readonly #limits: () => UpcallLimits;
  readonly #onCounted: () => void;
  readonly #limit: FlowLimit;
  readonly #upkeep: FlowUpkeep;
  readonly #waiters = new RoundWaiters();
  #round: Round | undefined;
  /** What changed since the current round began. */
  #changed = 0;
  #changedRules = new RuleChanges();
  #timer: Timer | undefined;
  #timerDue = Number.POSITIVE_INFINITY;
  #nextFullAt: Ms;
  #earliestStart: Ms;
  #isPaused = false;

  constructor({ limits, onCounted, ...deps }: RevalidatorDeps) {
    this.#timers = deps.timers;
    this.#flows = deps.flows;
    this.#limits = limits;
    this.#onCounted = onCounted;
    this.#limit = new FlowLimit(limits);
    this.#upkeep = new FlowUpkeep({ ...deps, limit: this.#limit });
    this.#nextFullAt = deps.timers.clock.now();
    this.#earliestStart = deps.timers.clock.now();
  }

  get flowLimit(): number {
    return this.#limit.value;
  }

  get stats(): RevalidatorStats {
    return this.#limit.stats;
  }

  /** See `FlowUpkeep`. */
  get readsTersely(): boolean {
    return this.#upkeep.readsTersely;
  }

  set readsTersely(isTerse: boolean) {
    this.#upkeep.readsTersely = isTerse;
  }

  /** Something changed that flows with any of `tags` depended on. */
  change(tags: number): void {
    this.#changed |= tags;
    this.#arrange();
  }

  /** A rule came or went. Of very many, not each is remembered. */
  ruleChanged(change: RuleChange): void {
    if (this.#changed === everyTag) return;
    if (this.#changedRules.count < ruleChangeLimit) this.#changedRules.add(change);
    else this.#changed = everyTag;
    this.#arrange();
  }

  /** There are flows now: look at them in due time. */
  wake(): void {
    if (this.#timer === undefined) this.#arrange();
  }

  /** Until experience says otherwise again; for tests. */
  setFlowLimit(limit: number): void {
    this.#limit.set(limit);
    this.#nextFullAt = ms(Math.max(this.#nextFullAt, this.#timers.clock.now() + this.#fullInterval));
    this.#arrange();
  }

  /** Limits were set anew. */
  limitsChanged(): void {
    this.#limit.limitsChanged();
    this.#arrange();
  }

  /** Resolves when a full round that began after this call has ended. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.add(resolve, true);
      this.#arrange();
    });
  }

  /** Acts when rules have all packets that were forwarded before this call: at the end of a full round, in due time. */
  whenCounted(act: () => void): void {
    if (this.#flows.count === 0) {
      act();
      return;
    }
    this.#waiters.add(act, false);
    this.#arrange();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#arrange();
  }

  /** Deletes every flow at once, their last packets counted. */
  purge(): void {
    for (const flow of this.#flows) this.#upkeep.delete(flow);
  }

  /** Deletes the flows that `isGone` says so of. */
  purgeWhere(isGone: (flow: InstalledFlow) => boolean): void {
    for (const flow of this.#flows) if (isGone(flow)) this.#upkeep.delete(flow);
  }

  /**
   * Looks now, and not in due time, at the flows that a change concerns: whoever made it is about to say that it holds.
   * With very many flows the rest follows as usual.
   */
  revalidateNow(): void {
    const { clock } = this.#timers;
    const end = clock.now() + longestWait;
    while (!this.#isPaused && (this.#round !== undefined || this.#isChanged)) {
      this.#earliestStart = clock.now();
      this.run();
      if (clock.now() >= end) return;
    }
  }

  /** Starts or goes on with a round when one is due. */
  run(): void {
    if (this.#isPaused) return;
    const now = this.#timers.clock.now();
    this.#round ??= this.#begin(now);
    if (this.#round !== undefined && this.#runSlice(this.#round, now)) this.#end(this.#round);
    this.#arrange();
  }

  get #isChanged(): boolean {
    return this.#changed !== 0 || this.#changedRules.count > 0;
  }

  /** Milliseconds between looks at all flows. */
  get #fullInterval(): number {
    const { maxIdle, maxRevalidator } = this.#limits();
    return Math.min(maxIdle, maxRevalidator);
  }

  #forgetChanges(): void {
    this.#changed = 0;
    this.#changedRules = new RuleChanges();
  }

  #begin(now: Ms): Round | undefined {
    const isAskedFor = this.#waiters.isUrgent;
    if (now < this.#earliestStart && !isAskedFor) return undefined;
    const isFull = now >= this.#nextFullAt || isAskedFor;
    if (!isFull && !this.#isChanged) return undefined;
    const tags = this.#changed;
    const rules = this.#changedRules;
    this.#forgetChanges();
    if (isFull) {
      this.#limit.roundBegins(this.#flows.count);
      this.#waiters.roundBegins();
    }
    return { startedAt: now, tags, rules, isFull, next: 0 };
  }

  /** True when the round is through. */
  #runSlice(round: Round, startedAt: Ms): boolean {
    const flows = this.#flows;
    const { clock } = this.#timers;
    for (let visited = 1; round.next < flows.idEnd; visited++) {
      const flow = flows.at(round.next++);
      if (flow !== undefined) this.#visit(flow, round);
      if (visited % 32 === 0 && clock.now() - startedAt >= sliceTime) return false;
    }
    return true;
  }

  #end(round: Round): void {
    const { clock } = this.#timers;
    const now = clock.now();
    const duration = now - round.startedAt;
    this.#round = undefined;
    this.#earliestStart = ms(Math.max(round.startedAt + shortestGap, now + duration));
    if (!round.isFull) return;
    this.#limit.roundEnded(duration, this.#flows.count);
    this.#nextFullAt = ms(Math.max(this.#earliestStart, round.startedAt + this.#fullInterval));
    this.#waiters.roundEnded();
    this.#onCounted();
  }

  #visit(flow: InstalledFlow, { tags, rules, isFull }: Round): void {
    const isConcerned =
      flow.isUntranslated || tags === everyTag || (tags & flow.tags) !== 0 || rules.mayConcern(flow);
    if (isFull || isConcerned) this.#upkeep.visit(flow, isFull, isConcerned);
  }

  /** Sets the timer for what is due next; none when there is nothing to look at. */
  #arrange(): void {
    const due = this.#nextDue();
    if (this.#timer !== undefined && this.#timerDue === due) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDue = due;
    if (due === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#timers.at(ms(due), () => {
      this.#timer = undefined;
      this.run();
    });
  }

  #nextDue(): number {
    if (this.#isPaused) return Number.POSITIVE_INFINITY;
    // Whoever waits is told even while the clock stands still.
    if (this.#round !== undefined || this.#waiters.isUrgent) return this.#timers.clock.now();
    // What changed is kept in mind: the packet that changed it may be about to leave a flow.
    const isIdle = this.#flows.count === 0 && this.#limit.isSettled && this.#waiters.isEmpty;
    if (isIdle) return Number.POSITIVE_INFINITY;
    return Math.max(this.#earliestStart, this.#isChanged ? 0 : this.#nextFullAt);
  }
}
