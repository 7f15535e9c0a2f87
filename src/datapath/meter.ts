/**
 * Meters of a datapath: each band is a bucket of tokens that fills at its rate, and a packet for which a bucket has too
 * few is dropped by the band of the highest rate that refuses it (OpenFlow 1.3.5 section 5.7). A bucket is full at
 * first. State and counters are in shared memory, so that all workers keep to one rate and the main thread can read
 * them without waiting.
 */
import { coverageCounter } from '../base/coverage.ts';

const set = coverageCounter('dpif_meter_set');
const asked = coverageCounter('dpif_meter_get');
const deleted = coverageCounter('dpif_meter_del');

/** Bands of one meter at most. */
export const maxMeterBands = 8;
/** Meters at most. */
export const maxMeters = 262_144;

interface DpMeterBand {
  /** Thousands of bits, or packets, a second. */
  readonly rate: number;
  /** Thousands of bits, or packets, that the bucket holds. */
  readonly burst: number;
}

export interface DpMeter {
  readonly unit: 'kilobits' | 'packets';
  /** At most `maxMeterBands`. */
  readonly bands: readonly DpMeterBand[];
}

interface DpMeterCounts {
  readonly packetCount: number;
  readonly byteCount: number;
}

export interface DpMeterStats extends DpMeterCounts {
  /** What each band has dropped. */
  readonly bands: readonly DpMeterCounts[];
}

/** Doubles: the lock takes the place of the first. */
const at = { filledAt: 1, packets: 2, bytes: 3, firstBand: 4 } as const;
const ofBand = { tokens: 0, packets: 1, bytes: 2 } as const;
const bandStride = 3;

/** A meter as each worker has it. */
export class SharedMeter {
  readonly config: DpMeter;
  readonly buffer: SharedArrayBuffer;
  readonly #lock: Int32Array;
  readonly #values: Float64Array;
  /** Bits or packets a millisecond, and at most, by band. */
  readonly #rates: readonly number[];
  readonly #limits: readonly number[];

  /** `buffer` is that of the same meter in another thread. */
  constructor(config: DpMeter, buffer?: SharedArrayBuffer) {
    const { unit, bands } = config;
    const scale = unit === 'kilobits' ? 1000 : 1;
    this.config = config;
    this.buffer = buffer ?? new SharedArrayBuffer(8 * (at.firstBand + bandStride * bands.length));
    this.#lock = new Int32Array(this.buffer, 0, 1);
    this.#values = new Float64Array(this.buffer);
    this.#rates = bands.map(({ rate }) => (rate * scale) / 1000);
    this.#limits = bands.map(({ burst }) => burst * scale);
    if (buffer !== undefined) return;
    this.#limits.forEach((limit, n) => {
      this.#values[at.firstBand + bandStride * n + ofBand.tokens] = limit;
    });
  }

  /** Counts a packet of so many bytes at `now`, in milliseconds. May it go on? */
  admits(size: number, now: number): boolean {
    while (Atomics.compareExchange(this.#lock, 0, 0, 1) !== 0); // held for a few instructions
    const isAdmitted = this.#take(size, now);
    Atomics.store(this.#lock, 0, 0);
    return isAdmitted;
  }

  #take(size: number, now: number): boolean {
    const values = this.#values;
    const elapsed = Math.max(0, now - (values[at.filledAt] ?? 0));
    const cost = this.config.unit === 'packets' ? 1 : 8 * size;
    let refusing = -1;
    let highest = -1;
    for (let n = 0; n < this.#rates.length; n++) {
      const band = at.firstBand + bandStride * n;
      const rate = this.#rates[n] ?? 0;
      const tokens = Math.min(this.#limits[n] ?? 0, (values[band] ?? 0) + rate * elapsed);
      if (tokens >= cost) values[band] = tokens - cost;
      else {
        values[band] = tokens;
        if (rate > highest) {
          highest = rate;
          refusing = band;
        }
      }
    }
    values[at.filledAt] = now;
    values[at.packets] = (values[at.packets] ?? 0) + 1;
    values[at.bytes] = (values[at.bytes] ?? 0) + size;
    if (refusing < 0) return true;
    values[refusing + ofBand.packets] = (values[refusing + ofBand.packets] ?? 0) + 1;
    values[refusing + ofBand.bytes] = (values[refusing + ofBand.bytes] ?? 0) + size;
    return false;
  }

  stats(): DpMeterStats {
    const count = (n: number): number => this.#values[n] ?? 0;
    return {
      packetCount: count(at.packets),
      byteCount: count(at.bytes),
      bands: this.config.bands.map((_, n) => {
        const band = at.firstBand + bandStride * n;
        return { packetCount: count(band + ofBand.packets), byteCount: count(band + ofBand.bytes) };
      }),
    };
  }
}

/** The meters of a datapath, by number. */
export class MeterTable {
  readonly #meters = new Map<number, SharedMeter>();
  readonly #limit: number;
  #lowestFree = 0;

  constructor(limit = maxMeters) {
    this.#limit = limit;
  }

  /** Makes one of the lowest free number; undefined when there are as many as there may be. */
  add(config: DpMeter): { readonly id: number; readonly meter: SharedMeter } | undefined {
    const id = this.#lowestFree;
    if (id >= this.#limit) return undefined;
    const meter = this.set(id, config);
    while (this.#meters.has(this.#lowestFree)) this.#lowestFree++;
    return { id, meter };
  }

  /** Begins anew, with full buckets and nothing counted. */
  set(id: number, config: DpMeter): SharedMeter {
    set.total++;
    const meter = new SharedMeter(config);
    this.#meters.set(id, meter);
    return meter;
  }

  delete(id: number): void {
    deleted.total++;
    if (this.#meters.delete(id)) this.#lowestFree = Math.min(this.#lowestFree, id);
  }

  stats(id: number): DpMeterStats | undefined {
    asked.total++;
    return this.#meters.get(id)?.stats();
  }
}
