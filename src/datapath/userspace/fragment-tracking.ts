/**
 * Connection tracking of fragments: they are held until their packet is whole, that is tracked as one, and each goes on
 * with what it left of its actions, with the connection of the packet in its key and its part of what was translated.
 * They go on behind the packets of the batch, by offset. Flows that are deleted meanwhile change nothing of that.
 *
 * Differs: a fragment goes on with its own actions; the reference takes those of the fragment that came last. What goes
 * on without the rest of its packet is +trk+inv, as all that is invalid; in the reference it is +inv alone.
 */
import { ctState } from '../../flow/ct-state.ts';
import { newKey } from '../../flow/key.ts';
import { slots } from '../../flow/slots.ts';
import { copyBytes, Frame, gso } from '../../wire/frame.ts';
import { ipv4, ipv4Fragment, ipv6 } from '../../wire/ip.ts';
import type { Conntrack } from '../actions.ts';
import { readFragment } from '../conntrack/fragments/fragment.ts';
import { CurrentPacket, type PacketHost } from './current-packet.ts';
import type { FrameArena } from './frame-arena.ts';
import { HeldFragment, type HeldFragments } from './held-fragments.ts';
import { finishChecksum, sumHeader4 } from './offload.ts';
import { PacketTracking, type TrackingHost, trackingWords } from './packet-tracking.ts';

export interface FragmentHost<Rest> extends PacketHost, TrackingHost {
  readonly held: HeldFragments<Rest>;
}

/** Who runs lists of actions. */
export interface RunsActions<Rest> {
  readonly packet: CurrentPacket;
  readonly tracking: PacketTracking;
  /** How often the packet was looked up again. */
  readonly recirculationCount: number;
  /** Runs what was left of a list on the packet, which was looked up so often before it was held, and ends it. */
  resume(rest: Rest, recirculationCount: number): void;
}

const recircWord = slots.recirc_id.word;
/** Room for the largest packet behind any tags. */
const wholeMemorySize = 1 << 17;
const largestPacket = 65535;

export class FragmentTracking<Rest> {
  readonly #host: FragmentHost<Rest>;
  readonly #execution: RunsActions<Rest>;
  readonly #arena: FrameArena;
  /** Made when a packet becomes whole for the first time. */
  #whole: WholePacket | undefined;

  constructor(host: FragmentHost<Rest>, execution: RunsActions<Rest>, arena: FrameArena) {
    this.#host = host;
    this.#execution = execution;
    this.#arena = arena;
  }

  /** Takes the current packet, which is a fragment, over. False where it is to be tracked alone: then it is invalid. */
  hold(request: Conntrack, rest: Rest): boolean {
    const { packet, recirculationCount } = this.#execution;
    const { frame, key } = packet;
    if (frame.gsoType !== gso.none || !packet.locate()) return false;
    const { etherType, network } = packet.headers;
    const fragment = readFragment(frame.view, etherType, network, frame.end);
    const overhead = frame.end - frame.start - (fragment?.packetSize ?? 0);
    if (fragment === undefined || overhead > wholeMemorySize - largestPacket) return false;
    const { held, now } = this.#host;
    const stage = { zone: request.zone, recirculation: key[recircWord] ?? 0 };
    const accepted = held.table.offer(fragment, stage, frame.end - frame.start, now);
    if (accepted === undefined) return false;
    const own = new HeldFragment(packet, fragment, request, rest, recirculationCount);
    finishChecksum(own.frame); // as a device would have, before it is one of several
    held.keep(accepted.number, own);
    packet.hold();
    if (accepted.whole !== undefined) this.#track(held.take(accepted.whole), request);
    return true;
  }

  /** Behind a batch: all that may go on does, and what waited too long is dropped. */
  finish(): void {
    const { held, now } = this.#host;
    this.#drop(held.take(held.table.takePurged(now)), 'fragmentPurged');
    const expired = held.take(held.table.takeExpired(now));
    for (const each of expired) each.isExpired = true;
    held.release(expired);
    for (let next = held.nextReady(); next !== undefined; next = held.nextReady()) this.#goOn(next);
  }

