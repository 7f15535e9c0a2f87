/**
 * Keeps datapath flows true and few. Every half second it looks at all of them: counts their packets for rules, ports
 * and learned addresses, and deletes those that are idle. When something changed, it translates again what depended
 * on it (translate/tags.ts) and replaces or deletes what came out different. Works in slices of a few milliseconds.
 */
import { coverageCounter } from '../../base/coverage.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { Timer, Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import { logFlowCall } from '../../datapath/flow-log.ts';
import type { Datapath, DpFlowStats } from '../../datapath/provider.ts';
import { type ShownFlowStats, showFlowStats } from '../../datapath/text/stats.ts';
import { newKey } from '../../flow/key.ts';
import { internMask } from '../../flow/mask.ts';
import { unpackKey } from '../../flow/match.ts';
import type { Abilities } from '../abilities.ts';
import type { UpcallLimits } from '../config.ts';
import type { DropTally } from '../drops/drop-tally.ts';
import type { PortIndex } from '../port-index.ts';
import { applyAllLearning, creditEffects } from '../translate/effects.ts';
import { cameBack, type FrozenStates } from '../translate/frozen-states.ts';
import { type ActionLists, isSameActions } from '../translate/intern.ts';
import type { PacketDrop, Scratch } from '../translate/request.ts';
import { type RuleChange, RuleChanges } from '../translate/rule-changes.ts';
import { everyTag } from '../translate/tags.ts';
import { actionsOfFlow, dropOfFlow, translateFor } from '../translate/translate.ts';
import type { NativeTunnels } from '../tunnels/native-tunnels.ts';
import type { InstalledFlow, InstalledFlows } from './installed-flows.ts';

const log = logger('ofproto_dpif_upcall');

/** As many flows as there may be however long it takes to look at them. */
const leastLimit = 1000;
const limitKill = coverageCounter('upcall_flow_limit_kill');
const emergency = new LimitedSite({ perMinute: 1, burst: 1 });

/** Milliseconds of one slice. */
const sliceTime = 4;
/** Milliseconds between the starts of two rounds at least. */
const shortestGap = 5;
/** A change of configuration waits no longer than this for flows to follow it, in ms. */
const longestWait = 50;
/** Changed rules that are told apart; with more, every flow is looked at. */
const ruleChangeLimit = 1024;
/** Idle time while there are more flows than the limit. */
const crowdedIdle = 100;
/** A flow that the datapath still does not know after this time was refused by it. */
const putTime = 1000;

export interface RevalidatorDeps {
  readonly datapath: Datapath;
  readonly timers: Timers;
  readonly ports: PortIndex;
  readonly scratch: Scratch;
  readonly frozen: FrozenStates;
  readonly abilities: Abilities;
  readonly tunnels: NativeTunnels;
  readonly flows: InstalledFlows;
  readonly lists: () => ActionLists;
  readonly drops: DropTally;
  readonly limits: () => UpcallLimits;
  /** Told at the end of each full round. */
  readonly onCounted: () => void;
}

/** As `upcall/show` tells it. */
export interface RevalidatorStats {
  readonly averageFlows: number;
  readonly mostFlows: number;
  readonly flowLimit: number;
  /** Milliseconds that the last look at all flows took. */
  readonly duration: number;
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
  /** A look at all flows reads of each what it counted; the rest only where that matters. */
  readsTersely = true;
  readonly #deps: RevalidatorDeps;
  readonly #packetKey = newKey();
  readonly #stats: DpFlowStats = { packetCount: 0, byteCount: 0, usedAt: 0, tcpFlags: 0 };
  #round: Round | undefined;
  /** What changed since the current round began. */
  #changed = 0;
  #changedRules = new RuleChanges();
  #timer: Timer | undefined;
  #timerDue = Number.POSITIVE_INFINITY;
  #nextFullAt: Ms;
  #earliestStart: Ms;
  #flowLimit: number;
  #averageFlows = 0;
  #mostFlows = 0;
  #duration = 1;
  #isPaused = false;
  /** Told at the end of the first full round that began after they asked; one that is urgent makes it begin. */
  #waiting: { readonly tell: () => void; readonly isUrgent: boolean; hasBegun: boolean }[] = [];

