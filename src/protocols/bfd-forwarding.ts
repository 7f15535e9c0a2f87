/**
 * Whether a link may be used, as a BFD session finds: by its state, by other packets that come, or by somebody's word.
 */
import { type Ms, ms } from '../base/units.ts';
import type { BfdDiagnostic, BfdState } from '../wire/bfd.ts';
import { leastWatch } from './bfd-decay.ts';

/** While other packets come, one control packet must in that many of its intervals. */
const demandedIntervals = 100;

const brokenPaths: ReadonlySet<BfdDiagnostic> = new Set([
  'Path Down',
  'Concatenated Path Down',
  'Reverse Concatenated Path Down',
]);

export class BfdForwarding {
  /** What somebody says, whatever is found. */
  override: boolean | undefined;
  readonly #onFlap: () => void;
  #isFound = false;
  #flapCount = 0;
  #receivingUntil = ms(0);
  #demandUntil = ms(0);

  constructor(onFlap: () => void) {
    this.#onFlap = onFlap;
  }

  get isForwarding(): boolean {
    return this.override ?? this.#isFound;
  }

  /** Times that it began or ceased to forward. */
  get flapCount(): number {
    return this.#flapCount;
  }

  /** `trusts`: other packets count. */
  update(now: Ms, state: BfdState, remote: BfdDiagnostic, trusts: boolean): void {
    if (this.override !== undefined) return;
    const isReceiving = trusts && this.#receivingUntil > now && this.#demandUntil > now;
    const forwards = (state === 'up' || isReceiving) && !brokenPaths.has(remote);
    if (forwards === this.#isFound) return;
    this.#isFound = forwards;
    this.#flapCount++;
    this.#onFlap();
  }

  /** Packets have come; more are to come within that many milliseconds. */
  received(now: Ms, within: number): void {
    this.#receivingUntil = ms(now + Math.max(within, leastWatch));
  }

  forgetReceived(): void {
    this.#receivingUntil = ms(0);
  }

  /** A control packet has come, of those that are to come at that interval. */
  receivedControl(now: Ms, interval: number): void {
    this.#demandUntil = ms(now + demandedIntervals * interval);
  }

  /** When it may find something else unless something comes. */
  dueAfter(now: Ms): Ms {
    const due = [this.#receivingUntil, this.#demandUntil].filter((end) => end > now);
    return ms(Math.min(...due));
  }
}
