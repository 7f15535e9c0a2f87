/**
 * A packet's way through the tables of bridges. What comes in by a port, or from another bridge, is looked up in the first
 * table; the actions of its rule run, and then the action set. At each of these the packet may have to end.
 */
import type { OfPort } from '../../base/units.ts';
import { getSlot } from '../../flow/key.ts';
import type { Action } from '../../openflow/actions/index.ts';
import type { NamedPacketInReason } from '../../openflow/packet-in-reasons.ts';
import type { Ofproto } from '../ofproto.ts';
import type { OfprotoPort } from '../port.ts';
import { giveToProtocol } from '../protocols/link-protocols.ts';
import type { ActionRunner } from './action-runner.ts';
import { admissionRefusal } from './admission.ts';
import type { DatapathActions } from './datapath-actions.ts';
import type { Detours } from './detours.ts';
import type { DropReason } from './drop-reasons.ts';
import type { Freezing } from './freezing/freezing.ts';
import { PacketLimits } from './packet-limits.ts';
import type { PacketLookups } from './packet-lookups.ts';
import type { PacketOutcome } from './packet-outcome.ts';
import type { PipelinePacket, Place } from './pipeline-packet.ts';
import type { PacketEnd, TranslationRequest } from './request.ts';
import type { Sampling } from './sampling.ts';
import { enterLookup } from './trace/trace-steps.ts';

/** Parts of the translation of the packet. */
export interface PipelineDeps {
  readonly request: TranslationRequest;
  readonly packet: PipelinePacket;
  readonly datapath: DatapathActions;
  readonly outcome: PacketOutcome;
  readonly freezing: Freezing;
  readonly detours: Detours;
  readonly runner: ActionRunner;
  readonly sampling: Sampling;
  readonly lookups: PacketLookups;
  /** Notes why nothing more happens here. */
  readonly drop: (reason: DropReason, detail?: string) => void;
  /** Mirrors have what comes in by that port. */
  readonly mirrorArrival: (port: OfprotoPort | undefined) => void;
}

interface LookupOptions {
  /** Levels that the packet goes down: only going back to a table that it was in can go on for ever. */
  readonly levels: number;
  readonly obeysMiss: boolean;
  /** Of its bridge: when all is done, the action set is. */
  readonly isFirst: boolean;
}

export class Pipeline {
  readonly #deps: PipelineDeps;
  readonly #limits = new PacketLimits();
  /** Where the packet was looked up last, and nothing done with it yet. */
  #last: PacketEnd | undefined;

  constructor(deps: PipelineDeps) {
    this.#deps = deps;
  }

  get last(): PacketEnd | undefined {
    return this.#last;
  }

  /** All that is done with a packet that has come in. */
  run(): void {
    const { packet } = this.#deps;
    packet.place = this.#runBridge(0);
  }

  /** The same where it is known what to do, without a table. */
  runActions(actions: readonly Action[]): void {
    if (!this.#arrives()) return;
    this.#deps.runner.run(actions);
    this.#endArrival();
  }

  /** Goes on with a packet that has come back, in that table of the bridge that it is in. */
  resume(table: number): void {
    const { packet } = this.#deps;
    packet.place = this.#runTable(table, packet.inPort, { levels: 0, obeysMiss: true, isFirst: true });
  }

  /**
   * Looks the packet up, as if it had come in by that port, and does what the rule says. Without one, the table's policy
   * for that counts only where `obeysMiss` is set; else nothing is done.
   */
  lookUp(table: number, inPort: OfPort, obeysMiss: boolean): void {
    if (!this.mayGoOn()) return;
    const levels = table <= this.#deps.packet.place.table ? 1 : 0;
    this.#runTable(table, inPort, { levels, obeysMiss, isFirst: false });
  }

  /** Runs actions on a copy of the packet, in one more depth. That they end the pipeline counts only for them. */
  branch(actions: readonly Action[], outputReason: NamedPacketInReason): void {
    const { packet, detours, runner } = this.#deps;
    this.#limits.depth++;
    this.#limits.branchCount++;
    detours.take(() => runner.run(actions, outputReason));
    packet.hasEnded = false;
    this.#limits.depth--;
  }

  /** The packet comes into another bridge of the datapath, by the port that it has. */
  enter(ofproto: Ofproto): void {
    const { packet, freezing, request } = this.#deps;
    packet.place = { ...packet.place, ofproto };
    request.trace?.enter({ event: 'bridge', name: ofproto.name });
    if (this.#isForProtocol()) packet.isUncovered = false;
    else if (packet.isUncovered) freezing.startAt(0);
    else if (this.mayGoOn()) this.#runFromPatch();
    request.trace?.leave();
  }

  /** May more be nested, looked up and done for this packet? Drops it otherwise. */
  mayGoOn(): boolean {
    const { packet, datapath, lookups, drop } = this.#deps;
    const reason = this.#limits.refusal({
      lookups: lookups.done.length,
      actions: datapath.count,
      stackedBytes: packet.stackedBytes,
    });
    if (reason === undefined) return true;
    drop(reason);
    if (reason === 'tooManyActions') packet.hasEnded = true;
    return false;
  }

