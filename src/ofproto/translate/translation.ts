/**
 * One packet's way through the switches of a datapath: from its key to datapath actions, plus the mask of the bits
 * that decided, so that the answer holds for every packet equal under it. With the handlers of actions, the only place
 * that knows what OpenFlow means. `upcall/` runs it for misses and again when something changed; `ofproto/trace` runs it
 * with a trace.
 */
import { hexOrZero } from '../../base/numbers.ts';
import type { OfPort } from '../../base/units.ts';
import { getSlot } from '../../flow/key.ts';
import { isTunnelled } from '../../flow/packet-mask.ts';
import { actionSetOrder } from '../../openflow/action-set.ts';
import type { Action } from '../../openflow/actions/index.ts';
import type { NamedPacketInReason } from '../../openflow/packet-in-reasons.ts';
import type { Ofproto } from '../ofproto.ts';
import type { Bundle, OfprotoPort } from '../port.ts';
import type { Rule } from '../tables/rule.ts';
import { maskWireOptions } from '../tunnels/geneve-options.ts';
import { ActionRunner } from './action-runner.ts';
import { coverWithEthernet } from './bare-packets.ts';
import { DatapathActions } from './datapath-actions.ts';
import { Detours } from './detours.ts';
import type { DropReason } from './drop-reasons.ts';
import { applyLearning, type Effect, finish } from './effects.ts';
import { clearAbsent, unwildcardBasics, unwildcardTags } from './flow-mask.ts';
import { Freezing } from './freezing/freezing.ts';
import type { FrozenState } from './freezing/frozen-states.ts';
import { wholeTable } from './lookups.ts';
import { netFlowEffect, unwildcardExported } from './netflow.ts';
import { OutputTally } from './output-tally.ts';
import { maxActions } from './packet-limits.ts';
import { PacketLookups } from './packet-lookups.ts';
import { PacketOutcome } from './packet-outcome.ts';
import { Pipeline } from './pipeline.ts';
import { PipelinePacket } from './pipeline-packet.ts';
import type { PacketEnd, TranslationRequest, TranslationResult } from './request.ts';
import { Sampling } from './sampling.ts';
import type { Trace, TraceEvent } from './trace/trace.ts';
import { tell } from './trace/trace-log.ts';
import { noteActionSet, noteLearned, noteThaw } from './trace/trace-steps.ts';
import { unwildcardTunnel } from './tunnels/tunnel-arrival.ts';

/** What is done with a packet by what knows this class. */
export interface TranslationHandlers {
  /** Does one action of a rule. */
  readonly act: (t: Translation, action: Action) => void;
  /** Copies a packet that comes in, or goes out, by that bundle. */
  readonly mirror: (t: Translation, bundle: Bundle, direction: 'sources' | 'destinations') => void;
}

/** The state of one translation; handlers of actions work on it. */
export class Translation {
  readonly request: TranslationRequest;
  readonly packet: PipelinePacket;
  /** The fields of the packet as they are at this point. */
  readonly flow: Uint32Array;
  /** Bits looked at so far. */
  readonly mask: Uint32Array;
  readonly datapath: DatapathActions;
  readonly outcome = new PacketOutcome();
  readonly outputs = new OutputTally();
  readonly sampling: Sampling;
  readonly freezing: Freezing;
  readonly detours: Detours;
  readonly runner: ActionRunner;
  readonly pipeline: Pipeline;
  /** What goes out goes to a mirror, which sends no more bytes than that; 0 for all. */
  snapLength = 0;
  readonly #handlers: TranslationHandlers;
  readonly #lookups: PacketLookups;

  constructor(request: TranslationRequest, handlers: TranslationHandlers) {
    const { flow, mask } = request.context.scratch;
    const { outcome } = this;
    this.request = request;
    this.#handlers = handlers;
    this.flow = flow;
    this.mask = mask.fill(0);
    const packet = new PipelinePacket(request);
    const datapath = new DatapathActions(request, outcome);
    const freezing = new Freezing({ request, packet, datapath, outcome });
    const detours = new Detours({ request, packet, datapath, freezing });
    const sampling = new Sampling(request, datapath);
    const lookups = new PacketLookups(request, outcome);
    const { trace } = request;
    const act = (action: Action): void => handlers.act(this, action);
    const runner = new ActionRunner({ packet, freezing, outcome, detours, datapath, trace, act });
    this.packet = packet;
    this.datapath = datapath;
    this.freezing = freezing;
    this.detours = detours;
    this.sampling = sampling;
    this.#lookups = lookups;
    this.runner = runner;
    this.pipeline = new Pipeline({
      request, // one by one: spreading them would cost as much as all the rest
      packet,
      datapath,
      outcome,
      freezing,
      detours,
      runner,
      sampling,
      lookups,
      drop: (reason, detail) => this.drop(reason, detail),
      mirrorArrival: (port) => this.mirrorAs('sources', port),
    });
  }

