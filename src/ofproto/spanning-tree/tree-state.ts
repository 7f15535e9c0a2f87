/** What a spanning tree allows by a port: IEEE 802.1D-2004 clauses 7.4 and 17.5. Read by translation, for each packet. */
import type { RstpState } from '../../protocols/rstp-types.ts';
import type { StpState } from '../../protocols/stp-types.ts';

export interface TreeState {
  readonly protocol: 'STP' | 'RSTP';
  /** As logs and commands show it. */
  readonly name: string;
  readonly forwards: boolean;
  readonly learns: boolean;
  /** BPDUs may leave by it. */
  readonly sendsBpdus: boolean;
  /** Bits of OpenFlow 1.0's port state: section 5.2.1. */
  readonly bits: number;
}

const openFlowBits = { listen: 0, learn: 0x100, forward: 0x200, block: 0x300 } as const;

function stp(name: StpState, bits: number, { sendsBpdus } = { sendsBpdus: true }): TreeState {
  const forwards = name === 'forwarding';
  return { protocol: 'STP', name, forwards, learns: forwards || name === 'learning', sendsBpdus, bits };
}

export const stpStates: { readonly [S in StpState]: TreeState } = {
  disabled: stp('disabled', 0),
  blocking: stp('blocking', openFlowBits.block, { sendsBpdus: false }),
  listening: stp('listening', openFlowBits.listen),
  learning: stp('learning', openFlowBits.learn),
  forwarding: stp('forwarding', openFlowBits.forward),
};

const rstp = { protocol: 'RSTP', sendsBpdus: true } as const;

export const rstpStates: { readonly [S in RstpState]: TreeState } = {
  discarding: { ...rstp, name: 'Discarding', forwards: false, learns: false, bits: openFlowBits.listen },
  learning: { ...rstp, name: 'Learning', forwards: false, learns: true, bits: openFlowBits.learn },
  forwarding: { ...rstp, name: 'Forwarding', forwards: true, learns: true, bits: openFlowBits.forward },
};
