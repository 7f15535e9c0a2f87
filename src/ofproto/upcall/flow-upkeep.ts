/**
 * What is done for one datapath flow as time goes by: its packets are counted for rules, ports and learned addresses, it
 * is deleted when it is idle, and translated again when something changed that it depends on.
 */
import type { Timers } from '../../base/timers.ts';
import { logFlowCall } from '../../datapath/flow-log.ts';
import type { Datapath, DpFlowStats } from '../../datapath/provider.ts';
import { type ShownFlowStats, showFlowStats } from '../../datapath/text/stats.ts';
import { newKey } from '../../flow/key.ts';
import { internMask } from '../../flow/mask.ts';
import { unpackKey } from '../../flow/match.ts';
import type { DropTally } from '../drops/drop-tally.ts';
import { applyAllLearning, creditEffects } from '../translate/effects.ts';
import { cameBack } from '../translate/freezing/frozen-states.ts';
import { type ActionLists, isSameActions } from '../translate/intern.ts';
import type { PacketDrop, TranslationContext } from '../translate/request.ts';
import { actionsOfFlow, dropOfFlow, translateFor } from '../translate/translate.ts';
import type { FlowLimit } from './flow-limit.ts';
import type { InstalledFlow, InstalledFlows } from './installed-flows.ts';

/** A flow that the datapath still does not know after so many milliseconds was refused by it. */
const putTime = 1000;

export interface FlowUpkeepDeps {
  readonly translation: TranslationContext;
  readonly datapath: Datapath;
  readonly timers: Timers;
  readonly flows: InstalledFlows;
  readonly limit: FlowLimit;
  readonly lists: ActionLists;
  readonly drops: DropTally;
}

export class FlowUpkeep {
  /** A look at all flows reads of each what it counted; the rest only where that matters. */
  readsTersely = true;
  readonly #deps: FlowUpkeepDeps;
  readonly #packetKey = newKey();
  readonly #stats: DpFlowStats = { packetCount: 0, byteCount: 0, usedAt: 0, tcpFlags: 0 };

  constructor(deps: FlowUpkeepDeps) {
    this.#deps = deps;
  }

  /** `isFull`: it is looked at whether it is idle, too. `isConcerned`: something changed that it depends on. */
  visit(flow: InstalledFlow, isFull: boolean, isConcerned: boolean): void {
    const { datapath, timers, flows, limit } = this.#deps;
    const stats = this.#stats;
    const isThere = datapath.readFlowStats(flow.id, stats);
    const now = timers.clock.now();
    if (!isThere) {
      if (now - flow.createdAt > putTime) this.#forget(flow);
      else if (isConcerned) this.#retranslate(flow);
      return;
    }
    const shownStats = (): ShownFlowStats => showFlowStats(stats, now);
    logFlowCall(datapath, this.readsTersely ? 'dumpTersely' : 'dump', flow, shownStats);
    const idleFor = now - (stats.usedAt || flow.createdAt);
    const packets = stats.packetCount - flow.creditedPackets;
    const isExpired = isFull && idleFor > limit.idleTime(flows.count);
    if (isExpired || (isConcerned && !limit.isWorthTranslating(packets, idleFor))) {
      this.delete(flow);
      return;
    }
    if (isConcerned && this.readsTersely) logFlowCall(datapath, 'get', flow, shownStats);
    const { drop } = flow; // what it dropped until now it dropped for that
    const current = isConcerned ? this.#retranslate(flow) : flow;
    if (current !== undefined) this.#credit(current, stats, drop);
  }

  /** Its last packets are counted. */
  delete(flow: InstalledFlow): void {
    const { datapath, timers } = this.#deps;
    const stats = this.#stats;
    if (datapath.readFlowStats(flow.id, stats)) this.#credit(flow, stats);
    this.#forget(flow);
    logFlowCall(datapath, 'delete', flow, () => showFlowStats(stats, timers.clock.now()));
  }

  /** The flow as it is now; undefined when it had to be deleted. */
  #retranslate(flow: InstalledFlow): InstalledFlow | undefined {
    const { translation: context, datapath, flows } = this.#deps;
    const { input } = flow;
    if (input.ofproto.ports.get(input.port.ofPort) !== input.port) {
      this.delete(flow);
      return undefined;
    }
    const key = unpackKey(flow.key, this.#packetKey);
    const where = cameBack(key, input, context.frozen);
    if (where === undefined) {
      this.delete(flow);
      return undefined;
    }
    const request = { context, key, ...where, hasPacket: false };
    const result = translateFor(datapath.features, request);
    // With more bits than before, the flow covers packets that now differ.
    if (result.isPassing || !flow.mask.includes(internMask(result.mask))) {
      this.delete(flow);
      return undefined;
    }
    flow.isUntranslated = false;
    flow.tags = result.tags;
    flow.lookups = result.lookups;
    flow.effects = result.effects;
    flow.drop = dropOfFlow(result);
    const actions = actionsOfFlow(result, where.ofproto);
    if (isSameActions(actions, flow.actions)) return flow;
    const changed = flows.withActions(flow, this.#deps.lists.intern(actions), flow.drop);
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

  #forget(flow: InstalledFlow): void {
    this.#deps.datapath.deleteFlow(flow.id);
    this.#deps.flows.remove(flow);
  }
}
