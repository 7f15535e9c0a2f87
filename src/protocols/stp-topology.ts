/**
 * STP: that the topology has changed, who is told, and what follows for learned addresses. Clauses 8.5.3.11, 8.5.3.12,
 * 8.5.4.
 */
import { StpTimer } from './stp-types.ts';

export class StpTopology {
  /** The root says, or is the root and has found out, that it is changing. */
  isChanging = false;
  /** Until the next time that the root is told. */
  readonly notificationTimer = new StpTimer();
  /** Of the root: for how long it says so. */
  readonly #changeTimer = new StpTimer();
  #isDetected = false;
  #mustFlush = false;

  /** 8.6.14. True where the root is to be told. */
  detect(isRoot: boolean): boolean {
    const isToBeTold = !isRoot && !this.#isDetected;
    if (isRoot) {
      this.isChanging = true;
      this.#changeTimer.start();
    }
    this.#mustFlush = true;
    this.#isDetected = true;
    return isToBeTold;
  }

  /** What the root says: that it is changing, and that it was told so. */
  hear(isChanging: boolean, isAcknowledged: boolean): void {
    this.isChanging = isChanging;
    if (isChanging) this.#mustFlush = true;
    if (!isAcknowledged) return;
    this.#isDetected = false;
    this.notificationTimer.stop();
  }

  /** Another bridge is the root now. True where it is to be told. */
  ceaseAsRoot(): boolean {
    if (this.#isDetected) this.#changeTimer.stop();
    return this.#isDetected;
  }

  /** The root has said it for long enough. */
  advance(ticks: number, end: number): void {
    if (!this.#changeTimer.passes(ticks, end)) return;
    this.#isDetected = false;
    this.isChanging = false;
  }

  /** True where learned addresses are to be forgotten since the last call. */
  takeFlush(): boolean {
    const mustFlush = this.#mustFlush;
    this.#mustFlush = false;
    return mustFlush;
  }
}
