/**
 * Which fragments wait for the rest of their packets, how many may, and for how long. Knows no frames: each that is
 * accepted gets a number, and whoever holds the frames asks for the numbers of those that may go on.
 */
import { type Ms, ms } from '../../../base/units.ts';
import type { Fragment } from './fragment.ts';
import { FragmentList, type PacketIdentity, type Piece } from './fragment-list.ts';
import {
  fragmentsAtStart,
  fragmentsOfOne,
  heldBytesLimit,
  newFragmentCounts,
  newVersionSettings,
} from './settings.ts';

/** How long the rest may take. */
const waitMs = 15_000;
/** Behind that, those that nothing took along are dropped. */
const graceMs = 10_000;

/** Where in a pipeline a fragment is. */
export type FragmentStage = Pick<PacketIdentity, 'zone' | 'recirculation'>;

export interface Accepted {
  readonly number: number;
  /** Of all fragments of its packet by their offsets, it among them, when that is whole now; they are not held any more. */
  readonly whole: readonly number[] | undefined;
}

const none: readonly number[] = [];

export class FragmentTable {
  readonly settings = { 4: newVersionSettings(4), 6: newVersionSettings(6) };
  readonly counts = { 4: newFragmentCounts(), 6: newFragmentCounts() };
  /** Fragments held at most. */
  limit = fragmentsAtStart;
  /** By what their fragments have in common, oldest first. */
  readonly #lists = new Map<string, FragmentList>();
  #heldCount = 0;
  #heldBytes = 0;
  #lastNumber = 0;

  get heldCount(): number {
    return this.#heldCount;
  }

  get lists(): Iterable<FragmentList> {
    return this.#lists.values();
  }

  /** `byteCount`: of memory that it would take. undefined for one that is invalid. */
  offer(fragment: Fragment, stage: FragmentStage, byteCount: number, now: Ms): Accepted | undefined {
    const { settings, counts } = this;
    const { version } = fragment;
    if (!settings[4].isEnabled && !settings[6].isEnabled) return undefined;
    const { isEnabled, minSize } = settings[version];
    if (!fragment.isLast && fragment.packetSize < minSize) {
      counts[version].tooSmall++;
      return undefined;
    }
    if (!isEnabled || this.#heldCount >= this.limit || this.#heldBytes + byteCount > heldBytesLimit)
      return undefined;
    const key = keyOf(fragment, stage);
    const list = this.#lists.get(key);
    if (list?.hasFailed === true || (list?.pieces.length ?? 0) >= fragmentsOfOne(version, minSize))
      return undefined;
    if (list?.overlaps(fragment) === true) {
      counts[version].overlapped++;
      return undefined;
    }
    return this.#accept(list ?? this.#begin(key, fragment, stage, now), key, fragment, byteCount);
  }

  /**
   * Of the packet that has waited longest, the fragments that are to go on without the rest; none when it has not waited
   * long enough.
   */
  takeExpired(now: Ms): readonly number[] {
    for (const [key, list] of this.#lists) {
      if (now <= list.expiresAt) break;
      this.counts[list.identity.version].expired += list.pieces.length;
      return this.#take(key, list);
    }
    return none;
  }

  /** Those that are to be dropped. Before `takeExpired`. */
  takePurged(now: Ms): readonly number[] {
    const purged: number[] = [];
    for (const [key, list] of this.#lists) {
      if (now < list.expiresAt + graceMs) break;
      this.counts[list.identity.version].purged += list.pieces.length;
      purged.push(...this.#take(key, list));
    }
    return purged;
  }

  /** All of packets with a fragment that `isGone`. */
  takeWith(isGone: (number: number) => boolean): readonly number[] {
    const taken: number[] = [];
    for (const [key, list] of this.#lists) {
      if (list.pieces.some(({ number }) => isGone(number))) taken.push(...this.#take(key, list));
    }
    return taken;
  }

  #begin(key: string, fragment: Fragment, { zone, recirculation }: FragmentStage, now: Ms): FragmentList {
    const { version, source, destination, id, protocol } = fragment;
    const identity = { version, source, destination, id, protocol, zone, recirculation };
    const list = new FragmentList(identity, ms(now + waitMs));
    this.#lists.set(key, list);
    return list;
  }

  #accept(list: FragmentList, key: string, fragment: Fragment, byteCount: number): Accepted {
    const { version, offset, size, isLast, headerSize } = fragment;
    const counts = this.counts[version];
    const piece: Piece = { number: ++this.#lastNumber, offset, size, isLast, headerSize, byteCount };
    list.add(piece);
    this.#heldCount++;
    this.#heldBytes += byteCount;
    counts.accepted++;
    if (!list.isWhole) return { number: piece.number, whole: undefined };
    counts.completed += list.pieces.length;
    return { number: piece.number, whole: this.#take(key, list) };
  }

  #take(key: string, { pieces }: FragmentList): readonly number[] {
    this.#lists.delete(key);
    this.#heldCount -= pieces.length;
    for (const { byteCount } of pieces) this.#heldBytes -= byteCount;
    return pieces.map(({ number }) => number);
  }
}

function keyOf(
  { source, destination, id, protocol }: Fragment,
  { zone, recirculation }: FragmentStage,
): string {
  return `${source} ${destination} ${id} ${protocol} ${zone} ${recirculation}`;
}
