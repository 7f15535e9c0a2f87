/**
 * Who watches dropped packets, and what is told of each: those that a bridge dropped when they came up, and those that
 * the datapath did, which are told by the flow that they met.
 */
import type { Clock } from '../../base/clock.ts';
import { Refused } from '../../base/errors.ts';
import { ofPort } from '../../base/units.ts';
import type { DpDrop } from '../../datapath/drop-watch.ts';
import { isActionDrop } from '../../datapath/drops.ts';
import type { Datapath, DpPacket } from '../../datapath/provider.ts';
import { formatDpActions } from '../../datapath/text/actions.ts';
import { formatMatch } from '../../flow/format-match.ts';
import { newKey } from '../../flow/key.ts';
import { isMatchedBy, type Match, packMatch, unpackKey } from '../../flow/match.ts';
import { isTunnelled, packetMask } from '../../flow/packet-mask.ts';
import { datapathWordCount, slots } from '../../flow/slots.ts';
import { formatFlowStats } from '../../openflow/messages/flows.ts';
import { portText, unsetPort } from '../../openflow/ports.ts';
import { tableText } from '../../openflow/text/names.ts';
import { flowStats } from '../connections/flow-requests.ts';
import type { Ofproto } from '../ofproto.ts';
import type { PortIndex } from '../port-index.ts';
import type { Rule } from '../tables/rule.ts';
import { formatRuleActions } from '../tables/rule-text.ts';
import type { PacketDrop, PacketEnd } from '../translate/request.ts';
import { optionsOnWire } from '../tunnels/geneve-options.ts';
import type { InstalledFlow, InstalledFlows } from '../upcall/installed-flows.ts';
import { type AnyDropReason, type DropPlace, explanationOf } from './drop-list.ts';
import type { DroppedPacket, DropStream } from './drop-stream.ts';
import type { DropTally } from './drop-tally.ts';

/** Which dropped packets somebody wants to see; of everything where nothing is said. */
export interface DropQuery {
  /** The bridge that dropped them, or by whose ports came what the datapath dropped. */
  readonly bridge?: Ofproto | undefined;
  /** Where they were looked up last. */
  readonly table?: number | undefined;
  /** Of packets as they came into that bridge. */
  readonly match?: Match | undefined;
}

export interface DropWatcherDeps {
  readonly datapath: Datapath;
  readonly clock: Clock;
  readonly flows: InstalledFlows;
  readonly ports: PortIndex;
  readonly drops: DropTally;
  /** Why a packet of that key would be dropped now. */
  readonly explain: (key: Uint32Array) => PacketDrop | undefined;
}

interface Watcher {
  readonly stream: DropStream;
  readonly query: DropQuery;
  readonly headSize: number;
}

/** All that is known of a dropped packet before anything is made text. */
interface Found {
  readonly reason: AnyDropReason;
  readonly place: DropPlace;
  readonly end: PacketEnd;
  /** The key that the datapath has. */
  readonly key: Uint32Array;
  readonly at: number;
  readonly size: number;
  readonly head: Uint8Array;
  /** Where the datapath dropped it: the flow that it met, and the bridge of the rule that made it. */
  readonly flow?: InstalledFlow | undefined;
  readonly ruleOwner?: Ofproto | undefined;
}

/** Each has memory of its own for what comes. */
const watcherLimit = 16;
/** So many times what is to be shown comes from the datapath where it cannot decide what that is. */
const reserve = 10;

const inPortWord = slots.in_port.word;
const recircWord = slots.recirc_id.word;

export class DropWatchers {
  readonly #deps: DropWatcherDeps;
  readonly #watchers = new Set<Watcher>();

  constructor(deps: DropWatcherDeps) {
    this.#deps = deps;
  }