  /** The switch that has the packet now. */
  get ofproto(): Ofproto {
    return this.packet.place.ofproto;
  }

  /** The table that it is in. */
  get table(): number {
    return this.packet.place.table;
  }

  /** That of the rule whose actions run; all ones for those of a packet-out. */
  get cookie(): bigint {
    return this.packet.place.cookie;
  }

  /** Whose actions run; undefined for those of a packet-out and of a miss. */
  get rule(): Rule | undefined {
    return this.packet.place.rule;
  }

  get outputReason(): NamedPacketInReason {
    return this.request.actions === undefined ? this.runner.outputReason : 'packet_out';
  }

  /** The actions that run are those of a rule for every packet that no other rule of its table is for. */
  get isTableMiss(): boolean {
    const { ofproto, rule } = this;
    return rule?.priority === 0 && ofproto.tables.matchOf(rule).mask.words.length === 0;
  }

  /** The port by which it came into that switch; actions may have changed that, too. */
  get inPort(): OfprotoPort | undefined {
    return this.packet.port;
  }

  get inPortNumber(): OfPort {
    return this.packet.inPort;
  }

  get trace(): Trace | undefined {
    return this.request.trace;
  }

  /** There is a packet, and what it teaches is learned here; a trace does not for one that it had wrapped. */
  get learnsAtOnce(): boolean {
    return this.request.hasPacket && !(this.packet.isWrapped && this.trace !== undefined);
  }

  run(): TranslationResult {
    const { request, mask, outcome, packet } = this;
    unwildcardBasics(mask, request.key);
    unwildcardTunnel(mask, this.flow);
    unwildcardExported(mask, request);
    this.trace?.enter({ event: 'bridge', name: this.ofproto.name });
    this.#enterPipeline();
    if (!packet.hasGoodOptions) this.drop('badTunnelOptions');
    else if (request.state !== undefined) this.#resume(request.state);
    else if (request.actions === undefined) this.pipeline.run();
    else this.pipeline.runActions(request.actions);
    this.freezing.finish();
    if (outcome.failure === undefined) this.#tellExporters();
    this.trace?.leave();
    const { failure } = outcome;
    if (failure !== undefined) {
      this.datapath.clear();
      outcome.fail(failure);
      this.#showResult(); // the bits as they were then
    }
    if (isTunnelled(request.key) && request.hasPlacedOptions !== true)
      maskWireOptions(request.key, request.ofproto.tlvTable, mask);
    clearAbsent(mask, request.key);
    if (failure === undefined) this.#showResult();
    unwildcardTags(mask, request.key);
    return this.#result();
  }

