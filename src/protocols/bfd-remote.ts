/** What a BFD session knows of the other end: what its control packets say, RFC 5880 section 6.8.1. */
import type { BfdDiagnostic, BfdMessage, BfdState } from '../wire/bfd.ts';
import { flagsOf } from './bfd-text.ts';
import type { BfdReport } from './bfd-types.ts';

/** Before it says something. */
const unknown = {
  state: 'down',
  diagnostic: 'No Diagnostic',
  flags: 0,
  discriminator: 0,
  minTx: 0,
  minRx: 1,
} as const;

export class BfdRemote {
  state: BfdState = unknown.state;
  diagnostic: BfdDiagnostic = unknown.diagnostic;
  discriminator: number = unknown.discriminator;
  /** Milliseconds. */
  minTx: number = unknown.minTx;
  minRx: number = unknown.minRx;
  multiplier = 0;
  #flags: number = unknown.flags;

  /** All but intervals and multiplier, whose changes mean something. */
  take({ state, flags, diagnostic, myDiscriminator }: BfdMessage): void {
    this.state = state;
    this.diagnostic = diagnostic;
    this.discriminator = myDiscriminator;
    this.#flags = flags;
  }

  forget(): void {
    const { flags, ...rest } = unknown;
    this.#flags = flags;
    Object.assign(this, rest);
  }

  get report(): BfdReport['remote'] {
    const { state, diagnostic, discriminator, minTx, minRx, multiplier } = this;
    return { state, diagnostic, discriminator, minTx, minRx, flags: flagsOf(this.#flags), multiplier };
  }
}
