/** The outputs of one worker on which frames are queued: the ports to flush. */
import type { Totals } from './counters.ts';
import type { Output } from './packet-outputs.ts';

export class DirtyOutputs {
  readonly #totals: Totals;
  /** The first `#count`. Setting an array's length would cost more. */
  readonly #outputs: Output[] = [];
  #count = 0;

  constructor(totals: Totals) {
    this.#totals = totals;
  }

  mark(output: Output): void {
    output.isDirty = true;
    this.#outputs[this.#count++] = output;
  }

  /** Sends what is queued, and tells what was sent. */
  flush(): void {
    for (let n = 0; n < this.#count; n++) {
      const output = this.#outputs[n];
      if (output === undefined) continue;
      output.isDirty = false;
      output.tx.flush();
      this.#totals.addBatch(output.queuedCount);
      output.queuedCount = 0;
      output.counters.publish(output.tx.counters);
    }
    this.#count = 0;
  }
}