  /** Tables see packets of a tunnel that carries none but bare ones as if they had an Ethernet header. */
  #enterPipeline(): void {
    const { request, flow } = this;
    const { state, ofproto } = request;
    const inPort = ofproto.ports.get(request.inPort);
    if (inPort === undefined) return;
    const isBare = inPort.tunnel?.mode === 'legacy_l3' && getSlot(flow, 'packet_type') !== 0;
    if (isBare && (state === undefined || state.rest?.table === 0)) coverWithEthernet(flow, this.datapath);
    if (state === undefined && inPort.tunnel !== undefined) this.effect({ kind: 'crossed', to: inPort });
  }

  #result(): TranslationResult {
    const { datapath, outcome, mask } = this;
    const { tags, slowPath, effects, isPassing } = outcome;
    const { end, drop } = outcome.endOf(datapath.list.length <= this.sampling.arrivalCount, this.#lastEnd);
    datapath.unwrapLastClone();
    if (datapath.count >= maxActions) outcome.slow('action');
    const lookups = this.request.context.scratch.lookupLists.intern(this.#lookups.done);
    return { actions: datapath.list, slowPath, mask, tags, lookups, effects, isPassing, drop, end };
  }

  #tellExporters(): void {
    this.sampling.finish(this.outputs);
    const effect = netFlowEffect(this.request, this.flow, this.outputs);
    if (effect !== undefined) this.effect(effect);
  }

  /** Notes why nothing more happens here. */
  drop(reason: DropReason, detail?: string): void {
    this.outcome.drop(reason, this.#here);
    this.tell({ event: 'drop', reason, ...(detail === undefined ? {} : { detail }) });
  }

  get #here(): PacketEnd {
    const { ofproto, table, rule } = this.packet.place;
    const isLookedUp = this.pipeline.last !== undefined || this.request.state !== undefined;
    const { inPortNumber: inPort } = this;
    return { ofproto, inPort, table: isLookedUp ? table : undefined, rule, action: this.runner.current };
  }

  get #lastEnd(): PacketEnd {
    const { last } = this.pipeline;
    return last === undefined ? this.#here : { ...last, action: this.runner.current };
  }

  /** Notes what happened to the packet. */
  tell(event: TraceEvent): void {
    tell(event, this.ofproto, this.request);
  }

  /** Adds an effect; learning happens at once, so that what follows already sees it. */
  effect(effect: Effect): void {
    this.outcome.effects.push(effect);
    if (!this.learnsAtOnce) return;
    if (effect.kind === 'finish') finish(effect, getSlot(this.flow, 'tcp_flags'));
    if (effect.kind !== 'learn' || !applyLearning(effect)) return;
    if (this.trace !== undefined) noteLearned(this.trace, effect);
  }

  /** Bits of a word have decided. */
  unwildcard(word: number, bits: number): void {
    this.mask[word] = (this.mask[word] ?? 0) | bits;
  }

  /** Which flows a table of this bridge has has decided. */
  dependOn(table: number): void {
    this.#lookups.done.push(wholeTable(this.ofproto, table));
  }

  /** No action after this one is run, in no table of this bridge. */
  exit(): void {
    this.packet.hasEnded = true;
  }

  /** How it ended in another bridge means nothing here. */
  forgetEnd(): void {
    this.outcome.failure = undefined;
    this.packet.hasEnded = false;
  }

  /** The actions that follow are of another table and rule. */
  unroll(table: number, cookie: bigint): void {
    const { packet } = this;
    packet.place = { ...packet.place, table, cookie };
    this.trace?.note({ event: 'unrolled', table, cookie: hexOrZero(cookie) });
  }

  /** Puts actions into the action set, where the last of a kind counts. */
  writeActions(actions: readonly Action[]): void {
    const { packet, trace } = this;
    packet.actionSet = [...packet.actionSet, ...actions];
    if (trace !== undefined) noteActionSet(trace, 'written', actionSetOrder(packet.actionSet));
  }

  clearActions(): void {
    const { packet, trace } = this;
    if (trace !== undefined && packet.actionSet.length > 0)
      noteActionSet(trace, 'cleared', actionSetOrder(packet.actionSet));
    packet.actionSet = [];
  }

  /** Goes on with a packet that has come back. */
  #resume(state: FrozenState): void {
    const { ofproto, rest } = state;
    const { packet, trace } = this;
    this.outcome.effects.push({ kind: 'frozen', state });
    if (rest === undefined) return;
    packet.stack = [...rest.stack];
    packet.actionSet = rest.actionSet;
    if (trace !== undefined) noteThaw(trace, ofproto, rest);
    packet.place = { ...packet.place, ofproto };
    if (rest.table === undefined) {
      if (rest.actions.length > 0) this.runner.run(rest.actions);
      this.runner.runActionSet();
    } else this.pipeline.resume(rest.table);
  }

  /** Mirrors have what comes in, or goes out, by that port. */
  mirrorAs(direction: 'sources' | 'destinations', port: OfprotoPort | undefined): void {
    if (port?.bundle !== undefined && !this.ofproto.mirrors.isEmpty)
      this.#handlers.mirror(this, port.bundle, direction);
  }

  #showResult(): void {
    if (this.trace !== undefined) this.trace.result = { flow: this.flow, mask: this.mask.slice() };
  }
}
