/** The frame path of a port that tunnels share: no device is behind it. Flows unwrap what comes and wrap what goes. */
import type { Frame, FrameBatch } from '../../wire/frame.ts';
import { emptyCounters } from '../counters.ts';
import type { PortIo } from '../provider.ts';

export class TunnelPort implements PortIo {
  readonly fd = undefined;
  readonly takesOffloads = false;
  readonly counters = emptyCounters();

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
