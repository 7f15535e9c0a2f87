/** How many packets the switches of a datapath dropped, by bridge, port and reason. */
import type { Ofproto } from '../ofproto.ts';
import type { OfprotoPort } from '../port.ts';
import type { DropReason } from '../translate/drop-reasons.ts';
import type { PacketDrop, PacketEnd } from '../translate/request.ts';

/** Whose packets. */
export interface DropOwner {
  /** undefined for packets that came into none, or into one that is gone. */
  readonly ofproto: Ofproto | undefined;
  /** By which they came into it; undefined when that is no port of it. */
  readonly port: OfprotoPort | undefined;
}

export interface DropCount extends DropOwner {
  readonly reason: DropReason;
  readonly packets: number;
}

type ByReason = Map<DropReason, number>;

/** What is counted goes with the bridge or port that it was counted for, but for the totals. */
export class DropTally {
  readonly #totals: ByReason = new Map();
  readonly #counts = new Map<Ofproto | undefined, Map<OfprotoPort | undefined, ByReason>>();

  readonly #bridges: ReadonlyMap<string, Ofproto>;

  constructor(bridges: ReadonlyMap<string, Ofproto>) {
    this.#bridges = bridges;
  }

  get totals(): ReadonlyMap<DropReason, number> {
    return this.#totals;
  }

  ownerOf({ ofproto, inPort }: PacketEnd): DropOwner {
    const isThere = ofproto !== undefined && this.#bridges.get(ofproto.name) === ofproto;
    return isThere ? { ofproto, port: ofproto.ports.get(inPort) } : { ofproto: undefined, port: undefined };
  }

  add({ reason, end }: PacketDrop, packets = 1): void {
    count(this.#totals, reason, packets);
    const { ofproto, port } = this.ownerOf(end);
    count(inner(inner(this.#counts, ofproto), port), reason, packets);
  }

  forgetBridge(ofproto: Ofproto): void {
    this.#counts.delete(ofproto);
  }

  forgetPort(ofproto: Ofproto, port: OfprotoPort): void {
    this.#counts.get(ofproto)?.delete(port);
  }

  *[Symbol.iterator](): IterableIterator<DropCount> {
    for (const [ofproto, ports] of this.#counts)
      for (const [port, reasons] of ports)
        for (const [reason, packets] of reasons) yield { ofproto, port, reason, packets };
  }
}

function count(counts: ByReason, reason: DropReason, packets: number): void {
  counts.set(reason, (counts.get(reason) ?? 0) + packets);
}

/** The map of that key, made where it is missing. */
function inner<K, A, B>(maps: Map<K, Map<A, B>>, key: K): Map<A, B> {
  let found = maps.get(key);
  if (found === undefined) {
    found = new Map();
    maps.set(key, found);
  }
  return found;
}