  constructor(deps: RevalidatorDeps) {
    this.#deps = deps;
    this.#nextFullAt = deps.timers.clock.now();
    this.#earliestStart = deps.timers.clock.now();
    this.#flowLimit = Math.min(deps.limits().flowLimit, 10_000);
  }

  get flowLimit(): number {
    return this.#flowLimit;
  }

  get stats(): RevalidatorStats {
    return {
      averageFlows: this.#averageFlows,
      mostFlows: this.#mostFlows,
      flowLimit: this.#flowLimit,
      duration: this.#duration,
    };
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
    this.#flowLimit = limit;
    const { maxIdle, maxRevalidator } = this.#deps.limits();
    const next = this.#deps.timers.clock.now() + Math.min(maxIdle, maxRevalidator);
    this.#nextFullAt = ms(Math.max(this.#nextFullAt, next));
    this.#arrange();
  }

  /** Limits were set anew. */
  limitsChanged(): void {
    this.#flowLimit = Math.min(this.#flowLimit, this.#deps.limits().flowLimit);
    this.#arrange();
  }

  /** Resolves when a full round that began after this call has ended. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ tell: resolve, isUrgent: true, hasBegun: false });
      this.#arrange();
    });
  }

  /** Acts when rules have all packets that were forwarded before this call: at the end of a full round, in due time. */
  whenCounted(act: () => void): void {
    if (this.#deps.flows.count === 0) {
      act();
      return;
    }
    this.#waiting.push({ tell: act, isUrgent: false, hasBegun: false });
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
    for (const flow of this.#deps.flows) this.#delete(flow);
  }

  /** Deletes the flows that `isGone` says so of. */
  purgeWhere(isGone: (flow: InstalledFlow) => boolean): void {
    for (const flow of this.#deps.flows) if (isGone(flow)) this.#delete(flow);
  }

  /**
   * Looks now, and not in due time, at the flows that a change concerns: whoever made it is about to say that it holds.
   * With very many flows the rest follows as usual.
   */
  revalidateNow(): void {
    const { clock } = this.#deps.timers;
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
    const now = this.#deps.timers.clock.now();
    this.#round ??= this.#begin(now);
    if (this.#round !== undefined && this.#runSlice(this.#round, now)) this.#end(this.#round);
    this.#arrange();
  }

  get #isChanged(): boolean {
    return this.#changed !== 0 || this.#changedRules.count > 0;
  }

  get #isUrgent(): boolean {
    return this.#waiting.some(({ isUrgent }) => isUrgent);
  }

  #forgetChanges(): void {
    this.#changed = 0;
    this.#changedRules = new RuleChanges();
  }

  #begin(now: Ms): Round | undefined {
    const isAskedFor = this.#isUrgent;
    if (now < this.#earliestStart && !isAskedFor) return undefined;
    const isFull = now >= this.#nextFullAt || isAskedFor;
    if (!isFull && !this.#isChanged) return undefined;
    const tags = this.#changed;
    const rules = this.#changedRules;
    this.#forgetChanges();
    if (isFull) {
      const { count } = this.#deps.flows;
      this.#mostFlows = Math.max(this.#mostFlows, count);
      this.#averageFlows = Math.floor((this.#averageFlows + count) / 2);
      for (const waiter of this.#waiting) waiter.hasBegun = true;
    }
    return { startedAt: now, tags, rules, isFull, next: 0 };
  }

  /** True when the round is through. */
  #runSlice(round: Round, startedAt: Ms): boolean {
    const { flows, timers } = this.#deps;
    for (let visited = 1; round.next < flows.idEnd; visited++) {
      const flow = flows.at(round.next++);
      if (flow !== undefined) this.#visit(flow, round);
      if (visited % 32 === 0 && timers.clock.now() - startedAt >= sliceTime) return false;
    }
    return true;
  }

  #end(round: Round): void {
    const { clock } = this.#deps.timers;
    const now = clock.now();
    const duration = now - round.startedAt;
    this.#round = undefined;
    this.#earliestStart = ms(Math.max(round.startedAt + shortestGap, now + duration));
    if (!round.isFull) return;
    const { maxIdle, maxRevalidator } = this.#deps.limits();
    this.#duration = Math.max(1, Math.round(duration));
    this.#adaptLimit();
    this.#nextFullAt = ms(Math.max(this.#earliestStart, round.startedAt + Math.min(maxIdle, maxRevalidator)));
    const told = this.#waiting.filter(({ hasBegun }) => hasBegun);
    this.#waiting = this.#waiting.filter(({ hasBegun }) => !hasBegun);
    for (const { tell } of told) tell();
    this.#deps.onCounted();
  }

