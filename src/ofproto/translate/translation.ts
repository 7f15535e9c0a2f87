/**
 * One packet's way through the switches of a datapath: from its key to datapath actions, plus the mask of the bits
 * that decided, so that the answer holds for every packet equal under it. The only place that knows what OpenFlow
 * means. `upcall/` runs it for misses and again when something changed; `ofproto/trace` runs it with a trace.
 */
import { hexOrZero } from '../../base/numbers.ts';
import { type DpPort, type OfPort, ofPort } from '../../base/units.ts';
import type { Conntrack, DpAction, DpActionOf } from '../../datapath/actions.ts';
import type { SlowPathReason } from '../../datapath/cookie.ts';
import { setSlot } from '../../flow/key.ts';
import { slots } from '../../flow/slots.ts';
import { actionSetOrder } from '../../openflow/action-set.ts';
import type { ControllerArguments } from '../../openflow/actions/controller.ts';
import type { Action } from '../../openflow/actions/index.ts';
import type { StackValue } from '../../openflow/messages/continuation.ts';
import { portConfigBit } from '../../openflow/messages/port-description.ts';
import type { NamedPacketInReason } from '../../openflow/packet-in-reasons.ts';
import { unsetPort } from '../../openflow/ports.ts';
import type { Ofproto } from '../ofproto.ts';
import type { PortOfSwitch } from '../patch.ts';
import type { Bundle, OfprotoPort, Recirculation } from '../port.ts';
import { giveToProtocol } from '../protocols/link-protocols.ts';
import { visibleTableCount } from '../tables/flow-tables.ts';
import type { Rule } from '../tables/rule.ts';
import type { PendingHeader } from './commit.ts';
import { controllerAction, untoldCookie } from './controller-action.ts';
import { DatapathActions } from './datapath-actions.ts';
import { type DropReason, failureOf } from './drop-reasons.ts';
import { applyLearning, type Effect, finish } from './effects.ts';
import { clearAbsent, firstTunnelWord, tunnelEnd, unwildcardBasics, unwildcardTags } from './flow-mask.ts';
import { Freezing } from './freezing.ts';
import { type FrozenState, type NewState, ownWordsOf, thaw } from './frozen-states.ts';
import { refuseOutput } from './hooks.ts';
import { wholeTable } from './lookups.ts';
import { OutputTally } from './output-tally.ts';
import { PacketLookups } from './packet-lookups.ts';
import type { PacketEnd, TranslationRequest, TranslationResult } from './request.ts';
import { isReversible } from './reversible.ts';
import { netFlowEffect, unwildcardExported } from './sampling.ts';
import { missTag } from './tags.ts';
import type { Trace, TraceEvent } from './trace.ts';
import { logErrors } from './trace-log.ts';
import { enterAction, enterMiss, enterRule, noteActionSet, noteLearned, noteThaw } from './trace-steps.ts';
import { carryCongestion, unwildcardTunnel } from './tunnel-arrival.ts';
import { seesNoPayload } from './uncovered.ts';

/** Bridges and tables that one packet may go through inside each other; ends loops. */
const maxDepth = 64;
/** Rules of one packet in all. */
const maxLookups = maxDepth * maxDepth;
/** Buckets of groups; with none that sends anything, nothing else would end their nesting. */
const maxBranches = 65_536;
/** About what 64 KiB of actions are on the reference's wire to the datapath, at 8 bytes for each. */
const maxActions = 8192;
/** Bytes of values, each with its length. */
const maxStacked = 65_536;

/** Of samples that stand for clones. */
const leastNesting = 4;
/** The probability of a sample that takes every packet. */
const always = 0xffffffff;

const lastTable = visibleTableCount - 1;
const noBytes = new Uint8Array(0);
const noReceive = portConfigBit('NO_RECV');
const inPortWord = slots.in_port.word;
const setOutputWord = slots.actset_output.word;
const firstConntrackWord = slots.ct_state.word;

/** What is done with a packet by what knows this class. */
export interface TranslationHandlers {
  /** Does one action of a rule. */
  readonly act: (t: Translation, action: Action) => void;
  /** Copies a packet that comes in, or goes out, by that bundle. */
  readonly mirror: (t: Translation, bundle: Bundle, direction: 'sources' | 'destinations') => void;
}

