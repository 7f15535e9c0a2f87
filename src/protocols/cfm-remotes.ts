/** The maintenance points that one hears behind its link. */
import { orderAsHashed } from '../base/hash-order.ts';
import { LimitedSite, logger } from '../base/log.ts';
import type { Ms } from '../base/units.ts';
import type { CfmReport } from './cfm-types.ts';

const log = logger('cfm');
const lostPoints = new LimitedSite({ perMinute: 60, burst: 300 });
const outOfOrder = new LimitedSite({ perMinute: 20, burst: 30 });

/** No more are remembered, whoever says to be there. */
const mostPoints = 256;

interface RemotePoint {
  readonly mpid: bigint;
  /** It has said something. */
  isKnown: boolean;
  /** Since the last check. */
  isHeard: boolean;
  isUp: boolean;
  sequence: number;
  /** Messages without a fault since health was looked at. */
  healthyCount: number;
  lastHeard: Ms;
}

/** What a message says of its sender. */
interface Heard extends Pick<RemotePoint, 'sequence' | 'isUp'> {
  readonly isHealthy: boolean;
}

export class RemotePoints {
  readonly #name: string;
  readonly #points = new Map<bigint, RemotePoint>();

  constructor(name: string) {
    this.#name = name;
  }

  get count(): number {
    return this.#points.size;
  }

  /** That one, which may not have been heard yet; undefined where there are too many already. */
  find(mpid: bigint): (RemotePoint & { readonly isKnown: boolean }) | undefined {
    const known = this.#points.get(mpid);
    if (known !== undefined || this.#points.size >= mostPoints) return known;
    const fresh = { isKnown: false, isHeard: false, isUp: false, sequence: 0, healthyCount: 0 };
    const point: RemotePoint = { mpid, ...fresh, lastHeard: 0 as Ms };
    this.#points.set(mpid, point);
    return point;
  }

  hear(point: RemotePoint, { sequence, isUp, isHealthy }: Heard, now: Ms): void {
    if (point.sequence !== 0 && sequence !== (point.sequence + 1) >>> 0) {
      const text = `(previous ${point.sequence}) (current ${sequence})`;
      const problem = `detected sequence numbers which indicate possible connectivity problems ${text}`;
      log.limited('warn', outOfOrder, `${this.#name}: (mpid ${point.mpid}) ${problem}`);
    }
    if (isHealthy) point.healthyCount++;
    Object.assign(point, { isKnown: true, isHeard: true, sequence, isUp, lastHeard: now });
  }

  /** Messages without fault since the last call; undefined where several points make it nobody's. */
  takeHeard(): number | undefined {
    if (this.#points.size > 1) return undefined;
    const [point] = this.#points.values();
    const { healthyCount = 0 } = point ?? {};
    if (point !== undefined) point.healthyCount = 0;
    return healthyCount;
  }

  /** Forgets those that have not been heard since the last call, unless that is forgiven. */
  check(
    isForgiven: boolean,
    now: Ms,
  ): {
    readonly mpids: readonly bigint[];
    readonly isSomeLost: boolean;
    /** Every one that was heard is up; undefined where none was. */
    readonly isUp: boolean | undefined;
  } {
    const points = [...this.#points.values()];
    const heard = points.filter(({ isHeard }) => isHeard);
    const silent = points.filter(({ isHeard }) => !isHeard);
    for (const { mpid, lastHeard } of silent) {
      const text = `Received no CCM from RMP ${mpid} in the last ${now - lastHeard}ms`;
      log.limited('info', lostPoints, `${this.#name}: ${text}`);
      if (!isForgiven) this.#points.delete(mpid);
    }
    for (const point of heard) point.isHeard = false;
    return {
      mpids: heard.map(({ mpid }) => mpid),
      isSomeLost: silent.length > 0 && !isForgiven,
      isUp: heard.length === 0 ? undefined : heard.every(({ isUp }) => isUp),
    };
  }

  report(): CfmReport['remotes'] {
    return orderAsHashed([...this.#points.values()], ({ mpid }) => mpid).map(({ mpid, isHeard, isUp }) => ({
      mpid: String(mpid),
      hasBeenHeard: isHeard,
      isUp,
    }));
  }
}
