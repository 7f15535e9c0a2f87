/**
 * The meters of a switch: what controllers set, and the meters of the datapath that stand for them (OpenFlow 1.3.5
 * section 5.7).
 */
import type { Ms } from '../../base/units.ts';
import type { DpAction } from '../../datapath/actions.ts';
import { type DpMeter, type DpMeterStats, maxMeterBands } from '../../datapath/meter.ts';
import type { Datapath } from '../../datapath/provider.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import {
  allMeters,
  lastMeter,
  type MeterConfig,
  meterFlags,
  reservedMeters,
} from '../../openflow/messages/meters.ts';

export interface Meter extends MeterConfig {
  /** Its number in the datapath. */
  readonly datapathId: number;
  readonly createdAt: Ms;
}

type MeterDatapath = Pick<Datapath, 'addMeter' | 'changeMeter' | 'deleteMeter' | 'meterStats'>;

export class SwitchMeters {
  readonly #datapath: MeterDatapath;
  readonly #meters = new Map<number, Meter>();

  constructor(datapath: MeterDatapath) {
    this.#datapath = datapath;
  }

  get(number: number): Meter | undefined {
    return this.#meters.get(number);
  }

  /** As they came. */
  [Symbol.iterator](): IterableIterator<Meter> {
    return this.#meters.values();
  }

  statsOf({ datapathId, bands }: Meter): DpMeterStats {
    const nothing = { packetCount: 0, byteCount: 0 };
    return this.#datapath.meterStats(datapathId) ?? { ...nothing, bands: bands.map(() => nothing) };
  }

  /** Throws OpenFlowError. */
  add(config: MeterConfig, now: Ms): void {
    checkPlace(config);
    if (this.#meters.has(config.meter))
      throw new OpenFlowError('OFPMMFC_METER_EXISTS', `there is a meter ${config.meter} already`);
    const datapathId = this.#datapath.addMeter(datapathMeter(config));
    if (datapathId === undefined)
      throw new OpenFlowError('OFPMMFC_OUT_OF_METERS', 'the datapath has no more meters');
    this.#meters.set(config.meter, { ...config, datapathId, createdAt: now });
  }

  /** Throws OpenFlowError. */
  modify(config: MeterConfig): void {
    checkPlace(config);
    const before = this.#meters.get(config.meter);
    if (before === undefined)
      throw new OpenFlowError('OFPMMFC_UNKNOWN_METER', `there is no meter ${config.meter}`);
    this.#datapath.changeMeter(before.datapathId, datapathMeter(config));
    this.#meters.set(config.meter, { ...before, ...config });
  }

  /** The numbers that a deletion of `number` is about: those of meters that are there. */
  find(number: number): number[] {
    if (number === allMeters) return [...this.#meters.keys()];
    return this.#meters.has(number) ? [number] : [];
  }

  /** Whoever uses it has stopped to. */
  delete(number: number): void {
    const gone = this.#meters.get(number);
    if (gone === undefined) return;
    this.#meters.delete(number);
    this.#datapath.deleteMeter(gone.datapathId);
  }

  /** Ends them all. */
  clear(): void {
    for (const number of this.#meters.keys()) this.delete(number);
  }
}

/** An action for the packets only that a meter lets pass; those behind it are done in any case. */
export function throughMeter(meter: Meter | undefined, action: DpAction): DpAction {
  if (meter === undefined) return action;
  return { do: 'sample', probability: always, actions: [{ do: 'meter', id: meter.datapathId }, action] };
}

const always = 0xffffffff;

const knownFlags = Object.values(meterFlags).reduce((all, flag) => all | flag, 0);

/** Throws OpenFlowError. */
function checkPlace({ meter, bands }: MeterConfig): void {
  const isUsual = meter > 0 && meter <= lastMeter;
  if (!isUsual && (meter === allMeters || !reservedMeters.has(meter)))
    throw new OpenFlowError('OFPMMFC_INVALID_METER', `the number ${meter} is none of a meter`);
  if (bands.length > maxMeterBands) throw outOfBands(bands.length);
}

function outOfBands(count: number): OpenFlowError {
  return new OpenFlowError('OFPMMFC_OUT_OF_BANDS', `a meter of ${count} bands`);
}

/** The meter of the datapath that does what is asked for. Throws OpenFlowError. */
function datapathMeter({ flags, bands }: MeterConfig): DpMeter {
  if ((flags & (meterFlags.kbps | meterFlags.packets)) === 0)
    throw new OpenFlowError('OFPMMFC_BAD_FLAGS', 'a meter of neither kb/s nor packets/s');
  if (bands.length === 0) throw outOfBands(0);
  if (bands.some(({ rate }) => rate === 0)) throw new OpenFlowError('OFPMMFC_BAD_RATE', 'a band of no rate');
  if ((flags & ~knownFlags) !== 0)
    throw new OpenFlowError('OFPMMFC_BAD_FLAGS', `flags 0x${flags.toString(16)} of a meter`);
  const other = bands.find(({ type }) => type !== 'drop');
  if (other !== undefined) throw new OpenFlowError('OFPMMFC_BAD_BAND', `no meter does ${other.type}`);
  const hasBurst = (flags & meterFlags.burst) !== 0;
  return {
    unit: (flags & meterFlags.packets) === 0 ? 'kilobits' : 'packets',
    // Without one, a bucket holds what comes in a second.
    bands: bands.map(({ rate, burst }) => ({ rate, burst: hasBurst && burst > 0 ? burst : rate })),
  };
}