/** How a packet of a bond comes back for the member that is to send it. */
export interface HashedWay {
  readonly recirculation: Recirculation;
  readonly basis: number;
  /** The datapath chooses without that. */
  readonly usesLbOutput: boolean;
}

/** Where in the pipeline a packet is. Never changed, so that keeping it is enough to come back. */
interface Place {
  readonly ofproto: Ofproto;
  readonly table: number;
  readonly rule: Rule | undefined;
  /** That of the rule; all ones while there is none. */
  readonly cookie: bigint;
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
  readonly #number: number;
  readonly #handlers: TranslationHandlers;
  /** Bits looked at so far. */
  readonly mask: Uint32Array;
  /** The packet as it is at this point of the pipeline. */
  readonly flow: Uint32Array;
  readonly #actions: DatapathActions;
  readonly #lookups: PacketLookups;
  readonly #effects: Effect[] = [];
  /** Each once. */
  readonly #slowPath: SlowPathReason[] = [];
  #drop: DropReason | undefined;
  /** Where that was. */
  #dropEnd: PacketEnd | undefined;
  #place: Place;
  /** Where it was looked up last. */
  #last: PacketEnd | undefined;
  /** What is done with it. */
  #action: Action | undefined;
  #endsList = false;
  /** Nothing follows the action that runs. */
  #isTail = true;
  /** The action that runs, and those that it is one of. */
  #at = 0;
  #list: readonly Action[] = [];
  /** No further action is run up to where the packet came into this bridge. */
  #hasEnded = false;
  /** Why nothing is done with the packet after all. */
  #failure: DropReason | undefined;
  /** The last label was popped: what the pipeline knows of what was behind it is nothing. */
  #isUncovered = false;
  readonly #freezing = new Freezing();
  /** A protocol of the switch has it, and nobody misses it. */
  #isTaken = false;
  /** It came with what is known of its connection. */
  isTracked = false;
  /** Why packets that the list that runs outputs to controllers go there. */
  #outputReason: NamedPacketInReason = 'action';
  /** Whatever runs was led to by the action set. */
  #isActionSet = false;
  #depth = 0;
  #branchCount = 0;
  tags = 0;
  /** Bits of the mirrors that have had the packet, and of those that send to the same places. */
  mirrored = 0;
  /** What goes out goes to a mirror, which sends no more bytes than that; 0 for all. */
  snapLength = 0;
  /** What it decides holds for this packet only. */
  isPassing = false;
  /** Values that actions have put aside. */
  stack: StackValue[] = [];
  /** What is done at the end of the pipeline of this bridge, as it was written. */
  #actionSet: readonly Action[] = [];
  /** How deep in each other the packets are that are kept. */
  #keptCount = 0;
  readonly outputs = new OutputTally();

  constructor(request: TranslationRequest, handlers: TranslationHandlers) {
    this.request = request;
    this.#number = request.frozen.begin();
    this.#handlers = handlers;
    const { flow, base, mask } = request.scratch;
    base.fill(0);
    base.set(request.key);
    const { state } = request;
    if (state === undefined) {
      flow.set(base);
      flow[inPortWord] = request.inPort;
      flow[setOutputWord] = unsetPort;
    } else flow.set(thaw(state, base));
    base.fill(0, firstTunnelWord, tunnelEnd); // a datapath forgets the tunnel
    this.flow = flow;
    this.mask = mask.fill(0);
    const writesWhole = !request.abilities.has('masked_set_action');
    this.#actions = new DatapathActions({ flow, base, mask, writesWhole }, state === undefined);
    this.#lookups = new PacketLookups(request);
    this.#place = { ofproto: request.ofproto, table: 0, rule: undefined, cookie: untoldCookie };
    this.isTracked = state?.isTracked === true;
    this.mirrored = state?.mirrored ?? 0;
  }

  /** The switch that has the packet now. */
  get ofproto(): Ofproto {
    return this.#place.ofproto;
  }