  /** Those that came in by that port, which goes. */
  forgetPort(port: number): void {
    this.#drop(this.#host.held.takeOfPort(port), 'fragmentPortGone');
  }

  #drop(gone: readonly HeldFragment<Rest>[], reason: 'fragmentPurged' | 'fragmentPortGone'): void {
    for (const { frame, key } of gone) this.#host.drop(reason, frame, key);
  }

  #track(pieces: readonly HeldFragment<Rest>[], request: Conntrack): void {
    this.#whole ??= new WholePacket(this.#host, this.#arena);
    this.#whole.track(pieces, request);
    this.#host.held.release(pieces);
  }

  #goOn(held: HeldFragment<Rest>): void {
    const { packet, tracking } = this.#execution;
    const { frame, key, request } = held;
    packet.begin(frame, key, true);
    const copy = packet.copy(frame.end - frame.start); // in memory that ports can send from
    if (copy === undefined) return;
    packet.begin(copy, key, true);
    packet.maxSize = held.maxSize;
    if (held.isChanged) packet.makeWritable();
    if (held.isExpired) tracking.track(request); // alone it is invalid
    this.#execution.resume(held.rest, held.recirculationCount);
  }
}

type Held = HeldFragment<unknown>;

/** What fragments make, as a packet of its own, which goes nowhere. */
class WholePacket {
  readonly #frame = new Frame(new Uint8Array(wholeMemorySize));
  readonly #key = newKey();
  readonly #packet: CurrentPacket;
  readonly #tracking: PacketTracking;

  constructor(host: PacketHost & TrackingHost, arena: FrameArena) {
    this.#packet = new CurrentPacket(host, arena, this.#frame);
    this.#tracking = new PacketTracking(host, this.#packet);
  }

  /** As `pieces`, by offset, say together; each gets what is found. */
  track(pieces: readonly Held[], request: Conntrack): void {
    const [first] = pieces;
    if (first === undefined) return;
    const key = this.#key;
    const dataAt = assemble(pieces, first, this.#frame);
    key.set(first.key);
    this.#packet.begin(this.#frame, key, true);
    this.#tracking.track(request);
    const found = key.subarray(trackingWords.first, trackingWords.end);
    for (const piece of pieces) piece.key.set(found, trackingWords.first);
    if (((key[slots.ct_state.word] ?? 0) & (ctState.snat | ctState.dnat)) === 0) return;
    for (const piece of pieces) {
      copyAddresses(this.#frame, first, piece);
      piece.isChanged = true;
    }
    // Ports and checksums, also those of a packet that an error quotes.
    copyBytes(this.#frame, dataAt, first.frame, first.fragment.dataAt, first.fragment.size);
  }
}

/** Writes what the pieces make. Returns where the data begin. */
function assemble(pieces: readonly Held[], first: Held, into: Frame): number {
  const { network, header, dataAt: behindHeaders } = first.fragment;
  const dataAt = header?.at ?? behindHeaders; // of IPv6, without that header
  const { view } = into;
  copyBytes(first.frame, 0, into, 0, dataAt);
  let at = dataAt;
  for (const { frame, fragment } of pieces) {
    copyBytes(frame, fragment.dataAt, into, at, fragment.size);
    at += fragment.size;
  }
  into.start = 0;
  into.end = at;
  into.clearOffloads();
  if (header !== undefined) {
    view.setUint8(header.namedAt, header.nextHeader);
    ipv6.set.payloadSize(view, network, at - network - ipv6.size);
    return dataAt;
  }
  ipv4.set.totalSize(view, network, at - network);
  ipv4.set.fragment(view, network, ipv4.get.fragment(view, network) & ~ipv4Fragment.more);
  sumHeader4(view, network);
  return dataAt;
}

/** Those of the whole packet, whose headers lie as those of its first fragment, become those of a piece. */
function copyAddresses(whole: Frame, first: Held, { frame, fragment }: Held): void {
  const layout = fragment.version === 4 ? ipv4 : ipv6;
  const from = first.fragment.network + layout.offset.src;
  const to = fragment.network + layout.offset.src;
  copyBytes(whole, from, frame, to, layout.size - layout.offset.src);
  if (fragment.version === 4) sumHeader4(frame.view, fragment.network);
}
