/**
 * One packet's way through the switches of a datapath: from its key to datapath actions, plus the mask of the bits
 * that decided, so that the answer holds for every packet equal under it. With the handlers of actions, the only place
 * that knows what OpenFlow means. `upcall/` runs it for misses and again when something changed; `ofproto/trace` runs it
 * with a trace.
 */
import { hexOrZero } from '../../base/numbers.ts';
import type { OfPort } from '../../base/units.ts';
import type { DpAction } from '../../datapath/actions.ts';
import { getSlot, setSlot } from '../../flow/key.ts';
import { isTunnelled } from '../../flow/packet-mask.ts';
import { actionSetOrder } from '../../openflow/action-set.ts';
import type { Action } from '../../openflow/actions/index.ts';
import type { NamedPacketInReason } from '../../openflow/packet-in-reasons.ts';
import type { Ofproto } from '../ofproto.ts';
import type { Bundle, OfprotoPort } from '../port.ts';
import { giveToProtocol } from '../protocols/link-protocols.ts';
import type { Rule } from '../tables/rule.ts';
import { maskWireOptions } from '../tunnels/geneve-options.ts';
import { ActionRunner } from './action-runner.ts';
import { admissionRefusal } from './admission.ts';
import { coverWithEthernet } from './bare-packets.ts';
import { DatapathActions } from './datapath-actions.ts';
import { Detours } from './detours.ts';
import type { DropReason } from './drop-reasons.ts';
import { applyLearning, type Effect, finish } from './effects.ts';
import { clearAbsent, unwildcardBasics, unwildcardTags } from './flow-mask.ts';
import { Freezing } from './freezing.ts';
import type { FrozenState } from './frozen-states.ts';
import { wholeTable } from './lookups.ts';
import { netFlowEffect, unwildcardExported } from './netflow.ts';
import { OutputTally } from './output-tally.ts';
import { maxActions, PacketLimits } from './packet-limits.ts';
import { PacketLookups } from './packet-lookups.ts';
import { PacketOutcome } from './packet-outcome.ts';
import { PipelinePacket, type Place } from './pipeline-packet.ts';
import type { PacketEnd, TranslationRequest, TranslationResult } from './request.ts';
import { Sampling } from './sampling.ts';
import type { Trace, TraceEvent } from './trace.ts';
import { tell } from './trace-log.ts';
import { enterLookup, noteActionSet, noteLearned, noteThaw } from './trace-steps.ts';
import { unwildcardTunnel } from './tunnel-arrival.ts';

/** What is done with a packet by what knows this class. */
export interface TranslationHandlers {
  /** Does one action of a rule. */
  readonly act: (t: Translation, action: Action) => void;
  /** Copies a packet that comes in, or goes out, by that bundle. */
  readonly mirror: (t: Translation, bundle: Bundle, direction: 'sources' | 'destinations') => void;
}

interface LookupOptions {
  /** Levels that the packet goes down: only going back to a table that it was in can go on for ever. */
  readonly levels: number;
  readonly obeysMiss: boolean;
  /** Of its bridge: when all is done, the action set is. */
  readonly isFirst: boolean;
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
  /** What goes out goes to a mirror, which sends no more bytes than that; 0 for all. */
  snapLength = 0;
  readonly #handlers: TranslationHandlers;
  readonly #lookups: PacketLookups;
  readonly #limits = new PacketLimits();
  /** Where it was looked up last. */
  #last: PacketEnd | undefined;