  /** Until the stream ends. `rate` is packets a second. Throws Refused when there are many already. */
  add(stream: DropStream, query: DropQuery, { rate, headSize }: { rate: number; headSize: number }): void {
    if (this.#watchers.size >= watcherLimit)
      throw new Refused(
        'drops',
        `there are ${watcherLimit} who watch dropped packets: no more can be served`,
      );
    const watcher = { stream, query, headSize };
    const match = this.#datapathMatch(query);
    // What it drops for other bridges and tables is passed over here only.
    const isDecidedThere = query.bridge === undefined && query.table === undefined;
    const ofDatapath = { rate: isDecidedThere ? rate : reserve * rate, headSize, match };
    const watching = this.#deps.datapath.watchDrops(ofDatapath, (drops) => {
      for (const drop of drops) {
        const found = this.#find(drop);
        if (found === undefined) stream.countMissed();
        else this.#offer(watcher, found);
      }
    });
    this.#watchers.add(watcher);
    stream.addSource({
      get missedCount() {
        return watching.missedCount;
      },
      stop: () => {
        watching.stop();
        this.#watchers.delete(watcher);
      },
    });
  }

  /** Nothing more will be dropped: every stream ends. */
  close(): void {
    for (const { stream } of this.#watchers) stream.end();
  }

  /** A bridge dropped a packet that had come up, or that a controller sent. */
  bridgeDropped({ reason, end }: PacketDrop, { bytes, key }: Pick<DpPacket, 'bytes' | 'key'>): void {
    if (this.#watchers.size === 0) return;
    const at = this.#deps.clock.now();
    for (const watcher of this.#watchers) {
      const head = bytes.subarray(0, watcher.headSize);
      this.#offer(watcher, { reason, place: 'bridge', end, key, at, size: bytes.length, head });
    }
  }

  /** What of the query the datapath can decide; the rest is decided here. */
  #datapathMatch({ match, bridge }: DropQuery): Match | undefined {
    if (match === undefined) return undefined;
    const key = unpackKey(match);
    const mask = match.mask.unpack();
    const port = mask[inPortWord] === 0 ? undefined : bridge?.ports.get(ofPort(key[inPortWord] ?? 0))?.dpPort;
    if (port === undefined) mask[inPortWord] = 0;
    else key[inPortWord] = port;
    const part = packMatch(key, mask.fill(0, datapathWordCount));
    return part.mask.words.length === 0 ? undefined : part;
  }

  /** undefined when nobody knows any more what the packet met. */
  #find({ reason, ...packet }: DpDrop): Found | undefined {
    const { flows, ports, explain } = this.#deps;
    const { key } = packet;
    const flow = flows.findFor(key);
    if (isActionDrop(reason)) {
      const drop = flow?.drop ?? explain(key);
      return drop && { ...drop, place: 'bridge', ...packet };
    }
    const input = ports.inputOf(key);
    const inPort = input?.port.ofPort ?? ofPort(unsetPort);
    const last = flow && lastRule(flow);
    const end = {
      ofproto: input?.ofproto,
      inPort,
      table: last?.rule.table,
      rule: last?.rule,
      action: undefined,
    };
    return { reason, place: 'datapath', end, ...packet, flow, ruleOwner: last?.ofproto };
  }

  #offer({ stream, query }: Watcher, found: Found): void {
    const { end } = found;
    if (query.bridge !== undefined && end.ofproto !== query.bridge) return;
    if (query.table !== undefined && end.table !== query.table) return;
    const key = openFlowKey(found);
    if (query.match !== undefined && !isMatchedBy(query.match, key)) return;
    stream.offer(this.#deps.clock.now(), () => this.#describe(found, key));
  }

  #describe(found: Found, key: Uint32Array): DroppedPacket {
    const { reason, place, end, at, size, head } = found;
    const { clock, drops } = this.#deps;
    const { ofproto, port } = drops.ownerOf(end);
    return {
      time: clock.wall() - (clock.now() - at),
      bridge: ofproto?.name,
      port: port?.name,
      reason,
      place,
      text: explanationOf(place, reason).text,
      table: end.table,
      rule: ruleText(end.rule, found.ruleOwner ?? ofproto),
      action: actionText(found),
      flow: formatMatch(key, packetMask(key), {
        ports: portText,
        tunnelOptions:
          isTunnelled(key) && ofproto !== undefined ? optionsOnWire(key, ofproto.tlvTable) : undefined,
      }),
      size,
      head,
    };
  }
}

/** The last rule that the flow was made by. */
function lastRule({
  effects,
  lookups,
}: InstalledFlow): { rule: Rule; ofproto: Ofproto | undefined } | undefined {
  const last = effects.findLast((effect) => effect.kind === 'rule' && effect.isMatch);
  if (last?.kind !== 'rule' || last.rule === undefined) return undefined;
  const { rule, table } = last;
  return {
    rule,
    ofproto: lookups.find(({ ofproto }) => ofproto.tables.table(rule.table) === table)?.ofproto,
  };
}

/** As OpenFlow sees a packet that comes in. */
function openFlowKey({ key, end }: Found): Uint32Array {
  const words = newKey();
  words.set(key.length > datapathWordCount ? key.subarray(0, datapathWordCount) : key);
  words[inPortWord] = end.inPort;
  words[recircWord] = 0;
  return words;
}

/** undefined for a rule that has gone since. */
function ruleText(rule: Rule | undefined, ofproto: Ofproto | undefined): string | undefined {
  if (rule?.mask === undefined || ofproto === undefined) return undefined;
  // Flags are told in a few versions only, and say nothing of what becomes of packets.
  const stats = { ...flowStats(ofproto, rule), flags: 0 };
  return formatFlowStats(stats, { ports: portText, tables: tableText }, false);
}

function actionText({ flow, end: { action } }: Found): string | undefined {
  if (flow !== undefined) return formatDpActions(flow.actions);
  return action === undefined ? undefined : formatRuleActions([action]);
}
