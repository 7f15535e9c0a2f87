/**
 * The frame path of a port that tunnels share: no device is behind it, and datapaths send no frame there. Flows unwrap
 * what comes and wrap what goes.
 */
import type { Frame, FrameBatch } from '../../wire/frame.ts';
import { emptyCounters } from '../counters.ts';
import type { PortIo, PortSpec, WrapsPackets } from '../provider.ts';
import type { TunnelType } from './tunnel-config.ts';

type TunnelSpec = Extract<PortSpec, { kind: 'tunnel' }>;

export class TunnelPort implements PortIo, WrapsPackets {
  readonly tunnelType: TunnelType;
  readonly fd = undefined;
  readonly takesOffloads = false;
  readonly counters = emptyCounters();
  readonly #sequence: Uint32Array;

  constructor({ type, sequence }: Pick<TunnelSpec, 'type' | 'sequence'>) {
    this.tunnelType = type;
    this.#sequence = new Uint32Array(sequence);
  }

  nextSequence(): number {
    return Atomics.add(this.#sequence, 0, 1);
  }

  receive(batch: FrameBatch): number {
    batch.count = 0;
    return 0;
  }

  release(): void {}

  send(_frame: Frame): void {
    this.counters.txDropped++;
  }

  flush(): void {}

  close(): void {}
}
