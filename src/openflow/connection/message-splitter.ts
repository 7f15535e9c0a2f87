/** Cuts messages out of the pieces in which a stream brings them. Holds less than one message. */
import { headerSize, messageSize } from '../codec.ts';
import { OpenFlowError } from '../errors.ts';

export class MessageSplitter {
  /** The head of a message that has not come whole. */
  #pieces: Uint8Array[] = [];
  #size = 0;
  /** Bytes without which nothing more can be cut off. */
  #needed = headerSize;

  /**
   * The messages that end in `piece`, in its memory where it has the whole of them. Throws OpenFlowError for a length
   * shorter than a header: where the next message begins is not known then.
   */
  *push(piece: Uint8Array): Iterable<Uint8Array> {
    this.#pieces.push(piece);
    this.#size += piece.length;
    if (this.#size < this.#needed) return;
    const bytes = this.#pieces.length === 1 ? piece : joined(this.#pieces, this.#size);
    let at = 0;
    let size = sizeAt(bytes, at);
    while (size <= bytes.length - at) {
      yield bytes.subarray(at, at + size);
      at += size;
      size = sizeAt(bytes, at);
    }
    this.#pieces = at < bytes.length ? [bytes.subarray(at)] : [];
    this.#size = bytes.length - at;
    this.#needed = size;
  }
}

/** Of the message that begins there; that of a header while no more is known. */
function sizeAt(bytes: Uint8Array, at: number): number {
  const size = messageSize(bytes, at) ?? headerSize;
  if (size < headerSize) throw new OpenFlowError('OFPBRC_BAD_LEN', `a message of ${size} bytes`);
  return size;
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
