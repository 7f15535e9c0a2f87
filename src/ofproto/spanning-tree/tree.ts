/** STP or RSTP of one switch, as far as the switch is concerned. */
import type { Ms } from '../../base/units.ts';
import type { OfprotoPort } from '../port.ts';
import type { TreeState } from './tree-state.ts';

/** What happened to learned addresses. */
export interface TreeChanges {
  /** Those behind these are to be forgotten. */
  readonly flushed: 'all' | readonly OfprotoPort[];
  /** Those behind one are behind the other now. */
  readonly moved: { readonly from: OfprotoPort; readonly to: OfprotoPort } | undefined;
}

export interface Tree {
  readonly protocol: 'STP' | 'RSTP';
  /** Follows the links of its ports. */
  followLink(port: OfprotoPort): void;
  removePort(port: OfprotoPort): void;
  receive(port: OfprotoPort, payload: Uint8Array): void;
  /** Returns when to call again. */
  run(now: Ms): Ms;
  /** undefined for a port that does not take part. */
  stateOf(port: OfprotoPort): TreeState | undefined;
  takeChanges(): TreeChanges;
  /** What the database shows of it, but for counters, as a text that is another when it is. */
  readonly summary: string;
}
