/** The fragments of one packet that have come. Knows no frames: a number stands for what is held elsewhere. */
import type { Ms } from '../../../base/units.ts';
import type { Fragment } from './fragment.ts';

/** What a packet's fragments have in common. Those at different places of a pipeline are not put together. */
export type PacketIdentity = Pick<Fragment, 'version' | 'source' | 'destination' | 'id' | 'protocol'> & {
  readonly zone: number;
  readonly recirculation: number;
};

/** In the reference's words. */
export type ListState = 'other frag' | 'first frag' | 'last frag' | 'first/last frag' | 'reassemble fail';

export interface Piece {
  readonly number: number;
  readonly offset: number;
  readonly size: number;
  readonly isLast: boolean;
  readonly headerSize: number;
  /** Of memory that it takes. */
  readonly byteCount: number;
}

const largestPacket = 65535;

export class FragmentList {
  readonly identity: PacketIdentity;
  readonly expiresAt: Ms;
  /** By offset, without overlap. */
  readonly pieces: Piece[] = [];
  /** All have come, but what they make is longer than a packet may be. */
  hasFailed = false;

  constructor(identity: PacketIdentity, expiresAt: Ms) {
    this.identity = identity;
    this.expiresAt = expiresAt;
  }

  get state(): ListState {
    if (this.hasFailed) return 'reassemble fail';
    const hasFirst = this.pieces[0]?.offset === 0;
    const hasLast = this.pieces.some(({ isLast }) => isLast);
    if (hasFirst) return hasLast ? 'first/last frag' : 'first frag';
    return hasLast ? 'last frag' : 'other frag';
  }

  /**
   * Differs: so is one that holds another in its middle, which the reference accepts, and then never finds the packet
   * whole.
   */
  overlaps({ offset, size }: Pick<Piece, 'offset' | 'size'>): boolean {
    return this.pieces.some((piece) => offset < piece.offset + piece.size && piece.offset < offset + size);
  }

  add(piece: Piece): void {
    const behind = this.pieces.findLastIndex(({ offset }) => offset < piece.offset) + 1;
    this.pieces.splice(behind, 0, piece);
    if (this.#isWithoutGaps && this.#wholeSize > largestPacket) this.hasFailed = true;
  }

  /** They make a packet. */
  get isWhole(): boolean {
    return !this.hasFailed && this.#isWithoutGaps;
  }

  get #isWithoutGaps(): boolean {
    if (this.pieces.at(-1)?.isLast !== true) return false;
    let next = 0;
    for (const { offset, size } of this.pieces) {
      if (offset !== next) return false;
      next += size;
    }
    return true;
  }

  /** With what its length counts of headers. */
  get #wholeSize(): number {
    return this.pieces.reduce((sum, { size }) => sum + size, this.pieces[0]?.headerSize ?? 0);
  }
}