  /** So many flows may be there as can be looked at in good time. */
  #adaptLimit(): void {
    const duration = this.#duration;
    let limit = this.#flowLimit;
    if (duration > 2000) limit = Math.floor(limit / Math.floor(duration / 1000));
    else if (duration > 1300) limit = Math.floor((limit * 3) / 4);
    else if (duration < 1000 && limit < (this.#deps.flows.count * 1000) / duration) limit += 1000;
    this.#flowLimit = Math.min(this.#deps.limits().flowLimit, Math.max(limit, leastLimit));
    if (duration > 2000) log.info(`Spent an unreasonably long ${duration}ms dumping flows`);
  }

  #visit(flow: InstalledFlow, round: Round): void {
    const { tags, rules, isFull } = round;
    const isConcerned =
      flow.isUntranslated || tags === everyTag || (tags & flow.tags) !== 0 || rules.mayConcern(flow);
    if (!isFull && !isConcerned) return;
    const { datapath, timers } = this.#deps;
    const stats = this.#stats;
    const isThere = datapath.readFlowStats(flow.id, stats);
    const now = timers.clock.now();
    const shownStats = (): ShownFlowStats => showFlowStats(stats, now);
    if (isThere) logFlowCall(datapath, this.readsTersely ? 'dumpTersely' : 'dump', flow, shownStats);
    if (!isThere) {
      if (now - flow.createdAt > putTime) this.#forget(flow);
      else if (isConcerned) this.#retranslate(flow);
      return;
    }
    const usedAt = stats.usedAt || flow.createdAt;
    if (isFull && now - usedAt > this.#idleTime()) {
      this.#delete(flow);
      return;
    }
    const packets = stats.packetCount - flow.creditedPackets;
    if (isConcerned && !this.#isWorthIt(packets, usedAt, now)) this.#delete(flow);
    else {
      if (isConcerned && this.readsTersely) logFlowCall(datapath, 'get', flow, shownStats);
      const { drop } = flow; // what it dropped until now it dropped for that
      const current = isConcerned ? this.#retranslate(flow) : flow;
      if (current !== undefined) this.#credit(current, stats, drop);
    }
  }

  #idleTime(): number {
    const { count } = this.#deps.flows;
    const limit = this.#flowLimit;
    if (count <= limit) return this.#deps.limits().maxIdle;
    if (count <= 2 * limit) return crowdedIdle;
    limitKill.total++;
    log.limited(
      'warn',
      emergency,
      `Number of datapath flows (${count}) twice as high as current dynamic flow limit (${limit}).  Starting to delete flows unconditionally as an emergency measure.`,
    );
    return Number.NEGATIVE_INFINITY;
  }

  /** When rounds take long, flows with little traffic are deleted instead: a miss costs less than this. */
  #isWorthIt(packets: number, usedAt: number, now: Ms): boolean {
    const { maxRevalidator, minRevalidatePps } = this.#deps.limits();
    if (this.#duration < maxRevalidator / 2 || minRevalidatePps === 0) return true;
    return Math.max(0, now - usedAt) / Math.max(packets, 1) < 1000 / minRevalidatePps;
  }

