/**
 * One packet's way through the switches of a datapath: from its key to datapath actions, plus the mask of the bits
 * that decided, so that the answer holds for every packet equal under it. The only place that knows what OpenFlow
 * means. `upcall/` runs it for misses and again when something changed; `ofproto/trace` runs it with a sink.
 */
import type { DpAction } from '../../datapath/actions.ts';
import { newKey } from '../../flow/key.ts';
import { datapathWordCount, slots } from '../../flow/slots.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { vlanPresent } from '../../wire/ethernet.ts';
import type { Ofproto } from '../ofproto.ts';
import type { PortIndex, PortOfSwitch } from '../patch.ts';
import type { OfprotoPort } from '../port.ts';
import type { Rule } from '../rule.ts';
import { formatRuleActions } from '../rule-text.ts';
import type { DropReason } from './drop-reasons.ts';
import { applyLearning, type Effect } from './effects.ts';
import { LookupLists, rewrittenIn, type TableLookup } from './lookups.ts';
import type { TraceSink } from './trace.ts';

/** Bridges and tables that one packet may go through inside each other; ends loops of patch ports. */
const maxDepth = 64;
/** Table lookups of one packet in all. */
const maxLookups = maxDepth * maxDepth;
/** About what 64 KiB of actions are on the reference's wire to the datapath, at 8 bytes for each. */
const maxActions = 8192;

const inPortWord = slots.in_port.word;
const recircWord = slots.recirc_id.word;
const packetTypeWord = slots.packet_type.word;
/** eth_type is the lower half of the word that ends eth_dst. */
const ethTypeWord = slots.eth_type.word;
const fragWord = slots.nw_frag.word;
const vlanWords = [slots.vlan_tpid.word, slots.vlan_tpid2.word] as const;

/**
 * Memory for one translation at a time, since nothing in one waits. Whoever translates often keeps one: typed arrays
 * are dear to make.
 */
export class Scratch {
  readonly flow = newKey();
  readonly base = newKey();
  readonly mask = newKey();
  readonly lookupLists = new LookupLists();
  readonly #saved: Uint32Array[] = [];

  /** A copy of `flow`, good until the next one of the same depth. */
  save(flow: Uint32Array, depth: number): Uint32Array {
    const kept = this.#saved[depth] ?? newKey();
    kept.set(flow);
    this.#saved[depth] = kept;
    return kept;
  }
}

export interface TranslationRequest {
  readonly ports: PortIndex;
  readonly scratch: Scratch;
  /** Words of the packet's datapath key; those beyond its length are zero. */
  readonly key: Uint32Array;
  readonly input: PortOfSwitch;
  /** Learns addresses on the way; off when only the answer is wanted. */
  readonly learns: boolean;
  readonly trace?: TraceSink;
}

export interface TranslationResult {
  /** Empty drops. */
  readonly actions: readonly DpAction[];
  /** Of whole width, without bits beyond `datapathWordCount`; the scratch's, so good until the next translation. */
  readonly mask: Uint32Array;
  /** The learned addresses that it depended on; see tags.ts. */
  readonly tags: number;
  /** The tables that it looked at. */
  readonly lookups: readonly TableLookup[];
  readonly effects: readonly Effect[];
  /** Set when there are no actions. */
  readonly drop: DropReason | undefined;
}

/** Does one action of a rule. */
export type ActionRunner = (t: Translation, action: Action) => void;

/** The state of one translation; handlers of rule actions work on it. */
export class Translation {
  readonly request: TranslationRequest;
  readonly #runAction: ActionRunner;
  /** Bits looked at so far. */
  readonly mask: Uint32Array;
  /** The packet as it is at this point of the pipeline. */
  readonly flow: Uint32Array;
  /** The packet as the datapath's actions so far have made it. */
  readonly #base: Uint32Array;
  readonly #actions: DpAction[] = [];
  readonly #effects: Effect[] = [];
  #drop: DropReason | undefined;
  #input: PortOfSwitch;
  #depth = 0;
  #lookupCount = 0;
  readonly #lookups: TableLookup[] = [];
  tags = 0;

  constructor(request: TranslationRequest, act: ActionRunner) {
    this.request = request;
    this.#runAction = act;
    const { flow, base, mask } = request.scratch;
    flow.fill(0);
    flow.set(request.key);
    base.set(flow);
    this.flow = flow;
    this.#base = base;
    this.mask = mask.fill(0);
    this.#input = request.input;
  }

  /** The switch that has the packet now. */
  get ofproto(): Ofproto {
    return this.#input.ofproto;
  }

  /** The port by which it came into that switch. */
  get inPort(): OfprotoPort {
    return this.#input.port;
  }

  get trace(): TraceSink | undefined {
    return this.request.trace;
  }

