/**
 * Fragments that wait for the rest of their packets: copies of their frames, so that devices get their buffers back,
 * and all that they go on with. What becomes of them is `conntrack/fragments/`; this is where they are meanwhile.
 */
import { slots } from '../../flow/slots.ts';
import { copyBytes, Frame } from '../../wire/frame.ts';
import type { Conntrack } from '../actions.ts';
import type { Fragment } from '../conntrack/fragments/fragment.ts';
import type { FragmentTable } from '../conntrack/fragments/fragment-table.ts';
import type { CurrentPacket } from './current-packet.ts';

const inPortWord = slots.in_port.word;

/** `Rest`: what follows in a list of actions, as who runs it knows it. */
export class HeldFragment<Rest> {
  /** Memory of its own, from its first byte on. */
  readonly frame: Frame;
  readonly key: Uint32Array;
  readonly maxSize: number;
  readonly request: Conntrack;
  /** What follows in its list of actions. */
  readonly rest: Rest;
  /** How often it had been looked up again. */
  readonly recirculationCount: number;
  /** Its places are those of `frame`. */
  readonly fragment: Fragment;
  /** The frame was changed since its key was extracted. */
  isChanged = false;
  /** The rest of its packet did not come. */
  isExpired = false;

  constructor(
    packet: CurrentPacket,
    fragment: Fragment,
    request: Conntrack,
    rest: Rest,
    recirculationCount: number,
  ) {
    const { frame } = packet;
    const size = frame.end - frame.start;
    this.frame = new Frame(new Uint8Array(size));
    this.frame.end = size;
    this.frame.copyOffloads(frame);
    copyBytes(frame, frame.start, this.frame, 0, size);
    this.fragment = moved(fragment, -frame.start);
    this.key = packet.key.slice();
    this.maxSize = packet.takeMaxSize();
    this.request = request;
    this.rest = rest;
    this.recirculationCount = recirculationCount;
  }
}

function moved(fragment: Fragment, by: number): Fragment {
  const { network, dataAt, header } = fragment;
  return {
    ...fragment,
    network: network + by,
    dataAt: dataAt + by,
    header: header && { ...header, at: header.at + by, namedAt: header.namedAt + by },
  };
}

/** One a tracker: fragments of a packet may come by several engines. */
export class HeldFragments<Rest> {
  readonly table: FragmentTable;
  readonly #held = new Map<number, HeldFragment<Rest>>();
  /** Those that go on, in order. */
  readonly #ready: HeldFragment<Rest>[] = [];

  constructor(table: FragmentTable) {
    this.table = table;
  }

  /** Does any wait, or is to go on? */
  get hasAny(): boolean {
    return this.#held.size > 0 || this.#ready.length > 0;
  }

  keep(number: number, held: HeldFragment<Rest>): void {
    this.#held.set(number, held);
  }

  /** Hands those over that the table has no more. */
  take(numbers: readonly number[]): readonly HeldFragment<Rest>[] {
    return numbers.flatMap((number) => {
      const held = this.#held.get(number);
      this.#held.delete(number);
      return held === undefined ? [] : [held];
    });
  }

  /** Those go on, when the packets that are worked on are done with. */
  release(held: readonly HeldFragment<Rest>[]): void {
    this.#ready.push(...held);
  }

  nextReady(): HeldFragment<Rest> | undefined {
    return this.#ready.shift();
  }

  /** Hands those over, with all of their packets, that came in by a port which goes: its number may be another's soon. */
  takeOfPort(number: number): readonly HeldFragment<Rest>[] {
    if (this.#held.size === 0) return [];
    return this.take(this.table.takeWith((each) => this.#held.get(each)?.key[inPortWord] === number));
  }
}