  /** All that the bridge does with it; nothing but learning where the port that it came by does not forward. */
  #runFromPatch(): void {
    const { packet, detours } = this.#deps;
    const run = (): void => void this.#runBridge(1);
    if (packet.port?.tree?.forwards !== false) run();
    else detours.collect(run);
  }

  /** All that a bridge does with the packet. */
  #runBridge(levels: number): Place {
    const { inPort } = this.#deps.packet;
    return this.#runTable(0, inPort, { levels, obeysMiss: true, isFirst: true });
  }

  /** Returns where the rule was found. */
  #runTable(first: number, inPort: OfPort, options: LookupOptions): Place {
    const { levels, isFirst } = options;
    const { packet, request, runner, detours, lookups, drop, mirrorArrival } = this.#deps;
    const { trace } = request;
    const { place } = packet;
    const { ofproto } = place;
    const { place: found, done } = lookups.find(ofproto, first, inPort, options.obeysMiss);
    this.#limits.depth += levels;
    packet.place = found;
    this.#last = { ofproto, inPort: packet.inPort, table: found.table, rule: found.rule, action: undefined };
    if (trace !== undefined) enterLookup(trace, found, done, ofproto === request.ofproto);
    const isArrival = isFirst && request.state === undefined && ofproto === request.ofproto && levels === 0;
    const isTaken = isArrival && this.#isForProtocol();
    const run = (): void => {
      if (isTaken) {
        mirrorArrival(packet.port);
        return;
      }
      const mayGoOn = isArrival ? this.#arrives() : !isFirst || this.#isAdmitted();
      if (mayGoOn) runner.run(done.actions);
      if (mayGoOn && done.actions.length === 0) drop(found.rule === undefined ? 'noMatch' : 'ruleDrops');
      if (isArrival) this.#endArrival();
      else if (isFirst) runner.runActionSet();
    };
    if (isFirst && levels > 0) detours.takeApart(done.actions, run);
    else run();
    trace?.leave();
    this.#limits.depth -= levels;
    packet.place = place;
    return found;
  }

  /** May anything be done with a packet that came in? Mirrors have it then; drops it otherwise. */
  #arrives(): boolean {
    const { packet, sampling, drop, mirrorArrival } = this.#deps;
    const { port, place } = packet;
    sampling.arrive(packet.inPort);
    const refusal = port?.bundle && place.ofproto.mirrors.refusal(port.bundle);
    if (refusal !== undefined) {
      drop('reservedForMirrors', refusal);
      return false;
    }
    if (!this.#isAdmitted()) return false;
    mirrorArrival(port);
    return true;
  }

  /** May anything be done with a packet that has come into this bridge? Drops it otherwise. */
  #isAdmitted(): boolean {
    const { packet, datapath, drop } = this.#deps;
    const { flow, port } = packet;
    const service = getSlot(flow, 'nw_tos');
    const refusal = admissionRefusal(flow, port);
    if (getSlot(flow, 'nw_tos') !== service) datapath.isPlain = false;
    if (refusal === undefined) return true;
    drop(refusal);
    return false;
  }

  /**
   * The end of what is done with a packet that came in: nothing, once it was learned from, where its port does not
   * forward.
   */
  #endArrival(): void {
    const { request, runner, freezing, datapath, packet, outcome, drop } = this.#deps;
    if (request.ofproto.ports.get(request.inPort)?.tree?.forwards !== false) {
      runner.runActionSet();
      return;
    }
    freezing.cancel();
    datapath.clear();
    packet.actionSet = [];
    outcome.slowPath.length = 0;
    drop('treeLearns');
  }

  /** Nothing else is done with what a protocol of the switch hears from its neighbour. */
  #isForProtocol(): boolean {
    const { packet, request, outcome } = this.#deps;
    const { flow, port, place } = packet;
    if (port === undefined) return false;
    const heard = { ofproto: place.ofproto, port, flow, mask: request.context.scratch.mask };
    const reason = giveToProtocol(heard, packet.bytes);
    if (reason === undefined) return false;
    outcome.slow(reason);
    outcome.isTaken = true;
    return true;
  }
}
