/** The flows of a datapath under their ufids, to be looked at and changed by hand. */
import { dpPort, ms } from '../../../base/units.ts';
import type { DpAction } from '../../../datapath/actions.ts';
import type { DpFlow, DpFlowStats } from '../../../datapath/provider.ts';
import { getSlot } from '../../../flow/key.ts';
import type { Mask } from '../../../flow/mask.ts';
import { type Match, unpackKey } from '../../../flow/match.ts';
import type { Backer } from '../../../ofproto/backer.ts';
import { everyTag } from '../../../ofproto/translate/tags.ts';
import { type FlowRow, flowRow, listFlows, ufidOf } from '../../../ofproto/views/flows.ts';
import type { BareDatapath } from '../../bare-datapath.ts';
import { type AnyDatapath, isBare } from './datapaths.ts';

/** A flow as it was typed in. */
interface GivenFlow {
  readonly ufid: string;
  /** Packed. */
  readonly key: Match;
  readonly mask: Mask;
  readonly actions: readonly DpAction[];
}

export interface FlowStore {
  rows(): FlowRow[];
  /** Adds the flow, or replaces the actions of that ufid; false when no flow can come in by that port. */
  put(flow: GivenFlow, options: { clearsStatistics: boolean }): boolean;
  remove(ufid: string): void;
  flush(): void;
}

export function flowStore(any: AnyDatapath, now: () => number): FlowStore {
  return isBare(any) ? new BareFlows(any, now) : new BackerFlows(any, now);
}

/** Flows of bridges: what is added here lasts until the revalidator has its own opinion of it, which is soon. */
class BackerFlows implements FlowStore {
  readonly #backer: Backer;
  readonly #now: () => number;

  constructor(backer: Backer, now: () => number) {
    this.#backer = backer;
    this.#now = now;
  }

  rows(): FlowRow[] {
    return listFlows(this.#backer, this.#now());
  }

  put({ ufid, key, mask, actions }: GivenFlow, { clearsStatistics }: { clearsStatistics: boolean }): boolean {
    const { flows, datapath, ports, revalidator } = this.#backer;
    const packetKey = unpackKey(key);
    const input = ports.ofDpPort(dpPort(getSlot(packetKey, 'in_port')));
    if (input === undefined) return false;
    const known = this.#find(ufid);
    if (known !== undefined) {
      if (clearsStatistics) datapath.deleteFlow(known.id);
      datapath.putFlow(flows.withActions(known, actions));
    } else {
      const createdAt = ms(this.#now());
      datapath.putFlow(
        flows.add(packetKey, { mask, actions, input, tags: everyTag, lookups: [], effects: [], createdAt }),
      );
    }
    revalidator.change(everyTag);
    return true;
  }

  remove(ufid: string): void {
    this.#backer.revalidator.purgeWhere((flow) => ufidOf(flow.key) === ufid);
  }

  flush(): void {
    this.#backer.revalidator.purge();
  }

  #find(ufid: string) {
    for (const flow of this.#backer.flows) if (ufidOf(flow.key) === ufid) return flow;
    return undefined;
  }
}

class BareFlows implements FlowStore {
  readonly #bare: BareDatapath;
  readonly #now: () => number;

  constructor(bare: BareDatapath, now: () => number) {
    this.#bare = bare;
    this.#now = now;
  }

  rows(): FlowRow[] {
    const { datapath, flows } = this.#bare;
    const stats: DpFlowStats = { packetCount: 0, byteCount: 0, usedAt: 0, tcpFlags: 0 };
    return [...flows].flatMap(([ufid, flow]) =>
      datapath.readFlowStats(flow.id, stats) ? [flowRow(ufid, flow, stats, this.#now())] : [],
    );
  }

  put({ ufid, key, mask, actions }: GivenFlow, { clearsStatistics }: { clearsStatistics: boolean }): boolean {
    const { datapath, flows } = this.#bare;
    const id = flows.get(ufid)?.id ?? this.#freeId();
    if (clearsStatistics) datapath.deleteFlow(id);
    const flow: DpFlow = { id, key, mask, actions };
    flows.set(ufid, flow);
    datapath.putFlow(flow);
    return true;
  }

  remove(ufid: string): void {
    const gone = this.#bare.flows.get(ufid);
    if (gone === undefined) return;
    this.#bare.flows.delete(ufid);
    this.#bare.datapath.deleteFlow(gone.id);
  }

  flush(): void {
    this.#bare.flows.clear();
    this.#bare.datapath.flushFlows();
  }

  #freeId(): number {
    const used = new Set([...this.#bare.flows.values()].map(({ id }) => id));
    let id = 0;
    while (used.has(id)) id++;
    return id;
  }
}
