/** A protocol of a switch, and all of them: told as ports and what is asked of the switch come, change and go. */
import type { OfprotoConfig } from '../config.ts';
import type { Bundle, OfprotoPort } from '../port.ts';

export interface SwitchProtocol {
  /** What the switch is to be has changed. */
  configured?(before: OfprotoConfig): void;
  /** A change of what is asked of the switch and its ports is complete. */
  settled?(): void;
  /** The members of a bundle or its configuration are others. */
  bundleChanged?(bundle: Bundle): void;
  bundleRemoved?(bundle: Bundle): void;
  /** What is behind a bundle may be something else. */
  bundleFlushed?(bundle: Bundle): void;
  /** A port has come, or what is asked of it has changed. */
  portConfigured?(port: OfprotoPort): void;
  /** The state of its device has changed. */
  portChanged?(port: OfprotoPort): void;
  portRemoved?(port: OfprotoPort): void;
  /** Rules have all that the datapath had forwarded. */
  counted?(): void;
  stop(): void;
}

export class SwitchProtocols implements Required<SwitchProtocol> {
  readonly #all: readonly SwitchProtocol[];

  constructor(all: readonly SwitchProtocol[]) {
    this.#all = all;
  }

  configured(before: OfprotoConfig): void {
    for (const each of this.#all) each.configured?.(before);
  }

  settled(): void {
    for (const each of this.#all) each.settled?.();
  }

  bundleChanged(bundle: Bundle): void {
    for (const each of this.#all) each.bundleChanged?.(bundle);
  }

  bundleRemoved(bundle: Bundle): void {
    for (const each of this.#all) each.bundleRemoved?.(bundle);
  }

  bundleFlushed(bundle: Bundle): void {
    for (const each of this.#all) each.bundleFlushed?.(bundle);
  }

  portConfigured(port: OfprotoPort): void {
    for (const each of this.#all) each.portConfigured?.(port);
  }

  portChanged(port: OfprotoPort): void {
    for (const each of this.#all) each.portChanged?.(port);
  }

  portRemoved(port: OfprotoPort): void {
    for (const each of this.#all) each.portRemoved?.(port);
  }

  counted(): void {
    for (const each of this.#all) each.counted?.();
  }

  stop(): void {
    for (const each of this.#all) each.stop();
  }
}