  run(): TranslationResult {
    this.#unwildcardBasics();
    this.#enterBridge(this.#input);
    this.#finishMask();
    const isDropped = this.#actions.length === 0;
    return {
      actions: this.#actions,
      mask: this.mask,
      tags: this.tags,
      lookups: this.request.scratch.lookupLists.intern(this.#lookups),
      effects: this.#effects,
      drop: isDropped ? (this.#drop ?? 'noOutput') : undefined,
    };
  }

  /** Notes why nothing more happens here. The last reason counts, if no output happened at all. */
  drop(reason: DropReason, detail?: string): void {
    this.#drop = reason;
    this.trace?.note({ event: 'drop', reason, ...(detail === undefined ? {} : { detail }) });
  }

  /** Adds an effect; learning happens at once, so that what follows already sees it. */
  effect(effect: Effect): void {
    this.#effects.push(effect);
    if (effect.kind === 'learn' && this.request.learns && applyLearning(effect)) {
      const { mac, port, vlan } = effect;
      this.trace?.note({ event: 'learned', mac, port: port.bundle?.name ?? port.name, vlan });
    }
  }

  /** Sends the packet, as `flow` says it is, out of a port; through a patch port into the next bridge. */
  output(port: OfprotoPort): void {
    if (port.bundle?.config.isProtected === true && this.inPort.bundle?.config.isProtected === true) {
      this.drop('protectedPorts');
      return;
    }
    const peer = this.request.ports.peerOf(port);
    if (peer !== undefined) this.#crossPatch(port, peer);
    else if (port.dpPort !== undefined) {
      this.#commitVlans();
      this.#actions.push({ do: 'output', port: port.dpPort });
    }
  }

  /** What happens to the packet there does not come back here. */
  #crossPatch(from: OfprotoPort, to: PortOfSwitch): void {
    const back = this.#input;
    const saved = this.request.scratch.save(this.flow, this.#depth);
    this.#depth++;
    this.#enterBridge(to);
    this.#depth--;
    this.flow.set(saved);
    this.#input = back;
    this.#effects.push({ kind: 'patch', from, to: to.port });
  }

  #enterBridge(input: PortOfSwitch): void {
    this.#input = input;
    this.flow[inPortWord] = input.port.ofPort;
    this.trace?.enter({ event: 'bridge', name: input.ofproto.name });
    if (this.#mayGoOn()) this.#runTable(0);
    this.trace?.leave();
  }

  #mayGoOn(): boolean {
    if (this.#depth >= maxDepth) this.drop('tooDeep');
    else if (this.#lookupCount >= maxLookups) this.drop('tooManyLookups');
    else if (this.#actions.length >= maxActions) this.drop('tooManyActions');
    else return true;
    return false;
  }

  #runTable(table: number): void {
    const { ofproto } = this;
    this.#lookupCount++;
    const { tables } = ofproto;
    this.#noteLookup(table);
    const rule = tables.lookup(table, this.flow, this.mask);
    if (rule === undefined) {
      this.trace?.enter({ event: 'tableMiss', table });
      this.#miss(tables.internal.missDrop);
    } else {
      this.trace?.enter({ event: 'rule', table, rule, match: tables.matchOf(rule) });
      this.#effects.push({ kind: 'rule', rule });
      if (rule.actions.length === 0) this.drop('ruleDrops');
      for (const action of rule.actions) this.#act(action);
    }
    this.trace?.leave();
  }

  #noteLookup(table: number): void {
    const { ofproto, inPort, flow } = this;
    this.#lookups.push({
      ofproto,
      table,
      inPort: inPort.ofPort,
      rewritten: rewrittenIn(flow, this.request.key),
    });
  }

  #miss(rule: Rule): void {
    this.#effects.push({ kind: 'rule', rule });
    this.drop('noMatch');
  }

  #act(action: Action): void {
    this.trace?.enter({ event: 'action', text: formatRuleActions([action]) });
    this.#runAction(this, action);
    this.trace?.leave();
  }

  /** What every answer depends on. */
  #unwildcardBasics(): void {
    const { mask, request } = this;
    mask[inPortWord] = 0xffffffff;
    mask[recircWord] = 0xffffffff;
    mask[packetTypeWord] = 0xffffffff;
    mask[ethTypeWord] = 0x0000ffff;
    const type = (request.key[ethTypeWord] ?? 0) & 0xffff;
    if (type === 0x0800 || type === 0x86dd) this.unwildcard(fragWord, 3 << slots.nw_frag.shift);
  }

  /** Bits of a word have decided. */
  unwildcard(word: number, bits: number): void {
    this.mask[word] = (this.mask[word] ?? 0) | bits;
  }

  /** Pops and pushes tags until the datapath's packet has those of `flow`. */
  #commitVlans(): void {
    const base = tagsOf(this.#base);
    const wanted = tagsOf(this.flow);
    let common = 0;
    while (
      common < Math.min(base.length, wanted.length) &&
      base[base.length - 1 - common] === wanted[wanted.length - 1 - common]
    ) {
      common++;
    }
    for (let n = base.length - common - 1; n >= 0; n--) {
      this.#actions.push({ do: 'pop_vlan' });
      this.unwildcard(vlanWords[n] ?? vlanWords[0], 0xffffffff);
    }
    for (let n = wanted.length - common - 1; n >= 0; n--) {
      const tag = wanted[n] ?? 0;
      this.#actions.push({ do: 'push_vlan', tpid: tag >>> 16, tci: tag & 0xffff });
    }
    for (const word of vlanWords) this.#base[word] = this.flow[word] ?? 0;
  }

  /**
   * A tag that is not there cannot have been looked at, but that it is not there was: EtherType alone does not tell
   * a tagged frame from an untagged one.
   */
  #finishMask(): void {
    const { mask } = this;
    mask.fill(0, datapathWordCount);
    const { key } = this.request;
    const [outer, inner] = vlanWords;
    for (const word of vlanWords) {
      const isTagged = ((key[word] ?? 0) & vlanPresent) !== 0;
      if (!isTagged) mask[word] = 0;
      else if ((mask[word] ?? 0) !== 0) this.unwildcard(word, 0xffff0000 | vlanPresent);
    }
    this.unwildcard(outer, vlanPresent);
    if (((key[outer] ?? 0) & vlanPresent) !== 0) this.unwildcard(inner, vlanPresent);
  }
}

/** The tags of a packet as words, outermost first. */
function tagsOf(flow: Uint32Array): number[] {
  const found: number[] = [];
  for (const word of vlanWords) {
    const tag = flow[word] ?? 0;
    if ((tag & vlanPresent) === 0) break;
    found.push(tag);
  }
  return found;
}
