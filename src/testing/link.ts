/** A cable between two ports or hosts of a network: what one sends the other receives, later, or not at all. */
import { Refused } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { ms } from '../base/units.ts';
import type { TestFrame } from './packets.ts';
import type { VirtualTime } from './virtual-time.ts';

/**
 * What a link is plugged into: a port of a bridge, or a host.
 * @internal
 */
export interface LinkEnd {
  /** False where nobody is there who would receive. */
  receive(bytes: Uint8Array): boolean;
  /** `take` is told of each frame that it sends. */
  onFrame(take: (frame: TestFrame) => void): void;
  setCarrier(hasCarrier: boolean): Promise<void>;
}

/** How a link carries frames, in each direction by itself. */
export interface LinkOptions {
  /** Milliseconds on the way; 0 unless given. */
  readonly delay?: number;
  /** The share of frames that are lost, 0 to 1, drawn by the network's seed; 0 unless given. */
  readonly loss?: number;
  /** Bits in a second; without, a frame takes no time but `delay`. */
  readonly bandwidth?: number;
  /** Frames that may wait for the bandwidth; further ones are lost. 1000 unless given. */
  readonly queue?: number;
}

/** Frames of both directions. */
export interface LinkCounts {
  /** Those that one end sent. */
  readonly sent: number;
  /** Those that reached the other. */
  readonly delivered: number;
  /** Those that were lost: by chance, for want of room, or since the link was cut. */
  readonly lost: number;
}

/** One way along the link. */
interface Direction {
  readonly to: LinkEnd;
  /** When the last frame that waits will have been sent. */
  freeAt: number;
  waiting: number;
}

const usual = { delay: 0, loss: 0, bandwidth: Number.POSITIVE_INFINITY, queue: 1000 };

export class TestLink {
  readonly #ends: readonly [LinkEnd, LinkEnd];
  readonly #deps: { readonly time: VirtualTime; readonly random: Random };
  readonly #counts = { sent: 0, delivered: 0, lost: 0 };
  #options: Required<LinkOptions>;
  #isCut = false;
  /** Counts how often it was cut: what was on the way then does not arrive. */
  #cutCount = 0;

  /** @internal */
  constructor(
    ends: readonly [LinkEnd, LinkEnd],
    options: LinkOptions,
    deps: { readonly time: VirtualTime; readonly random: Random },
  ) {
    this.#ends = ends;
    this.#deps = deps;
    this.#options = checked({ ...usual, ...options });
    const [a, b] = ends;
    const plug = (from: LinkEnd, to: LinkEnd): void => {
      const direction = { to, freeAt: 0, waiting: 0 };
      from.onFrame(({ bytes }) => this.#carry(bytes, direction));
    };
    plug(a, b);
    plug(b, a);
  }

  get counts(): LinkCounts {
    return { ...this.#counts };
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** From now on it carries frames so; what is not given stays. Throws Refused for what cannot be. */
  set(options: LinkOptions): void {
    this.#options = checked({ ...this.#options, ...options });
  }

  /** Cuts it: what is on the way is lost, and both ends have no carrier when this resolves. */
  async cut(): Promise<void> {
    this.#isCut = true;
    this.#cutCount++;
    for (const end of this.#ends) await end.setCarrier(false);
  }

  /** Mends it: both ends have a carrier again. */
  async mend(): Promise<void> {
    this.#isCut = false;
    for (const end of this.#ends) await end.setCarrier(true);
  }

  #carry(bytes: Uint8Array, way: Direction): void {
    const { time, random } = this.#deps;
    const { delay, loss, bandwidth, queue } = this.#options;
    this.#counts.sent++;
    const isLost = this.#isCut || (loss > 0 && random.u32() / 2 ** 32 < loss);
    if (isLost || way.waiting >= queue) {
      this.#counts.lost++;
      return;
    }
    const { timers, clock } = time;
    const now = clock.now();
    way.freeAt = Math.max(now, way.freeAt) + (8 * 1000 * bytes.length) / bandwidth;
    if (way.freeAt > now) {
      way.waiting++;
      timers.at(ms(way.freeAt), () => void way.waiting--);
    }
    const cutCount = this.#cutCount;
    const arrive = (): void => this.#arrive(bytes, way.to, cutCount);
    if (way.freeAt + delay > now) timers.at(ms(way.freeAt + delay), arrive);
    else time.defer(arrive);
  }

  #arrive(bytes: Uint8Array, to: LinkEnd, cutCount: number): void {
    const isWhole = !this.#isCut && cutCount === this.#cutCount;
    if (isWhole && this.#deps.time.hop() && to.receive(bytes)) this.#counts.delivered++;
    else this.#counts.lost++;
  }
}

function checked(options: Required<LinkOptions>): Required<LinkOptions> {
  const { delay, loss, bandwidth, queue } = options;
  const wrong =
    (!(delay >= 0) && `delay ${delay}`) ||
    (!(loss >= 0 && loss <= 1) && `loss ${loss}`) ||
    (!(bandwidth > 0) && `bandwidth ${bandwidth}`) ||
    (!(queue >= 0) && `queue ${queue}`);
  if (wrong !== false) throw new Refused('testing', `a link cannot have a ${wrong}`);
  return options;
}
