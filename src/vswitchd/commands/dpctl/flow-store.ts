/** The flows of a datapath, to be looked at and changed by hand. */
import { dpPort, ms } from '../../../base/units.ts';
import type { DpAction } from '../../../datapath/actions.ts';
import type { DpFlow, DpFlowStats, DpThread } from '../../../datapath/provider.ts';
import type { Ufid } from '../../../datapath/ufid.ts';
import { getSlot } from '../../../flow/key.ts';
import { type Match, unpackKey, valuesUnder } from '../../../flow/match.ts';
import type { Backer } from '../../../ofproto/backer.ts';
import type { PortOfSwitch } from '../../../ofproto/port-of-switch.ts';
import type { PacketDrop } from '../../../ofproto/translate/request.ts';
import { everyTag } from '../../../ofproto/translate/tags.ts';
import type { InstalledFlow } from '../../../ofproto/upcall/installed-flows.ts';
import { type FlowRow, flowRow, listFlows } from '../../../ofproto/views/flows.ts';
import type { BareDatapath } from '../../bare-datapath.ts';
import { type AnyDatapath, isBare } from './datapaths.ts';

/** A flow as it was typed in; `key` is packed. */
export type GivenFlow = Omit<DpFlow, 'id'>;

export interface FlowStore {
  /** Those of one thread, as it counted them, or of all. */
  rows(thread?: DpThread): FlowRow[];
  find(ufid: Ufid): StoredFlow | undefined;
  /** The flow that packets with that key take, whatever it is called. */
  findFor(key: Match): StoredFlow | undefined;
  /** False when no flow can come in by that port. */
  add(flow: GivenFlow): boolean;
  flush(): void;
}

interface StoredFlow {
  /** undefined when the datapath does not have it after all. */
  row(): FlowRow | undefined;
  setActions(actions: readonly DpAction[], options: { clearsStatistics: boolean }): void;
  remove(): void;
}

export function flowStore(any: AnyDatapath, now: () => number): FlowStore {
  return isBare(any) ? new BareFlows(any, now) : new BackerFlows(any, now);
}

/** Flows of bridges: one that is added lasts until all flows are looked at next, and is then what translation says. */
class BackerFlows implements FlowStore {
  readonly #backer: Backer;
  readonly #now: () => number;

  constructor(backer: Backer, now: () => number) {
    this.#backer = backer;
    this.#now = now;
  }

  rows(thread: Pick<DpThread, 'readFlowStats'> = this.#backer.datapath): FlowRow[] {
    return listFlows(this.#backer, this.#now(), { thread });
  }

  find(ufid: Ufid): StoredFlow | undefined {
    return this.#stored(firstOf(this.#backer.flows, (flow) => flow.ufid === ufid));
  }

  findFor(key: Match): StoredFlow | undefined {
    return this.#stored(firstOf(this.#backer.flows, (flow) => isFor(flow, key)));
  }

  add({ ufid, key, mask, actions }: GivenFlow): boolean {
    const { flows, datapath, ports, revalidator } = this.#backer;
    const packetKey = unpackKey(key);
    const input = ports.firstOn(dpPort(getSlot(packetKey, 'in_port')));
    if (input === undefined) return false;
    const createdAt = ms(this.#now());
    const drop = dropByHand(actions, input);
    const made = { mask, actions, input, tags: everyTag, lookups: [], effects: [], createdAt, drop };
    const flow = flows.add(packetKey, made, ufid);
    flow.isUntranslated = true;
    datapath.putFlow(flow);
    revalidator.wake();
    return true;
  }

  flush(): void {
    this.#backer.revalidator.purge();
  }

  #stored(flow: InstalledFlow | undefined): StoredFlow | undefined {
    if (flow === undefined) return undefined;
    const { flows, datapath, revalidator } = this.#backer;
    return {
      row: () => rowOf(datapath, flow, this.#now(), flow.isUntranslated),
      setActions(actions, { clearsStatistics }) {
        if (clearsStatistics) datapath.deleteFlow(flow.id);
        datapath.putFlow(flows.withActions(flow, actions, dropByHand(actions, flow.input)));
      },
      remove: () => revalidator.purgeWhere((each) => each === flow),
    };
  }
}

function dropByHand([first]: readonly DpAction[], { ofproto, port }: PortOfSwitch): PacketDrop | undefined {
  if (first !== undefined && first.do !== 'drop') return undefined;
  const end = { ofproto, inPort: port.ofPort, table: undefined, rule: undefined, action: undefined };
  return { reason: 'byHand', end };
}

class BareFlows implements FlowStore {
  readonly #bare: BareDatapath;
  readonly #now: () => number;

  constructor(bare: BareDatapath, now: () => number) {
    this.#bare = bare;
    this.#now = now;
  }

  rows(thread: Pick<DpThread, 'readFlowStats'> = this.#bare.datapath): FlowRow[] {
    const { datapath } = this.#bare;
    const stats = newStats();
    return [...datapath.flows()].flatMap((flow) =>
      thread.readFlowStats(flow.id, stats) ? [flowRow(flow, stats, this.#now(), true)] : [],
    );
  }

  find(ufid: Ufid): StoredFlow | undefined {
    return this.#stored(firstOf(this.#bare.datapath.flows(), (flow) => flow.ufid === ufid));
  }

  findFor(key: Match): StoredFlow | undefined {
    return this.#stored(firstOf(this.#bare.datapath.flows(), (flow) => isFor(flow, key)));
  }

  add(flow: GivenFlow): boolean {
    this.#bare.datapath.putFlow({ ...flow, id: this.#freeId() });
    return true;
  }

  flush(): void {
    this.#bare.datapath.flushFlows();
  }

  #stored(flow: DpFlow | undefined): StoredFlow | undefined {
    if (flow === undefined) return undefined;
    const { datapath } = this.#bare;
    return {
      row: () => rowOf(datapath, flow, this.#now(), true),
      setActions(actions, { clearsStatistics }) {
        if (clearsStatistics) datapath.deleteFlow(flow.id);
        datapath.putFlow({ ...flow, actions });
      },
      remove: () => datapath.deleteFlow(flow.id),
    };
  }

  #freeId(): number {
    const used = new Set(Array.from(this.#bare.datapath.flows(), ({ id }) => id));
    let id = 0;
    while (used.has(id)) id++;
    return id;
  }
}

function firstOf<F>(flows: Iterable<F>, isIt: (flow: F) => boolean): F | undefined {
  for (const flow of flows) if (isIt(flow)) return flow;
  return undefined;
}

/** Does a packet with that key take the flow? */
function isFor({ key, mask }: DpFlow, packet: Match): boolean {
  const values = valuesUnder(packet, mask);
  return valuesUnder(key, mask).every((value, n) => value === values[n]);
}

function rowOf(
  datapath: BareDatapath['datapath'],
  flow: DpFlow,
  now: number,
  isByHand: boolean,
): FlowRow | undefined {
  const stats = newStats();
  return datapath.readFlowStats(flow.id, stats) ? flowRow(flow, stats, now, isByHand) : undefined;
}

function newStats(): DpFlowStats {
  return { packetCount: 0, byteCount: 0, usedAt: 0, tcpFlags: 0 };
}
