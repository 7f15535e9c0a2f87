/** Requests that come in several parts: OpenFlow 1.3.5 section 7.3.5, "OFPMPF_REQ_MORE". */
import type { Timer, Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { Reader } from '../../openflow/bytes.ts';
import { type Received, readHead } from '../../openflow/codec.ts';
import { OpenFlowError } from '../../openflow/errors.ts';

/** Of all parts together. */
const mostBytes = 4 * 1024 * 1024;
/** Requests that are not whole. */
const mostPartials = 64;
/** Milliseconds that the next part may take. */
const longestPause = 1000;

interface Part {
  /** What is wrong with it is told when the whole is there. */
  readonly message: Received | OpenFlowError;
  readonly bytes: Uint8Array;
}

interface PartialRequest {
  readonly form: string;
  readonly parts: Part[];
  hasBody: boolean;
  size: number;
  timer: Timer | undefined;
}

/** Tells the peer what is wrong with the message of these bytes. */
type Refuse = (why: OpenFlowError, bytes: Uint8Array) => void;

export class RequestParts {
  readonly #timers: Timers;
  readonly #refuse: Refuse;
  /** By xid. */
  readonly #partials = new Map<number, PartialRequest>();

  constructor(timers: Timers, refuse: Refuse) {
    this.#timers = timers;
    this.#refuse = refuse;
  }

  /** The request that is whole now; undefined while it is not. Throws OpenFlowError. */
  take(message: Received | OpenFlowError, bytes: Uint8Array): Received | undefined {
    const isAlone = this.#partials.size === 0 && !(message instanceof OpenFlowError) && !message.more;
    if (isAlone) return message;
    const from = new Reader(bytes);
    const { known, version, xid, flags } = readHead(from);
    const hasMore = version > 3 && (flags & 1) !== 0;
    const found = this.#partials.get(xid);
    if (known.direction !== 'request' || (found === undefined && !hasMore)) return readable(message);
    const hasBody = from.left > 0;
    if (hasBody && message instanceof OpenFlowError && message.errorName === 'OFPBRC_BAD_LEN') throw message;
    const partial = found ?? this.#begin(xid, known.printed);
    const lost = (name: 'OFPBRC_BAD_STAT' | 'OFPBRC_MULTIPART_BUFFER_OVERFLOW' | 'OFPBRC_BAD_LEN'): never => {
      this.#forget(xid);
      throw new OpenFlowError(name, `a ${known.printed} in parts`);
    };
    if (partial.form !== known.printed) lost('OFPBRC_BAD_STAT');
    partial.size += bytes.length;
    if (partial.size > mostBytes) lost('OFPBRC_MULTIPART_BUFFER_OVERFLOW');
    partial.hasBody ||= hasBody;
    if (!hasMore && !partial.hasBody && known.form.size[0] > 0) lost('OFPBRC_BAD_LEN');
    // A part without a body says nothing.
    if (hasBody || !hasMore) partial.parts.push({ message, bytes: bytes.slice() });
    if (!hasMore) {
      this.#forget(xid);
      return this.#whole(
        partial.parts.filter(({ bytes: { length } }) => length > from.at || !partial.hasBody),
      );
    }
    this.#expectMore(xid, partial, bytes.slice());
    return undefined;
  }

  stop(): void {
    for (const xid of this.#partials.keys()) this.#forget(xid);
  }

  #begin(xid: number, form: string): PartialRequest {
    if (this.#partials.size >= mostPartials)
      throw new OpenFlowError('OFPBRC_MULTIPART_BUFFER_OVERFLOW', 'too many requests that are not whole');
    const partial: PartialRequest = { form, parts: [], hasBody: false, size: 0, timer: undefined };
    this.#partials.set(xid, partial);
    return partial;
  }

  #forget(xid: number): void {
    this.#partials.get(xid)?.timer?.cancel();
    this.#partials.delete(xid);
  }

  #expectMore(xid: number, partial: PartialRequest, last: Uint8Array): void {
    partial.timer?.cancel();
    partial.timer = this.#timers.after(ms(longestPause), () => {
      this.#forget(xid);
      this.#refuse(new OpenFlowError('OFPBRC_MULTIPART_REQUEST_TIMEOUT', 'no more parts came'), last);
    });
  }

  #whole(parts: readonly Part[]): Received | undefined {
    const [first, ...others] = parts;
    if (first === undefined) return undefined;
    if (others.length === 0) return readable(first.message);
    const bad = parts.find(({ message }) => message instanceof OpenFlowError);
    if (bad?.message instanceof OpenFlowError) {
      this.#refuse(bad.message, bad.bytes);
      return undefined;
    }
    const whole = join(parts.map(({ message }) => readable(message)));
    if (whole === undefined)
      this.#refuse(new OpenFlowError('OFPBRC_BAD_STAT', 'a request that has no parts'), first.bytes);
    return whole;
  }
}

function readable(message: Received | OpenFlowError): Received {
  if (message instanceof OpenFlowError) throw message;
  return message;
}

/** undefined for requests that may not come in several parts. */
function join(parts: readonly Received[]): Received | undefined {
  const [first] = parts;
  if (first?.name === 'TABLE_FEATURES_REQUEST')
    return { ...first, value: parts.flatMap((part) => (part.name === first.name ? part.value : [])) };
  if (first?.name === 'FLOW_MONITOR_REQUEST')
    return { ...first, value: parts.flatMap((part) => (part.name === first.name ? part.value : [])) };
  return undefined;
}
