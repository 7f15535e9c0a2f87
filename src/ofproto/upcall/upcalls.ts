/**
 * Packets that came up, each dealt with by why it did. One for which the datapath had no flow is translated, the answer
 * becomes a flow, and the packet is sent on its way; what an action sent up goes to whoever its cookie names, and is
 * never taken for a miss. Done within a budget, so that a flood of misses never holds up the main loop.
 */
import { coverageCounter } from '../../base/coverage.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { Timers } from '../../base/timers.ts';
import type { DpAction } from '../../datapath/actions.ts';
import type { CookieOf, CookieType } from '../../datapath/cookie.ts';
import { countDropped } from '../../datapath/drops.ts';
import { finishedPackets } from '../../datapath/finished-packets.ts';
import { logUpcalls } from '../../datapath/flow-log.ts';
import type { Datapath, SentUp, Upcall } from '../../datapath/provider.ts';
import { newKey, setSlot } from '../../flow/key.ts';
import { internMask, type Mask } from '../../flow/mask.ts';
import { datapathWordCount, slots } from '../../flow/slots.ts';
import type { Exporters } from '../exporters/exporters.ts';
import type { Ofproto } from '../ofproto.ts';
import { packetMetadata } from '../packet-metadata.ts';
import type { PortOfSwitch } from '../port-of-switch.ts';
import { untoldCookie } from '../translate/controller-action.ts';
import { countedAs } from '../translate/drop-reasons.ts';
import { cameBack, thaw } from '../translate/freezing/frozen-states.ts';
import { type ActionLists, isSameActions } from '../translate/intern.ts';
import type {
  PacketDrop,
  TranslationContext,
  TranslationRequest,
  TranslationResult,
} from '../translate/request.ts';
import { actionsOfFlow, dropOfFlow, translateFor } from '../translate/translate.ts';
import { withPlacedOptions } from '../tunnels/geneve-options.ts';
import { formatTraceReport, traceOf } from '../views/trace.ts';
import { FairQueue } from './fair-queue.ts';
import type { InstalledFlow, InstalledFlows } from './installed-flows.ts';
import type { PacketAccounts } from './packet-accounts.ts';

const log = logger('ofproto_dpif_upcall');
const limitHit = coverageCounter('upcall_flow_limit_hit');
const full = new LimitedSite();
const strayPort = new LimitedSite();
const endless = new LimitedSite({ perMinute: 1, burst: 1 });
const manyMasks = new LimitedSite({ perMinute: 1, burst: 1 });

/** Milliseconds and packets of one budget. */
const budget = { time: 4, packets: 256 };
/** Waiting packets of one port. */
const waitingLimit = 512;
/**
 * Masks of flows that leave something out, at most: a packet of a new connection is looked for under each of them, and
 * whoever sends packets chooses which there are.
 */
const maskLimit = 512;

export interface UpcallDeps {
  readonly translation: TranslationContext;
  readonly datapath: Datapath;
  readonly timers: Timers;
  readonly flows: InstalledFlows;
  readonly lists: ActionLists;
  readonly accounts: PacketAccounts;
  /** Flows that may be there now. */
  readonly flowLimit: () => number;
  /** By its number in the process. */
  readonly bridgeOf: (id: number) => Ofproto | undefined;
  /** Called after a flow was made. */
  readonly onFlow: () => void;
}

/** What becomes of a packet that an action sent up. */
type CookieHandlers = {
  readonly [T in CookieType]: (upcall: Upcall, sentUp: SentUp & { readonly cookie: CookieOf<T> }) => void;
};

/** A mask that leaves nothing out. */
const wholeMask = internMask(wholeWords());

function wholeWords(): Uint32Array {
  const words = newKey();
  words.fill(0xffffffff, 0, datapathWordCount);
  setSlot(words, 'ct_state', 0xff); // there are no other bits
  setSlot(words, 'ct_connection', 0);
  return words;
}

