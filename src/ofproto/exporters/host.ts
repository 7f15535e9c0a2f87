/** What exporters are given by the process that they are in. */
import type { DpStats } from '../../datapath/provider.ts';
import type { OpenDatagrams } from '../../net/datagrams.ts';

export interface ExportHost {
  readonly openDatagrams: OpenDatagrams;
  /** The address by which others know a device of the host; undefined where it has none. */
  readonly addressOf: (device: string) => string | undefined;
  readonly processCounters: ProcessCounters;
  /** For one more exporter of IPFIX. */
  readonly nextExporterId: () => number;
}

/** Of all datapaths together, and of the process. */
export interface ProcessTotals {
  readonly datapath: Pick<
    DpStats,
    'hitCount' | 'missCount' | 'lostCount' | 'maskHitCount' | 'flowCount' | 'maskCount'
  >;
  /** Milliseconds. */
  readonly userTime: number;
  readonly systemTime: number;
  /** Bytes at most. */
  readonly memory: number;
}

/** Counters that one switch of the process tells, and no other. */
export class ProcessCounters {
  readonly #read: () => ProcessTotals;
  #teller: object | undefined;

  constructor(read: () => ProcessTotals) {
    this.#read = read;
  }

  /** undefined where another tells them: the first who asks does, until it leaves. */
  read(teller: object): ProcessTotals | undefined {
    this.#teller ??= teller;
    return this.#teller === teller ? this.#read() : undefined;
  }

  leave(teller: object): void {
    if (this.#teller === teller) this.#teller = undefined;
  }
}