  /** The flow as it is now; undefined when it had to be deleted. */
  #retranslate(flow: InstalledFlow): InstalledFlow | undefined {
    const { ports, scratch, frozen, abilities, tunnels, datapath, flows } = this.#deps;
    const { input } = flow;
    if (input.ofproto.ports.get(input.port.ofPort) !== input.port) {
      this.#delete(flow);
      return undefined;
    }
    const key = unpackKey(flow.key, this.#packetKey);
    const where = cameBack(key, input, frozen);
    if (where === undefined) {
      this.#delete(flow);
      return undefined;
    }
    const request = { ports, scratch, frozen, abilities, tunnels, key, ...where, hasPacket: false };
    const result = translateFor(datapath.features, request);
    // With more bits than before, the flow covers packets that now differ.
    if (result.isPassing || !flow.mask.includes(internMask(result.mask))) {
      this.#delete(flow);
      return undefined;
    }
    flow.isUntranslated = false;
    flow.tags = result.tags;
    flow.lookups = result.lookups;
    flow.effects = result.effects;
    flow.drop = dropOfFlow(result);
    const actions = actionsOfFlow(result, where.ofproto);
    if (isSameActions(actions, flow.actions)) return flow;
    const changed = flows.withActions(flow, this.#deps.lists().intern(actions), flow.drop);
    datapath.putFlow(changed);
    logFlowCall(datapath, 'modify', changed);
    return changed;
  }

  /** Counts what the flow's packets did since the last time, and learns from them again. */
  #credit(
    flow: InstalledFlow,
    { packetCount, byteCount, usedAt, tcpFlags }: DpFlowStats,
    drop: PacketDrop | undefined = flow.drop,
  ): void {
    const packets = packetCount - flow.creditedPackets;
    if (packets <= 0) return;
    if (drop !== undefined) this.#deps.drops.add(drop, packets);
    creditEffects(flow.effects, {
      packets,
      bytes: Math.max(0, byteCount - flow.creditedBytes),
      tcpFlags,
      at: usedAt,
    });
    applyAllLearning(flow.effects);
    flow.creditedPackets = packetCount;
    flow.creditedBytes = byteCount;
  }

  #delete(flow: InstalledFlow): void {
    const { datapath, timers } = this.#deps;
    const stats = this.#stats;
    if (datapath.readFlowStats(flow.id, stats)) this.#credit(flow, stats);
    this.#forget(flow);
    logFlowCall(datapath, 'delete', flow, () => showFlowStats(stats, timers.clock.now()));
  }

  #forget(flow: InstalledFlow): void {
    this.#deps.datapath.deleteFlow(flow.id);
    this.#deps.flows.remove(flow);
  }

  /** Sets the timer for what is due next; none when there is nothing to look at. */
  #arrange(): void {
    const due = this.#nextDue();
    if (this.#timer !== undefined && this.#timerDue === due) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDue = due;
    if (due === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#deps.timers.at(ms(due), () => {
      this.#timer = undefined;
      this.run();
    });
  }

  #nextDue(): number {
    if (this.#isPaused) return Number.POSITIVE_INFINITY;
    // Whoever waits is told even while the clock stands still.
    if (this.#round !== undefined || this.#isUrgent) return this.#deps.timers.clock.now();
    // What changed is kept in mind: the packet that changed it may be about to leave a flow.
    const { flows, limits } = this.#deps;
    const isLimited = this.#flowLimit < Math.min(limits().flowLimit, leastLimit);
    const isIdle = flows.count === 0 && this.#averageFlows === 0 && !isLimited;
    if (isIdle && this.#waiting.length === 0) return Number.POSITIVE_INFINITY;
    return Math.max(this.#earliestStart, this.#isChanged ? 0 : this.#nextFullAt);
  }
}
