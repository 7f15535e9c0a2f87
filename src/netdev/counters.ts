/** Fresh counters of a frame path. */
import type { PortCounters } from './provider.ts';

export function emptyCounters(): PortCounters {
  return {
    rxPackets: 0,
    rxBytes: 0,
    rxDropped: 0,
    rxErrors: 0,
    txPackets: 0,
    txBytes: 0,
    txDropped: 0,
    txErrors: 0,
  };
}