  /** The table that it is in. */
  get table(): number {
    return this.#place.table;
  }

  /** That of the rule whose actions run; all ones for those of a packet-out. */
  get cookie(): bigint {
    return this.#place.cookie;
  }

  /** Whose actions run; undefined for those of a packet-out and of a miss. */
  get rule(): Rule | undefined {
    return this.#place.rule;
  }

  get outputReason(): NamedPacketInReason {
    return this.request.actions === undefined ? this.#outputReason : 'packet_out';
  }

  /** The actions that run are those of a rule for every packet that no other rule of its table is for. */
  get isTableMiss(): boolean {
    const { ofproto, rule } = this.#place;
    return rule?.priority === 0 && ofproto.tables.matchOf(rule).mask.words.length === 0;
  }

  /** The port by which it came into that switch; actions may have changed that, too. */
  get inPort(): OfprotoPort | undefined {
    return this.ofproto.ports.get(this.inPortNumber);
  }

  get inPortNumber(): OfPort {
    return ofPort(this.flow[inPortWord] ?? 0);
  }

  get trace(): Trace | undefined {
    return this.request.trace;
  }

  run(): TranslationResult {
    unwildcardBasics(this.mask, this.request.key);
    unwildcardTunnel(this.mask, this.flow);
    unwildcardExported(this.mask, this.request);
    this.trace?.enter({ event: 'bridge', name: this.ofproto.name });
    if (this.request.state !== undefined) this.#resume(this.request.state);
    else if (this.request.actions === undefined) this.#place = this.#runPipeline(this.inPortNumber, 0);
    else if (this.#arrives()) {
      this.#runActions(this.request.actions);
      this.#runActionSet();
    }
    this.#finishFreezing();
    this.#noteExported();
    this.trace?.leave();
    const failure = this.#failure;
    if (failure !== undefined) {
      this.#fail(failure);
      this.#showResult(); // the bits as they were then
    }
    clearAbsent(this.mask, this.request.key);
    if (failure === undefined) this.#showResult();
    unwildcardTags(this.mask, this.request.key);
    const isDropped = this.#actions.list.length === 0;
    const end = (isDropped ? this.#dropEnd : undefined) ?? this.#lastEnd;
    this.#actions.unwrapLastClone();
    if (this.#actions.count >= maxActions) this.slow('action');
    return {
      actions: this.#actions.list,
      slowPath: this.#slowPath,
      mask: this.mask,
      tags: this.tags,
      lookups: this.request.scratch.lookupLists.intern(this.#lookups.done),
      effects: this.#effects,
      isPassing: this.isPassing,
      drop: isDropped && !this.#isTaken ? { reason: this.#drop ?? 'noOutput', end } : undefined,
      end,
    };
  }

  #noteExported(): void {
    if (this.#failure !== undefined) return;
    const effect = netFlowEffect(this.request, this.flow, this.outputs);
    if (effect !== undefined) this.effect(effect);
  }

  /** Notes why nothing more happens here. The last reason counts, if no output happened at all. */
  drop(reason: DropReason, detail?: string): void {
    if (this.#failure === undefined) this.#dropEnd = this.#here;
    this.#drop = reason;
    if (failureOf(reason) !== undefined) this.#failure = reason;
    this.tell({ event: 'drop', reason, ...(detail === undefined ? {} : { detail }) });
  }

  get #here(): PacketEnd {
    const { ofproto, table, rule } = this.#place;
    const isLookedUp = this.#last !== undefined || this.request.state !== undefined;
    const { inPortNumber: inPort } = this;
    return { ofproto, inPort, table: isLookedUp ? table : undefined, rule, action: this.#action };
  }

  get #lastEnd(): PacketEnd {
    return this.#last === undefined ? this.#here : { ...this.#last, action: this.#action };
  }

  /** Notes what happened to the packet. Without a trace, the log has what is wrong with a packet that came in. */
  tell(event: TraceEvent): void {
    if (this.trace !== undefined) this.trace.note(event);
    else if (this.request.hasPacket) logErrors(event, this.ofproto, this.request);
  }

  /** Adds an effect; learning happens at once, so that what follows already sees it. */
  effect(effect: Effect): void {
    this.#effects.push(effect);
    if (!this.request.hasPacket) return;
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

  /** Only the slow path can do what the actions say. */
  slow(reason: SlowPathReason): void {
    if (!this.#slowPath.includes(reason)) this.#slowPath.push(reason);
  }

  /** What is in the list behind the action that runs; to be asked for before it runs others. */
  get #rest(): readonly Action[] {
    return this.#list.slice(this.#at + 1);
  }

  /** No action after this one is run in the list that it is in. */
  endList(): void {
    this.#endsList = true;
  }

  /** No action after this one is run, in no table of this bridge. */
  exit(): void {
    this.#hasEnded = true;
  }

  /** The actions that follow are of another table and rule. */
  unroll(table: number, cookie: bigint): void {
    this.#place = { ...this.#place, table, cookie };
    this.trace?.note({ event: 'unrolled', table, cookie: hexOrZero(cookie) });
  }

  get isUncovered(): boolean {
    return this.#isUncovered;
  }

  /** The last label was popped. Only what does not look behind it can follow. */
  uncover(): void {
    this.#isUncovered = true;
  }

  /** Runs actions that belong to the one that runs. */
  runInner(actions: readonly Action[]): void {
    this.#runActions(actions);
  }

  /** Runs actions on a copy of the packet: what they change is not seen behind them. */
  clone(actions: readonly Action[]): void {
    this.#apart(actions, () => {
      this.#runActions(actions);
      this.#runActionSet();
    });
  }

  /** Runs `actions` by `run` on a copy: one of the datapath's own where they cannot be undone, and more is to follow. */
  #apart(actions: readonly Action[], run: () => void): void {
    if (this.#isTail || isReversible(actions)) {
      this.#elsewhere(run);
      return;
    }
    this.commit();
    const { abilities } = this.request;
    const clones = abilities.has('clone');
    if (!clones && abilities.limit('sample_nesting') < leastNesting) {
      this.tell({ event: 'misplaced', what: 'Failed to compose clone action' });
      return;
    }
    const inner = this.#collect(() => this.#inOrder(true, run));
    if (inner.length === 0) return;
    this.#actions.push(
      clones ? { do: 'clone', actions: inner } : { do: 'sample', probability: always, actions: inner },
    );
  }