  constructor(request: TranslationRequest, handlers: TranslationHandlers) {
    const { flow, mask } = request.scratch;
    const { outcome } = this;
    const packet = new PipelinePacket(request);
    const datapath = new DatapathActions(request, outcome);
    const freezing = new Freezing({ request, packet, datapath, outcome });
    const detours = new Detours({ request, packet, datapath, freezing });
    const act = (action: Action): void => handlers.act(this, action);
    this.request = request;
    this.#handlers = handlers;
    this.flow = flow;
    this.mask = mask.fill(0);
    this.packet = packet;
    this.datapath = datapath;
    this.freezing = freezing;
    this.detours = detours;
    this.runner = new ActionRunner({
      packet,
      freezing,
      outcome,
      detours,
      datapath,
      trace: request.trace,
      act,
    });
    this.#lookups = new PacketLookups(request, this.outcome);
    this.sampling = new Sampling(request, datapath);
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
    return this.ofproto.ports.get(this.inPortNumber);
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

  /** Those of the packet where there is one, as it came in. */
  get bytes(): Uint8Array | undefined {
    const { hasPacket, packet } = this.request;
    return hasPacket && !this.packet.isWrapped ? packet : undefined;
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
    else if (request.actions === undefined) packet.place = this.#runPipeline(0);
    else if (this.#arrives()) {
      this.runner.run(request.actions);
      this.#endArrival();
    }
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
    const lookups = this.request.scratch.lookupLists.intern(this.#lookups.done);
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
    const isLookedUp = this.#last !== undefined || this.request.state !== undefined;
    const { inPortNumber: inPort } = this;
    return { ofproto, inPort, table: isLookedUp ? table : undefined, rule, action: this.runner.current };
  }

  get #lastEnd(): PacketEnd {
    return this.#last === undefined ? this.#here : { ...this.#last, action: this.runner.current };
  }

  /** Notes what happened to the packet. */
  tell(event: TraceEvent): void {
    tell(event, this.ofproto, this.request);
  }

  /** Adds an effect; learning happens at once, so that what follows already sees it. */
  effect(effect: Effect): void {
    this.outcome.effects.push(effect);
    if (!this.learnsAtOnce) return;
    if (effect.kind === 'finish') finish(effect);
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

  /** Runs actions on a copy of the packet, in one more depth. That they end the pipeline counts only for them. */
  branch(actions: readonly Action[], outputReason: NamedPacketInReason): void {
    this.#limits.depth++;
    this.#limits.branchCount++;
    this.detours.take(() => this.runner.run(actions, outputReason));
    this.packet.hasEnded = false;
    this.#limits.depth--;
  }

  /**
   * The header in front is taken off by `action`; where it hid what is behind it, that is seen when the packet comes
   * back.
   */
  takeOff(action: DpAction, packetType: number, isHidden: boolean): void {
    this.datapath.push(action);
    setSlot(this.flow, 'packet_type', packetType);
    setSlot(this.request.scratch.base, 'packet_type', packetType);
    if (isHidden) this.freezing.start();
  }

  /**
   * Looks the packet up, as if it had come in by that port, and does what the rule says. Without one, the table's policy
   * for that counts only where `obeysMiss` is set; else nothing is done.
   */
  lookUp(table: number, inPort: OfPort, obeysMiss: boolean): void {
    if (this.mayGoOn())
      this.#runTable(table, inPort, { levels: table <= this.table ? 1 : 0, obeysMiss, isFirst: false });
  }

  /** Puts actions into the action set, where the last of a kind counts. */
  writeActions(actions: readonly Action[]): void {
    const { packet, trace } = this;
    packet.actionSet = [...packet.actionSet, ...actions];
    if (trace !== undefined) noteActionSet(trace, this.ofproto, actionSetOrder(packet.actionSet));
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
    } else {
      const options = { levels: 0, obeysMiss: true, isFirst: true };
      packet.place = this.#runTable(rest.table, this.inPortNumber, options);
    }
  }

  /** May more be nested, looked up and done for this packet? Drops it otherwise. */
  mayGoOn(): boolean {
    const { packet, datapath } = this;
    const reason = this.#limits.refusal({
      lookups: this.#lookups.done.length,
      actions: datapath.count,
      stackedBytes: packet.stackedBytes,
    });
    if (reason === undefined) return true;
    this.drop(reason);
    if (reason === 'tooManyActions') this.exit();
    return false;
  }

  /** The packet comes into another bridge of the datapath, by the port that it has. */
  enter(ofproto: Ofproto): void {
    const { packet, freezing, trace } = this;
    packet.place = { ...packet.place, ofproto };
    trace?.enter({ event: 'bridge', name: ofproto.name });
    if (this.#isForProtocol()) packet.isUncovered = false;
    else if (packet.isUncovered) freezing.startAt(0);
    else if (this.mayGoOn()) this.#runFromPatch();
    trace?.leave();
  }

  /** All that the bridge does with it; nothing but learning where the port that it came by does not forward. */
  #runFromPatch(): void {
    const run = (): void => void this.#runPipeline(1);
    if (this.inPort?.tree?.forwards !== false) run();
    else this.detours.collect(run);
  }

  /**
   * The end of what is done with a packet that came in: nothing, once it was learned from, where its port does not
   * forward.
   */
  #endArrival(): void {
    const { ofproto, inPort } = this.request;
    if (ofproto.ports.get(inPort)?.tree?.forwards !== false) {
      this.runner.runActionSet();
      return;
    }
    this.freezing.cancel();
    this.datapath.clear();
    this.packet.actionSet = [];
    this.outcome.slowPath.length = 0;
    this.drop('treeLearns');
  }

  /** All that a bridge does with the packet. */
  #runPipeline(levels: number): Place {
    return this.#runTable(0, this.inPortNumber, { levels, obeysMiss: true, isFirst: true });
  }

  /** Returns where the rule was found. */
  #runTable(first: number, inPort: OfPort, options: LookupOptions): Place {
    const { levels, isFirst } = options;
    const { packet, trace, request } = this;
    const { place } = packet;
    const { ofproto } = place;
    const { place: found, done } = this.#lookups.find(ofproto, first, inPort, options.obeysMiss);
    this.#limits.depth += levels;
    packet.place = found;
    this.#last = {
      ofproto,
      inPort: this.inPortNumber,
      table: found.table,
      rule: found.rule,
      action: undefined,
    };
    if (trace !== undefined) enterLookup(trace, found, done, ofproto === request.ofproto);
    const isArrival = isFirst && request.state === undefined && ofproto === request.ofproto && levels === 0;
    const isTaken = isArrival && this.#isForProtocol();
    const run = (): void => {
      if (isTaken) {
        this.mirrorAs('sources', this.inPort);
        return;
      }
      const mayGoOn = isArrival ? this.#arrives() : !isFirst || this.#isAdmitted();
      if (mayGoOn) this.runner.run(done.actions);
      if (mayGoOn && done.actions.length === 0) this.drop(found.rule === undefined ? 'noMatch' : 'ruleDrops');
      if (isArrival) this.#endArrival();
      else if (isFirst) this.runner.runActionSet();
    };
    if (isFirst && levels > 0) this.detours.takeApart(done.actions, run);
    else run();
    trace?.leave();
    this.#limits.depth -= levels;
    packet.place = place;
    return found;
  }

  /** May anything be done with a packet that came in? Mirrors have it then; drops it otherwise. */
  #arrives(): boolean {
    const { inPort } = this;
    this.sampling.arrive(this.inPortNumber);
    const refusal = inPort?.bundle && this.ofproto.mirrors.refusal(inPort.bundle);
    if (refusal !== undefined) {
      this.drop('reservedForMirrors', refusal);
      return false;
    }
    if (!this.#isAdmitted()) return false;
    this.mirrorAs('sources', inPort);
    return true;
  }

  /** Mirrors have what comes in, or goes out, by that port. */
  mirrorAs(direction: 'sources' | 'destinations', port: OfprotoPort | undefined): void {
    if (port?.bundle !== undefined && !this.ofproto.mirrors.isEmpty)
      this.#handlers.mirror(this, port.bundle, direction);
  }

  /** May anything be done with a packet that has come into this bridge? Drops it otherwise. */
  #isAdmitted(): boolean {
    const service = getSlot(this.flow, 'nw_tos');
    const refusal = admissionRefusal(this.flow, this.inPort);
    if (getSlot(this.flow, 'nw_tos') !== service) this.datapath.isPlain = false;
    if (refusal === undefined) return true;
    this.drop(refusal);
    return false;
  }

  /** Nothing else is done with what a protocol of the switch hears from its neighbour. */
  #isForProtocol(): boolean {
    const { ofproto, inPort: port, flow, mask, outcome } = this;
    if (port === undefined) return false;
    const reason = giveToProtocol({ ofproto, port, flow, mask }, this.bytes);
    if (reason === undefined) return false;
    outcome.slow(reason);
    outcome.isTaken = true;
    return true;
  }

  #showResult(): void {
    if (this.trace !== undefined) this.trace.result = { flow: this.flow, mask: this.mask.slice() };
  }
}