export class Upcalls {
  readonly #deps: UpcallDeps;
  /** Flows leave out what did not matter; otherwise each is for packets of exactly one kind. */
  makesMegaflows = true;
  /** Waiting packets take turns by input port; see fair-queue.ts. */
  readonly #queue = new FairQueue<Upcall>(waitingLimit);
  readonly #accounts: PacketAccounts;
  readonly #handlers: CookieHandlers = {
    slow_path: (upcall) => this.#translate(upcall, false),
    controller: (upcall, { cookie }) => this.#toControllers(upcall, cookie),
    sFlow: (upcall, sentUp) => {
      const sFlow = this.#exporters(sentUp.cookie)?.sFlow;
      if (sFlow === undefined) this.#accounts.dropEarly('noCollector', upcall);
      else sFlow.addPacket(upcall, sentUp);
    },
    flow_sample: (upcall, { cookie }) => {
      const ipfix = this.#exporters(cookie)?.ipfix;
      if (ipfix === undefined) this.#accounts.dropEarly('noCollector', upcall);
      else ipfix.addSampled(upcall, cookie);
    },
    ipfix: (upcall, { cookie }) => {
      const ipfix = this.#exporters(cookie)?.ipfix;
      if (ipfix === undefined) this.#accounts.dropEarly('noCollector', upcall);
      else ipfix.addPacket(upcall, cookie);
    },
    userdata: (upcall) => this.#accounts.dropEarly('unknownUserData', upcall),
  };
  #isBusy = false;
  #isScheduled = false;

  constructor(deps: UpcallDeps) {
    this.#deps = deps;
    this.#accounts = deps.accounts;
  }

  /** Packets that found the queue of their port full. */
  get refusedCount(): number {
    return this.#queue.refusedCount;
  }

  /** Takes a batch from the datapath and does as much as the budget allows; the rest follows by timer. */
  receive(batch: readonly Upcall[]): void {
    for (const upcall of batch) {
      if (this.#queue.push(upcall.key[slots.in_port.word] ?? 0, upcall)) continue;
      this.#accounts.dropEarly('upcallsWaiting', upcall);
      countDropped('upcallQueueFull');
    }
    this.run();
  }

  run(): void {
    if (this.#isBusy) return; // a frame sent by `execute` came straight back
    this.#isBusy = true;
    try {
      this.#runWithinBudget();
    } finally {
      this.#isBusy = false;
    }
    if (this.#queue.size > 0) this.#schedule();
  }

  #runWithinBudget(): void {
    const { clock } = this.#deps.timers;
    const end = clock.now() + budget.time;
    for (let n = 0; n < budget.packets; n++) {
      const upcall = this.#queue.take();
      if (upcall === undefined) return;
      this.#handle(upcall);
      if (n % 8 === 7 && clock.now() >= end) return;
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const { timers } = this.#deps;
    timers.at(timers.clock.now(), () => {
      this.#isScheduled = false;
      this.run();
    });
  }

  #handle(upcall: Upcall): void {
    const { reason } = upcall;
    if (reason === 'miss') this.#translate(upcall, true);
    else this.#handleSentUp(upcall, reason);
  }

  #handleSentUp(upcall: Upcall, sentUp: SentUp): void {
    // The line of that type takes that cookie; the compiler cannot relate the two by itself.
    const handle = this.#handlers[sentUp.cookie.type] as (upcall: Upcall, sentUp: SentUp) => void;
    handle(upcall, sentUp);
  }

  /** Of the switch that sampled the packet; undefined where it is gone. */
  #exporters({ switchId }: { readonly switchId?: number }): Exporters | undefined {
    return switchId === undefined ? undefined : this.#deps.bridgeOf(switchId)?.exporters;
  }

  #toControllers(upcall: Upcall, cookie: CookieOf<'controller'>): void {
    const { key, bytes } = upcall;
    if (cookie.isHeldBack) return;
    const state = this.#deps.translation.frozen.find(cookie.recircId);
    if (state === undefined) {
      this.#accounts.dropEarly('noController', upcall);
      return;
    }
    const { ofproto, table, userdata, isTracked, mirrored, rest } = state;
    const datapathPort = key[slots.in_port.word] ?? 0;
    const flow = thaw(state, key);
    const metadata = packetMetadata(flow, ofproto.tlvTable.optionsOf(flow));
    const [high, low] = cookie.ruleCookie;
    const ruleCookie = (BigInt(high) << 32n) | BigInt(low);
    const isTaken = ofproto.controllers.packetIn({
      bytes,
      inPort: datapathPort,
      table,
      cookie: ruleCookie === untoldCookie ? undefined : ruleCookie,
      reason: cookie.reason,
      metadata,
      userdata,
      controllerId: cookie.controllerId,
      continuation:
        rest === undefined || !cookie.isContinuation
          ? undefined
          : {
              ...{ bridge: ofproto.uuid, stack: rest.stack, mirrors: mirrored >>> 0, isTracked },
              ...{ actions: rest.actions, actionSet: rest.actionSet, datapathPort },
            },
    });
    if (!isTaken) this.#accounts.dropEarly('noController', upcall, state);
  }

  /** Sends the packet on its way; the answer for a miss becomes a flow. */
  #translate(upcall: Upcall, isMiss: boolean): void {
    const { key } = upcall;
    const { datapath, translation: context } = this.#deps;
    const input = context.ports.inputOf(key);
    const isBack = key[slots.recirc_id.word] !== 0;
    if (input === undefined && !isBack) {
      this.#accounts.dropEarly('noInputPort', upcall);
      countDropped('bridgeNotFound');
      log.limited(
        'info',
        strayPort,
        `received packet on unassociated datapath port ${key[slots.in_port.word]}`,
      );
      return;
    }
    const where = cameBack(key, input, context.frozen);
    if (where === undefined) {
      this.#accounts.dropEarly('noRecirculationContext', upcall);
      countDropped('noRecirculationContext');
      return;
    }
    const { ofproto, inPort, state } = where;
    const result = translateFor(datapath.features, {
      context,
      key,
      ofproto,
      inPort,
      state,
      hasPacket: true,
      packet: upcall.bytes,
    });
    // A packet that a flow sent up is counted with that flow.
    if (isMiss) this.#accounts.credit(result.effects, upcall);
    if (result.drop !== undefined) {
      this.#accounts.drop(result.drop, upcall);
      countDropped(countedAs(result.drop.reason));
    }
    const reason = result.drop?.reason;
    if (reason === 'tooDeep' || reason === 'tooManyLookups') this.#logTrace(upcall, where);
    const actions = this.#deps.lists.intern(result.actions);
    const flow =
      isMiss && input !== undefined ? this.#install(key, input, { ...result, actions }, ofproto) : undefined;
    const left = this.#sendAtOnce(upcall, actions);
    const isDoneByFlow = left.length > 0 && left === flow?.actions;
    if (flow !== undefined) datapath.putFlow(flow, isDoneByFlow ? upcall : undefined);
    if (left.length > 0 && !isDoneByFlow) datapath.execute(upcall, left);
  }

  /** What the packet's first actions send to controllers need not go through the datapath. What is left to do. */
  #sendAtOnce(upcall: Upcall, actions: readonly DpAction[]): readonly DpAction[] {
    const { datapath } = this.#deps;
    let count = 0;
    for (const action of actions) {
      if (action.do !== 'userspace' || action.cookie.type !== 'controller') break;
      const { cookie } = action;
      logUpcalls(datapath, [{ ...upcall, reason: { cookie } }]);
      for (const bytes of finishedPackets(upcall)) this.#toControllers({ ...upcall, bytes }, cookie);
      count++;
    }
    return count === 0 ? actions : this.#deps.lists.intern(actions.slice(count));
  }

  /** The flow that the datapath does not have yet, if any. */
  #install(
    key: Uint32Array,
    input: PortOfSwitch,
    result: TranslationResult,
    ofproto: Ofproto,
  ): InstalledFlow | undefined {
    const { flows, datapath, timers, onFlow } = this.#deps;
    const { tags, lookups, effects } = result;
    const actions = this.#deps.lists.intern(actionsOfFlow(result, ofproto));
    const drop = dropOfFlow(result);
    const mask = this.#maskOf(result);
    const present = flows.find(key, mask);
    if (present !== undefined) {
      // Another packet of it waited with this one, or the answer changed since.
      if (isSameActions(present.actions, actions)) return undefined;
      const changed = flows.withActions(present, actions, drop);
      changed.tags = tags;
      changed.lookups = lookups;
      changed.effects = effects;
      return changed;
    }
    const limit = Math.min(this.#deps.flowLimit(), datapath.flowCapacity);
    if (flows.count >= limit) {
      limitHit.total++;
      log.limited('warn', full, `upcall: datapath reached the dynamic limit of ${limit} flows.`);
      return undefined;
    }
    const createdAt = timers.clock.now();
    const flow = flows.add(key, { mask, actions, input, tags, lookups, effects, createdAt, drop });
    onFlow();
    return flow;
  }

  // Differs: where 512 masks of datapath flows are in use, flows that would need another one are for packets of exactly one kind; the reference has no limit.
  #maskOf({ mask: needed }: TranslationResult): Mask {
    if (!this.makesMegaflows) return wholeMask;
    const { flows } = this.#deps;
    const mask = internMask(needed);
    if (flows.maskCount < maskLimit || flows.hasMask(mask)) return mask;
    const remedy = 'set column prefixes of table Flow_Table to none to need fewer';
    log.limited(
      'warn',
      manyMasks,
      `upcall: datapath flows have ${maskLimit} masks, so new ones match whole packets: ${remedy}`,
    );
    return wholeMask;
  }

  /** How a packet came to go round for ever. */
  #logTrace({ key }: Upcall, { ofproto, inPort }: Pick<TranslationRequest, 'ofproto' | 'inPort'>): void {
    const request = { backer: this.#deps, ofproto, inPort, hasPacket: false, isNamed: false };
    const placed = withPlacedOptions(key, ofproto.tlvTable) ?? key;
    log.limited('warn', endless, () => formatTraceReport(traceOf({ ...request, key: placed })));
  }

  /** Why a packet of that key would be dropped now. */
  dropOf(key: Uint32Array): PacketDrop | undefined {
    const { datapath, translation: context } = this.#deps;
    const where = cameBack(key, context.ports.inputOf(key), context.frozen);
    if (where === undefined) return undefined;
    const request = { context, key, ...where, hasPacket: false };
    return translateFor(datapath.features, request).drop;
  }
}