  /** Does one thing of several; with `isLast`, nothing follows it but what follows the action that runs. */
  step(isLast: boolean, run: () => void): void {
    this.#inOrder(this.#isTail && isLast, run);
  }

  #inOrder(isTail: boolean, run: () => void): void {
    const before = this.#isTail;
    this.#isTail = isTail;
    run();
    this.#isTail = before;
  }

  /** Runs actions on a copy of the packet, in one more depth. That they end the pipeline counts only for them. */
  branch(actions: readonly Action[], outputReason: NamedPacketInReason): void {
    this.#depth++;
    this.#branchCount++;
    this.#elsewhere(() => this.#runActions(actions, outputReason));
    this.#hasEnded = false;
    this.#depth--;
  }

  /**
   * Runs the rest of the list twice, for packets of more than `size` bytes and for others; the datapath chooses.
   * `prepare` tells the packet which it is.
   */
  branchBySize(size: number, prepare: (isLarger: boolean) => void): void {
    const { abilities, packet } = this.request;
    const packetSize = packet?.length ?? 0;
    if (!abilities.has('check_pkt_len')) {
      prepare(packetSize > size);
      this.slow('action');
      return;
    }
    this.commit();
    const rest = this.#rest;
    const branch = (isLarger: boolean): DpAction[] =>
      this.#collect(() => {
        prepare(isLarger);
        this.#runActions(rest);
        this.#runActionSet();
      });
    const ifGreater = branch(true);
    const hasEnded = this.#hasEnded;
    this.#hasEnded = false;
    const ifLessEqual = branch(false);
    this.#hasEnded = hasEnded;
    this.#actions.push({ do: 'check_pkt_len', size, ifGreater, ifLessEqual });
    this.endList();
  }

  /** The datapath actions of something after which the datapath's packet is as it was before, as all else is. */
  #collect(run: () => void): DpAction[] {
    const { scratch } = this.request;
    const base = scratch.save(scratch.base, this.#keptCount++);
    const collected = this.#actions.collect(() => this.#elsewhere(run));
    scratch.base.set(base);
    this.#keptCount--;
    return collected;
  }

  /** The next output sends no more than so many bytes. */
  cut(maxSize: number): void {
    if (!this.request.abilities.has('trunc')) this.slow('action');
    this.#actions.push({ do: 'trunc', maxSize });
  }

  /** Adds an action that acts on the packet as it is here. */
  act(action: DpAction): void {
    this.commit();
    this.#actions.push(action);
  }

  /** Makes the datapath's packet what `flow` says. */
  commit(): void {
    if (this.#actions.commit()) this.slow('action');
  }

  /** A header has come in front of the packet; it is pushed when the packet is next looked at by the datapath. */
  pend(header: PendingHeader): void {
    this.#actions.pend(header);
  }

  /** The header in front is taken off by `action`; where it hid what is behind it, that is seen when the packet comes back. */
  takeOff(action: DpAction, packetType: number, isHidden: boolean): void {
    this.#actions.push(action);
    setSlot(this.flow, 'packet_type', packetType);
    setSlot(this.request.scratch.base, 'packet_type', packetType);
    if (isHidden) this.freeze();
  }

  /** What is left to do is done when the packet comes back. */
  freeze(): void {
    this.#freezing.start();
  }

  /** The same of the action that runs, too; it has that hash then. */
  freezeBefore(hash?: DpActionOf<'hash'>): void {
    this.#freezing.startBefore(hash);
  }

  /** The same as `freeze`, when the controller that gets the packet says so. */
  pause(action: ControllerArguments): void {
    this.#freezing.startPause(action);
  }

  /**
   * Sends the packet, as `flow` says it is, out of a port; through a patch port into the next bridge. With `way`, it comes
   * back with a hash instead, by which it goes out.
   */
  output(number: OfPort, way?: HashedWay): void {
    const port = this.ofproto.ports.get(number);
    const refused = port === undefined ? 'noSuchOutput' : refuseOutput(this.inPort, port, this.flow);
    if (port === undefined || refused !== undefined) {
      this.drop(refused ?? 'noSuchOutput');
      return;
    }
    const peer = this.request.ports.peerOf(port);
    if (this.snapLength > 0 && port.dpPort === undefined) {
      this.drop('cutToNothing');
      return;
    }
    if (peer !== undefined) {
      this.#crossPatch(port, peer);
      return;
    }
    if (port.dpPort !== undefined && way !== undefined) this.#outputHashed(way);
    else if (port.dpPort !== undefined) this.#outputTo(port.dpPort);
    if (port.dpPort !== undefined) this.outputs.add(port.ofPort, port.dpPort);
    this.#mirrorAs('destinations', port);
  }

  #outputTo(port: DpPort): void {
    this.commit();
    if (this.snapLength > 0 && this.snapLength < 0xffff) this.cut(this.snapLength);
    this.#actions.push({ do: 'output', port });
  }

  #outputHashed({ recirculation, basis, usesLbOutput }: HashedWay): void {
    if (usesLbOutput) {
      this.act({ do: 'lb_output', bond: recirculation.id });
      return;
    }
    this.act({ do: 'hash', algorithm: 'l4', basis });
    this.act({ do: 'recirc', id: recirculation.id });
  }

  /** What happens to the packet there does not come back here. */
  #crossPatch(from: OfprotoPort, to: PortOfSwitch): void {
    this.#elsewhere(() => {
      const { flow, mask } = this;
      const tunnelBits = mask.slice(firstTunnelWord, tunnelEnd);
      flow.fill(0, firstConntrackWord);
      mask.fill(0, firstTunnelWord, tunnelEnd);
      flow[inPortWord] = to.port.ofPort;
      this.stack = [];
      this.clearActions();
      const { mirrored } = this;
      const isOther = to.ofproto !== this.ofproto;
      if (isOther) this.mirrored = 0; // that bridge has mirrors of its own
      this.#place = { ...this.#place, ofproto: to.ofproto };
      this.trace?.enter({ event: 'bridge', name: to.ofproto.name });
      if (this.#isForProtocol()) this.#isUncovered = false;
      else if (this.#isUncovered) this.#freezing.startAt(0);
      else if (this.mayGoOn()) this.#runPipeline(to.port.ofPort, 1);
      this.trace?.leave();
      mask.set(tunnelBits, firstTunnelWord);
      if (isOther) this.mirrored = mirrored;
    });
    // How it ended in the other bridge means nothing here.
    this.#failure = undefined;
    this.#hasEnded = false;
    this.#effects.push({ kind: 'patch', from, to: to.port });
  }

  /** Runs something after which all is as it was before, but for what the datapath was told to do. */
  #elsewhere(run: () => void): void {
    const place = this.#place;
    const isUncovered = this.#isUncovered;
    const stack = [...this.stack];
    const actionSet = this.#actionSet;
    const flow = this.request.scratch.save(this.flow, this.#keptCount++);
    run();
    this.#finishFreezing();
    this.#keptCount--;
    this.flow.set(flow);
    this.#place = place;
    this.#isUncovered = isUncovered;
    this.stack = stack;
    this.#actionSet = actionSet;
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
    this.#actionSet = [...this.#actionSet, ...actions];
    this.flow[setOutputWord] = outputOf(this.#actionSet);
    if (this.trace !== undefined) noteActionSet(this.trace, this.ofproto, actionSetOrder(this.#actionSet));
  }

  clearActions(): void {
    this.#actionSet = [];
    this.flow[setOutputWord] = unsetPort;
  }

  /** The packet comes back with what connection tracking knows of it, and is looked up in that table; it also goes on here. */
  fork(table: number, tracked: Conntrack): void {
    this.trace?.note({ event: 'forked', table });
    const before = this.isTracked;
    this.isTracked = true;
    const state = this.#putAside(table, []);
    this.#actions.push({ do: 'recirc', id: state.id });
    this.trace?.forked(state, tracked, this.request.scratch.base);
    this.isTracked = before;
  }

  /** The packet as it is here, for when it comes back. */
  #putAside(
    table: number | undefined,
    actions: readonly Action[],
    userdata: Uint8Array = noBytes,
  ): FrozenState {
    this.commit();
    return this.keep({
      ofproto: this.ofproto,
      table: table ?? 0,
      ownWords: ownWordsOf(this.flow),
      isTracked: this.isTracked,
      mirrored: this.mirrored,
      userdata,
      rest: { table, actions, stack: [...this.stack], actionSet: this.#actionSet },
    });
  }

  /** Whoever has the result of this translation holds the state. */
  keep(wanted: NewState): FrozenState {
    const state = this.request.frozen.intern(wanted, this.#number);
    this.effect({ kind: 'frozen', state });
    return state;
  }

  /** What is left to do is done when the packet comes back. */
  #finishFreezing(): void {
    if (!this.#freezing.isOn) return;
    const { actions, table, hash, pause } = this.#freezing.take();
    this.#isUncovered = false;
    this.#hasEnded = true; // nothing follows here, and as in the reference not behind a clone either
    if (this.#failure !== undefined) return;
    const state = this.#putAside(table, actions, pause?.userData);
    if (hash !== undefined) this.#actions.push(hash);
    if (pause === undefined) this.#actions.push({ do: 'recirc', id: state.id });
    else if (this.trace === undefined || this.request.hasPacket)
      this.#actions.push(
        controllerAction(state, this.cookie, {
          reason: pause.reason,
          isHeldBack: false,
          isContinuation: true,
          controllerId: pause.controller,
          maxSize: pause.maxLength,
        }),
      );
  }

  /** Goes on with a packet that has come back. */
  #resume(state: FrozenState): void {
    const { ofproto, rest } = state;
    this.#effects.push({ kind: 'frozen', state });
    if (rest === undefined) return;
    this.stack = [...rest.stack];
    this.#actionSet = rest.actionSet;
    this.flow[setOutputWord] = outputOf(rest.actionSet);
    if (this.trace !== undefined) noteThaw(this.trace, ofproto, rest);
    this.#place = { ...this.#place, ofproto };
    if (rest.table === undefined) {
      if (rest.actions.length > 0) this.#runActions(rest.actions);
      this.#runActionSet();
    } else {
      const options = { levels: 0, obeysMiss: true, isFirst: true };
      this.#place = this.#runTable(rest.table, this.inPortNumber, options);
    }
  }

  #runActionSet(): void {
    if (this.#freezing.isOn) return;
    const actions = this.#actionSet.length === 0 ? [] : actionSetOrder(this.#actionSet);
    this.#actionSet = [];
    if (actions.length === 0) return;
    this.trace?.enter({ event: 'actionSet' });
    this.#isActionSet = true;
    this.#runActions(actions);
    this.#isActionSet = false;
    this.trace?.leave();
  }

  /** May more be nested, looked up and done for this packet? Drops it otherwise. */
  mayGoOn(): boolean {
    if (this.#depth >= maxDepth) this.drop('tooDeep');
    else if (this.#lookups.done.length >= maxLookups || this.#branchCount >= maxBranches)
      this.drop('tooManyLookups');
    else if (this.#actions.count >= maxActions) {
      this.drop('tooManyActions');
      this.exit();
    } else if (stackedBytes(this.stack) >= maxStacked) this.drop('stackTooDeep');
    else return true;
    return false;
  }

  /** All that a bridge does with the packet. */
  #runPipeline(inPort: OfPort, levels: number): Place {
    return this.#runTable(0, inPort, { levels, obeysMiss: true, isFirst: true });
  }

  /** Returns where the rule was found. */
  #runTable(first: number, inPort: OfPort, { levels, obeysMiss, isFirst }: LookupOptions): Place {
    const place = this.#place;
    const { ofproto } = place;
    const { tables } = ofproto;
    let table = first;
    let rule = this.#lookups.find(ofproto, table, inPort);
    while (rule === undefined && obeysMiss && tables.missOf(table) === 'continue' && table < lastTable) {
      this.#effects.push({ kind: 'rule', rule: undefined, table: tables.table(table), isMatch: false });
      rule = this.#lookups.find(ofproto, ++table, inPort);
    }
    const isTold = rule === undefined && obeysMiss && this.#tellsMiss(table);
    const done = rule ?? (isTold ? tables.internal.missToController : tables.internal.missDrop);
    this.#depth += levels;
    const found: Place = { ofproto, table, rule, cookie: done.cookie };
    this.#place = found;
    this.#last = { ofproto, inPort: this.inPortNumber, table, rule, action: undefined };
    this.#effects.push({ kind: 'rule', rule: done, table: tables.table(table), isMatch: rule !== undefined });
    if (this.trace !== undefined) {
      if (rule === tables.internal.fragmentDrop && ofproto === this.request.ofproto)
        this.trace.enter({ event: 'fragment', table });
      else if (rule !== undefined) enterRule(this.trace, ofproto, table, rule);
      else {
        const isFirst = ofproto === this.request.ofproto;
        enterMiss(this.trace, table, isTold, isFirst ? undefined : tables.matchOf(done));
      }
    }
    const { request } = this;
    const isArrival = isFirst && request.state === undefined && ofproto === request.ofproto && levels === 0;
    const isTaken = isArrival && this.#isForProtocol();
    const run = (): void => {
      if (isTaken) {
        this.#mirrorAs('sources', this.inPort);
        return;
      }
      const mayGoOn = isArrival ? this.#arrives() : !isFirst || this.#isAdmitted();
      if (mayGoOn) this.#runActions(done.actions);
      if (done.actions.length === 0) this.drop(rule === undefined ? 'noMatch' : 'ruleDrops');
      if (isFirst) this.#runActionSet();
    };
    if (isFirst && levels > 0) this.#apart(done.actions, run);
    else run();
    this.trace?.leave();
    this.#depth -= levels;
    this.#place = place;
    return found;
  }

  /** May anything be done with a packet that came in? Mirrors have it then; drops it otherwise. */
  #arrives(): boolean {
    const { inPort } = this;
    const refusal = inPort?.bundle && this.ofproto.mirrors.refusal(inPort.bundle);
    if (refusal !== undefined) {
      this.drop('reservedForMirrors', refusal);
      return false;
    }
    if (!this.#isAdmitted()) return false;
    this.#mirrorAs('sources', inPort);
    return true;
  }

  #mirrorAs(direction: 'sources' | 'destinations', port: OfprotoPort | undefined): void {
    if (port?.bundle !== undefined && !this.ofproto.mirrors.isEmpty)
      this.#handlers.mirror(this, port.bundle, direction);
  }

  /** May anything be done with a packet that has come into this bridge? Drops it otherwise. */
  #isAdmitted(): boolean {
    if (!carryCongestion(this.flow)) this.drop('congestionUntold');
    else if (((this.inPort?.settings ?? 0) & noReceive) !== 0) this.drop('noReceive');
    else return true;
    return false;
  }

  /** Nothing else is done with what a protocol of the switch hears from its neighbour. */
  #isForProtocol(): boolean {
    const { hasPacket, packet } = this.request;
    const { ofproto, inPort: port, flow, mask } = this;
    if (port === undefined) return false;
    const reason = giveToProtocol({ ofproto, port, flow, mask }, hasPacket ? packet : undefined);
    if (reason === undefined) return false;
    this.slow(reason);
    this.#isTaken = true;
    return true;
  }

  /** Is a controller told of packets that the table has no rule for? */
  #tellsMiss(table: number): boolean {
    const miss = this.ofproto.tables.missOf(table);
    this.tags |= missTag(this.ofproto.id);
    return miss === 'controller' || (miss !== 'drop' && this.ofproto.wantsMisses);
  }

  #runActions(
    actions: readonly Action[],
    outputReason: NamedPacketInReason = this.#isActionSet ? 'action_set' : 'action',
  ): void {
    const { trace } = this;
    if (actions.length === 0) {
      this.#action = undefined;
      trace?.note({ event: 'action', text: 'drop' });
    }
    const isTail = this.#isTail;
    const before = this.#outputReason;
    this.#outputReason = outputReason;
    this.#runList(actions, isTail);
    this.#outputReason = before;
    this.#isTail = isTail;
  }

  #runList(actions: readonly Action[], isTail: boolean): void {
    const { trace } = this;
    for (let n = 0; n < actions.length; n++) {
      const action = actions[n];
      if (action === undefined) return;
      if (this.#hasEnded || this.#failure !== undefined) return;
      if (this.#isUncovered && !seesNoPayload(action)) this.freeze();
      if (this.#freezing.isOn) {
        this.#freezing.add(actions.slice(n), this);
        return;
      }
      if (trace !== undefined) enterAction(trace, this.ofproto, action);
      this.#action = action;
      this.#actions.isPlain &&= action.do === 'output';
      this.#at = n;
      this.#isTail = isTail && n === actions.length - 1 && this.#actionSet.length === 0;
      this.#list = actions;
      this.#handlers.act(this, action);
      trace?.leave();
      const isRepeated = this.#freezing.takeRepeated();
      if (isRepeated) this.#freezing.add(actions.slice(n), this);
      const isEnd = this.#endsList || isRepeated;
      this.#endsList = false;
      if (isEnd) return;
    }
  }

  /** A failed translation drops, whatever was done before. */
  #fail(reason: DropReason): void {
    this.#actions.clear();
    this.#slowPath.length = 0;
    this.#drop = reason;
  }

  #showResult(): void {
    if (this.trace !== undefined) this.trace.result = { flow: this.flow, mask: this.mask.slice() };
  }
}

function stackedBytes(stack: readonly StackValue[]): number {
  return stack.reduce((sum, { size }) => sum + size + 1, 0);
}

/** Where an action set sends packets: nowhere that is known where it has a group. */
function outputOf(set: readonly Action[]): number {
  let port: number = unsetPort;
  for (const action of set) {
    if (action.do === 'group') return unsetPort;
    if (action.do === 'output') port = action.port;
  }
  return port;
}
