/** What whoever opens a conversation may choose, and is told of it. */
import type { WaitOptions } from '../../base/waiting.ts';
import type { Received } from '../codec.ts';
import type { OpenFlowError } from '../errors.ts';
import type { WireVersion } from '../versions.ts';

/** `signal` ends the wait for the peer's hello. */
export interface ConnectionOptions extends WaitOptions {
  /** Those that are offered; all by default. */
  readonly versions?: readonly WireVersion[] | undefined;
  readonly events?: ConnectionEvents | undefined;
  /** Echo requests are messages like others, for the owner to answer. */
  readonly leavesEchoes?: boolean | undefined;
  /** The xid of the next message, not 0; by default they are counted from 1. */
  readonly nextXid?: (() => number) | undefined;
  /** Messages of other versions than the negotiated one are taken too: what a switch repeats of other conversations. */
  readonly takesAnyVersion?: boolean | undefined;
  /** Is told the versions that the peer's hello offers, whether or not one is in common, or known here at all. */
  readonly onOffer?: ((versions: readonly number[]) => void) | undefined;
}

export interface ConnectionEvents {
  /** Sees each message after the hellos before anything is done with it; true where nothing else is to be done. */
  intercept?(bytes: Uint8Array): boolean;
  /**
   * A message that is no answer to a request. `bytes` are those it was read from. Without it they wait for `messages`.
   */
  message?(message: Received, bytes: Uint8Array): void;
  /** Takes such messages as bytes, to read them when their turn comes: `message` and `malformed` are told of none then. */
  unread?(bytes: Uint8Array): void;
  /** Such a message that cannot be read. */
  malformed?(why: OpenFlowError, bytes: Uint8Array): void;
  /** Anything came from the peer. */
  heard?(): void;
  /** Is told of each message that goes to the peer after the hellos. */
  sent?(bytes: Uint8Array): void;
  /** The kernel has taken all that was sent. */
  drained?(): void;
}
