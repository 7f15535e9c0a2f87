/** How deep, how often and how long things may be done for one packet: ends loops, and bounds what it costs. */
import type { DropReason } from './drop-reasons.ts';

/** Bridges and tables that one packet may go through inside each other. */
const maxDepth = 64;
/** Rules of one packet in all, beside the first. */
const maxLookups = maxDepth * maxDepth;
/** Buckets of groups; with none that sends anything, nothing else would end their nesting. */
const maxBranches = 65_536;
/** About what 64 KiB of actions are on the reference's wire to the datapath, at 8 bytes for each. */
export const maxActions = 8192;
/** Bytes of values, each with its length. */
const maxStacked = 65_536;

/** What a packet has used so far. */
interface Used {
  readonly lookups: number;
  /** Of the datapath. */
  readonly actions: number;
  readonly stackedBytes: number;
}

export class PacketLimits {
  depth = 0;
  branchCount = 0;

  /** Why no more may be nested, looked up and done; undefined while it may. */
  refusal({ lookups, actions, stackedBytes }: Used): DropReason | undefined {
    if (this.depth >= maxDepth) return 'tooDeep';
    if (lookups > maxLookups || this.branchCount >= maxBranches) return 'tooManyLookups';
    if (actions >= maxActions) return 'tooManyActions';
    return stackedBytes >= maxStacked ? 'stackTooDeep' : undefined;
  }
}
