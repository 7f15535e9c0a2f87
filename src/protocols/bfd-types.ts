/** What a BFD session is told, and what it tells: RFC 5880 section 6.8.1; ovs-vswitchd.conf.db(5), Interface, "BFD". */
import type { BfdDiagnostic, BfdFlag, BfdState } from '../wire/bfd.ts';

/** Times are milliseconds. */
export interface BfdSettings {
  /** Control packets that may be lost in a row, plus one: 1..255. */
  readonly multiplier: number;
  readonly minTx: number;
  readonly minRx: number;
  /** Control packets need come only so often while nothing else does; 0 for as often as ever. */
  readonly decayMinRx: number;
  /** Something behind this system does not forward, which the other end is told. */
  readonly isPathDown: boolean;
  /** The link forwards as long as any packets come. */
  readonly forwardsIfReceiving: boolean;
}

export const defaultBfdSettings: BfdSettings = {
  multiplier: 3,
  minTx: 100,
  minRx: 1000,
  decayMinRx: 0,
  isPathDown: false,
  forwardsIfReceiving: false,
};

interface EndReport {
  readonly flags: readonly BfdFlag[];
  readonly state: BfdState;
  readonly diagnostic: BfdDiagnostic;
  readonly discriminator: number;
  readonly minTx: number;
  readonly minRx: number;
}

export interface BfdReport {
  readonly isForwarding: boolean;
  readonly multiplier: number;
  readonly isPathDown: boolean;
  readonly txInterval: number;
  readonly rxInterval: number;
  /** Milliseconds from now. */
  readonly detect: number;
  readonly nextTx: number;
  readonly lastTx: number;
  readonly local: EndReport;
  readonly remote: EndReport & { readonly multiplier: number };
}

/** What the database shows. */
export interface BfdStatus {
  readonly isForwarding: boolean;
  readonly state: BfdState;
  readonly diagnostic: BfdDiagnostic;
  readonly remoteState: BfdState;
  readonly remoteDiagnostic: BfdDiagnostic;
  /** Times that it began or ceased to forward. */
  readonly flapCount: number;
}
