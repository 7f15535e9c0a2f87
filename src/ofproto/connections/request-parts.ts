/** Requests of more than one message, put together: OpenFlow 1.3.5 section 7.3.5. */
import type { Timer, Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import type { Received } from '../../openflow/codec.ts';
import { OpenFlowError } from '../../openflow/errors.ts';

interface Partial {
  readonly form: string;
  entries: unknown[];
  size: number;
  partCount: number;
  /** The last part, for the error that no other came. */
  bytes: Uint8Array;
  dueAt: Ms;
}

export interface RequestPartsDeps {
  readonly timers: Timers;
  /** Told of the last part of a request of which no other came for a second. */
  readonly timedOut: (bytes: Uint8Array) => void;
}

/** Bytes of one request. */
const mostBytes = 4 * 1024 * 1024;
/** Requests that are not whole yet. */
const mostPartials = 64;
const patience = 1000;

export class RequestParts {
  readonly #deps: RequestPartsDeps;
  /** By transaction. */
  readonly #partials = new Map<number, Partial>();
  #timer: Timer | undefined;

  constructor(deps: RequestPartsDeps) {
    this.#deps = deps;
  }

  /** The whole request, once all of it is there. Throws OpenFlowError. */
  take<M extends Received>(message: M, bytes: Uint8Array): M | undefined {
    const { xid, more, form, value } = message;
    const before = this.#partials.get(xid);
    if (!more && before === undefined) return message;
    if (before !== undefined && before.form !== form)
      throw this.#lost(xid, 'OFPBRC_BAD_STAT', 'changes its type');
    const partial = before ?? this.#begin(message);
    partial.size += bytes.length;
    partial.partCount++;
    partial.bytes = bytes.slice();
    partial.dueAt = ms(this.#deps.timers.clock.now() + patience);
    if (partial.size > mostBytes) throw this.#lost(xid, 'OFPBRC_MULTIPART_BUFFER_OVERFLOW', 'is too long');
    if (Array.isArray(value)) for (const entry of value) partial.entries.push(entry);
    else if (partial.partCount > 1) throw this.#lost(xid, 'OFPBRC_BAD_STAT', 'has parts');
    if (more) return undefined;
    this.#partials.delete(xid);
    return { ...message, value: partial.entries };
  }

  /** The connection is over. */
  stop(): void {
    this.#timer?.cancel();
    this.#partials.clear();
  }

  #begin({ xid, form }: Received): Partial {
    if (this.#partials.size >= mostPartials)
      throw new OpenFlowError('OFPBRC_MULTIPART_BUFFER_OVERFLOW', 'too many requests that are not whole');
    const partial = { form, entries: [], size: 0, partCount: 0, bytes: new Uint8Array(0), dueAt: ms(0) };
    this.#partials.set(xid, partial);
    this.#arrange();
    return partial;
  }

  #arrange(): void {
    if (this.#timer !== undefined || this.#partials.size === 0) return;
    this.#timer = this.#deps.timers.after(ms(patience), () => {
      this.#timer = undefined;
      const now = this.#deps.timers.clock.now();
      for (const [xid, { dueAt, bytes }] of this.#partials) {
        if (dueAt > now) continue;
        this.#partials.delete(xid);
        this.#deps.timedOut(bytes);
      }
      this.#arrange();
    });
  }

  /** What is wrong with a request ends it. */
  #lost(
    xid: number,
    name: 'OFPBRC_BAD_STAT' | 'OFPBRC_MULTIPART_BUFFER_OVERFLOW',
    why: string,
  ): OpenFlowError {
    this.#partials.delete(xid);
    return new OpenFlowError(name, `a request ${why}`);
  }
}
