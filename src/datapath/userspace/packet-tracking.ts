/** Connection tracking of the current packet: what the tracker says of it goes into its key, and its addresses change. */
import type { Ms } from '../../base/units.ts';
import { ctState } from '../../flow/ct-state.ts';
import { slots } from '../../flow/slots.ts';
import { isIcmpProtocol } from '../../wire/ip.ts';
import type { Conntrack } from '../actions.ts';
import type { TrackedConnection } from '../conntrack/connection.ts';
import { TrackedPacket } from '../conntrack/tracked-packet.ts';
import type { ConnectionTracker } from '../conntrack/tracker.ts';
import { ipVersionOf, type Tuple, tupleProtocolOf, tupleWord } from '../conntrack/tuple.ts';
import { ControlPackets } from './control-packets.ts';
import type { CurrentPacket } from './current-packet.ts';
import { translatePacket } from './nat-edits.ts';

export interface TrackingHost {
  readonly tracker: ConnectionTracker;
  readonly now: Ms;
}

const natBits = ctState.snat | ctState.dnat;
/** All of it lies together in a key, from here on. */
const firstWord = slots.ct_state.word;
const connectionWord = slots.ct_connection.word;
/** Words of a key that tracking writes. */
export const trackingWords = { first: firstWord, end: connectionWord + 1 } as const;
const nothing = new Uint32Array(trackingWords.end - firstWord);

export class PacketTracking {
  readonly #host: TrackingHost;
  readonly #packet: CurrentPacket;
  readonly #tracked = new TrackedPacket();
  readonly #control: ControlPackets;
  /** What is to be written. */
  readonly #words = new Uint32Array(nothing.length);

  constructor(host: TrackingHost, packet: CurrentPacket) {
    this.#host = host;
    this.#packet = packet;
    this.#control = new ControlPackets(packet);
  }

  track(request: Conntrack): void {
    const packet = this.#packet;
    packet.refreshKey();
    const { tracker, now } = this.#host;
    const { key } = packet;
    const before = key[firstWord] ?? 0;
    const zoneBefore = (key[slots.ct_zone.word] ?? 0) >>> 16;
    const tracked = this.#parse(request.zone) ? this.#tracked : undefined;
    const known = tracker.table.numbered(key[connectionWord] ?? 0);
    const outcome = tracker.track(tracked, request, now, known, before);
    const { connection, isReply, state, expectation } = outcome;
    let bits = state;
    const isDone = (before & natBits) !== 0 && zoneBefore === request.zone;
    if (
      connection?.gateway !== undefined &&
      !isDone &&
      !this.#readControl(connection, isReply, request, state)
    )
      bits |= ctState.invalid;
    if (request.nat !== undefined && connection !== undefined && tracked !== undefined) {
      if (isDone) bits |= before & natBits;
      else bits |= this.#translate(connection, isReply, request.zone);
    }
    this.#write(
      bits,
      request.zone,
      connection?.number ?? 0,
      connection ?? expectation,
      connection?.parent ?? connection?.original ?? expectation?.parent ?? tracked?.tuple,
    );
  }

  clear(): void {
    this.#packet.setMetadataWords(firstWord, nothing);
  }

  /** False where its gateway takes it for no packet of the connection. */
  #readControl(
    connection: TrackedConnection,
    isReply: boolean,
    { helper, nat }: Conntrack,
    state: number,
  ): boolean {
    const { gateway, natSource, natDestination } = connection;
    const tracked = this.#tracked;
    if (gateway === undefined) return true;
    this.#control.forget();
    if (tracked.isError || (state & ctState.invalid) !== 0 || !gateway.reads(helper !== undefined))
      return true;
    const isTranslated = nat !== undefined && (natSource || natDestination);
    return this.#control.read({ tracked, connection, gateway, isReply, isTranslated });
  }

  #parse(zone: number): boolean {
    const packet = this.#packet;
    if (!packet.locate()) return false;
    const { etherType, network } = packet.headers;
    return this.#tracked.parse(packet.frame, etherType, network, zone);
  }

  /** The bits that tell of it: of an answer, the other address is the translated one. */
  #translate(connection: TrackedConnection, isReply: boolean, zone: number): number {
    const { natSource, natDestination } = connection;
    const [ofSource, ofDestination] = isReply ? [ctState.dnat, ctState.snat] : [ctState.snat, ctState.dnat];
    const bits = (natSource ? ofSource : 0) | (natDestination ? ofDestination : 0);
    const packet = this.#packet;
    if (bits === 0 || !packet.makeWritable() || !this.#parse(zone)) return 0; // its memory may be another one now
    translatePacket(packet, this.#tracked, connection, isReply);
    if (connection.gateway !== undefined && !this.#tracked.isError)
      this.#control.rewrite(this.#tracked, connection.gateway, isReply);
    packet.refreshKey();
    return bits;
  }

  #write(
    state: number,
    zone: number,
    number: number,
    known: { readonly mark: number; readonly label: Uint32Array } | undefined,
    tuple: Tuple | undefined,
  ): void {
    this.#words.set(nothing);
    this.#put(firstWord, state);
    if (known !== undefined) {
      this.#put(slots.ct_mark.word, known.mark);
      this.#words.set(known.label, slots.ct_label.word - firstWord);
    }
    if (tuple !== undefined) this.#putTuple(tuple);
    const protocol = tuple === undefined ? 0 : tupleProtocolOf(tuple);
    this.#put(connectionWord, number);
    this.#put(slots.ct_zone.word, (zone << slots.ct_zone.shift) | (protocol << slots.ct_nw_proto.shift));
    this.#packet.setMetadataWords(firstWord, this.#words);
  }

  #putTuple(tuple: Tuple): void {
    const isOver4 = ipVersionOf(tuple) === 4;
    const source = isOver4 ? slots.ct_nw_src.word : slots.ct_ipv6_src.word;
    const destination = isOver4 ? slots.ct_nw_dst.word : slots.ct_ipv6_dst.word;
    for (let n = 0; n < (isOver4 ? 1 : 4); n++) {
      this.#put(source + n, tuple[tupleWord.source + n] ?? 0);
      this.#put(destination + n, tuple[tupleWord.destination + n] ?? 0);
    }
    const ports = tuple[tupleWord.ports] ?? 0;
    this.#put(slots.ct_tp_src.word, isIcmpProtocol(tupleProtocolOf(tuple)) ? typeAndCode(ports) : ports);
  }

  #put(word: number, value: number): void {
    this.#words[word - firstWord] = value;
  }
}

/** In the places of ports, which a key has them in; a tuple has them in one. */
function typeAndCode(ports: number): number {
  return ((ports & 0xff00) << 8) | (ports & 0xff);
}
