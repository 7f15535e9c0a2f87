/**
 * The sFlow agent of a switch: samples of packets, and counters of its interfaces each so many seconds, in datagrams
 * that are sent when they are full, or once a second. Knows no sockets and no timers. sFlow version 5;
 * ovs-vswitchd.conf.db(5), table sFlow.
 */
import type { Clock } from '../../base/clock.ts';
import { logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import {
  emitCounterSample,
  emitFlowSample,
  emitSFlow,
  type SFlowPart,
  sFlowHeadSize,
  sFlowSource,
} from '../../wire/sflow.ts';

const log = logger('sflow');

export interface SFlowConfig {
  readonly targets: readonly string[];
  /**
   * A device or an address of the host by which the agent is known; undefined for that by which collectors are reached.
   */
  readonly agent: string | undefined;
  /** The address for controllers, where there is no other. */
  readonly controlAddress: string | undefined;
  /** Of those of the host. */
  readonly subAgent: number;
  /** Of so many packets one is sampled; 0 for none. */
  readonly sampling: number;
  /** Seconds between counters; 0 for never. */
  readonly polling: number;
  /** Bytes of a sampled packet. */
  readonly headerSize: number;
}

/** A packet that was sampled. */
export interface SFlowSample {
  /** Interfaces by their index; 0 where it is not known. */
  readonly input: number;
  readonly output: number;
  readonly records: readonly SFlowPart[];
}

interface SFlowDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly send: (datagram: Uint8Array) => void;
}

interface Poller {
  /** Seconds until its counters are due. */
  countdown: number;
  sequence: number;
}

/** Bytes of a datagram. */
const datagramSize = 1400;
/** The number of a switch among what is no interface. */
const firstEntity = 1000;

export class SFlowAgent {
  readonly config: SFlowConfig;
  /** The switch as a whole. */
  readonly source: number;
  readonly #address: Uint8Array;
  readonly #deps: SFlowDeps;
  readonly #startedAt: number;
  #samples: SFlowPart[] = [];
  #size: number;
  #datagramCount = 0;
  #flowCount = 0;
  #pool = 0;
  readonly #pollers = new Map<number, Poller>();

  /** The address has 4 or 16 bytes. */
  constructor(config: SFlowConfig, address: Uint8Array, deps: SFlowDeps) {
    this.config = config;
    this.source = sFlowSource('entity', firstEntity + config.subAgent);
    this.#address = address;
    this.#deps = deps;
    this.#startedAt = this.#seconds;
    this.#size = sFlowHeadSize(address);
  }

  /** Of 2^32-1 packets, so many are to be sampled. */
  get probability(): number {
    return Math.max(1, Math.floor(0xffffffff / this.config.sampling));
  }

  addPacket({ input, output, records }: SFlowSample): void {
    const { sampling: rate } = this.config;
    this.#pool = (this.#pool + rate) % 2 ** 32;
    const head = { sequence: ++this.#flowCount, source: this.source, rate, pool: this.#pool, input, output };
    this.#add(emitFlowSample(head, records), 'flow');
  }

  addCounters(source: number, records: readonly SFlowPart[] | undefined): void {
    const poller = this.#pollers.get(source);
    if (poller === undefined || records === undefined) return;
    this.#add(emitCounterSample({ sequence: ++poller.sequence, source }, records), 'counters');
  }

  /** To be told once a second which interfaces there are; returns the sources whose counters are due. */
  tick(interfaces: Iterable<number>): number[] {
    const { polling } = this.config;
    if (polling === 0) return [];
    const sources = new Set([
      this.source,
      ...[...interfaces].map((index) => sFlowSource('interface', index)),
    ]);
    for (const source of this.#pollers.keys()) if (!sources.has(source)) this.#pollers.delete(source);
    const due: number[] = [];
    for (const source of [...sources].sort((a, b) => b - a)) {
      const poller = this.#pollers.get(source) ?? this.#addPoller(source);
      if (--poller.countdown > 0) continue;
      poller.countdown = polling;
      due.push(source);
    }
    return due;
  }

  /** Sends what there is. */
  flush(): void {
    if (this.#samples.length === 0) return;
    const head = {
      agent: this.#address,
      subAgent: this.config.subAgent,
      sequence: ++this.#datagramCount,
      uptime: 1000 * (this.#seconds - this.#startedAt),
    };
    const samples = this.#samples;
    this.#samples = [];
    this.#size = sFlowHeadSize(this.#address);
    this.#deps.send(emitSFlow(head, samples));
  }

  get #seconds(): number {
    return Math.floor(this.#deps.clock.wall() / 1000);
  }

  /** Interfaces are not all asked in the same second. */
  #addPoller(source: number): Poller {
    const countdown = 1 + (this.#deps.random.u32() % this.config.polling);
    const poller = { countdown, sequence: 0 };
    this.#pollers.set(source, poller);
    return poller;
  }

  /** Differs: beside a sample that no datagram can hold, those that wait are kept; the reference forgets them. */
  #add(sample: SFlowPart, what: 'flow' | 'counters'): void {
    if (sample.length > datagramSize / 2) {
      log.warn(`sFlow agent error: sfl_agent_error: receiver: ${what} sample too big for datagram`);
      return;
    }
    if (this.#size + sample.length >= datagramSize) this.flush();
    this.#samples.push(sample);
    this.#size += sample.length;
  }
}
