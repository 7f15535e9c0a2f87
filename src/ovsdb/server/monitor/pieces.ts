/**
 * JSON text that is made once and sent to many: short text stays a string, long text becomes UTF-8 pieces that the
 * channels share.
 */
import { encodeText } from '../../../base/text.ts';

/** From this length on, a copy for each client costs more than a second write. */
const sharedFrom = 8_192;
const pieceLength = 256 * 1024;

/** Text under construction that does not become one enormous string. */
export class PieceWriter {
  readonly pieces: Uint8Array[] = [];
  #text = '';

  write(text: string): void {
    this.#text += text;
    if (this.#text.length >= pieceLength) this.#cut();
  }

  finish(): readonly Uint8Array[] {
    if (this.#text !== '') this.#cut();
    return this.pieces;
  }

  #cut(): void {
    this.pieces.push(Buffer.from(this.#text));
    this.#text = '';
  }
}

/** A text and, on demand and only once, its pieces. */
export class SharedText {
  readonly text: string;
  #bytes: Uint8Array | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** `head` + text + `tail` in the form that is cheapest to send. */
  between(head: string, tail: string): string | readonly Uint8Array[] {
    if (this.text.length < sharedFrom) return head + this.text + tail;
    this.#bytes ??= Buffer.from(this.text);
    return [encodeText(head), this.#bytes, encodeText(tail)]; // the client's own id may be in them
  }
}
