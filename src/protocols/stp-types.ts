/**
 * What STP is told, and what it tells: IEEE 802.1D-1998 clause 8; ovs-vswitchd.conf.db(5), "Spanning Tree
 * Configuration".
 */

export type StpState = 'disabled' | 'listening' | 'learning' | 'forwarding' | 'blocking';
export type StpRole = 'root' | 'designated' | 'alternate' | 'disabled';

/** Times in milliseconds, as wanted: they are brought into the ranges and relations that the standard asks for. */
export interface StpSettings {
  /** "xx:xx:xx:xx:xx:xx" */
  readonly mac: string;
  /** 0..65535; the lowest is to be the root. */
  readonly priority: number;
  readonly helloTime: number;
  readonly maxAge: number;
  readonly forwardDelay: number;
}

export interface StpPortSettings {
  readonly name: string;
  /** 1..255, unlike those of the other ports. */
  readonly number: number;
  /** 0..255 */
  readonly priority: number;
  /** 0..65535 */
  readonly pathCost: number;
}

/** In 1/256 of a second, as in BPDUs. */
export interface StpTimes {
  readonly helloTime: number;
  readonly maxAge: number;
  readonly forwardDelay: number;
}

const ticksPerSecond = 256;

/** Whole ticks. */
export function ticksOf(milliseconds: number): number {
  return Math.trunc((milliseconds * ticksPerSecond) / 1000);
}

/** Whole milliseconds. */
export function millisecondsOf(ticks: number): number {
  return Math.trunc((ticks * 1000) / ticksPerSecond);
}

/** Clause 8.10.2: what the bridge uses when it is the root. */
export function stpTimes({ helloTime, maxAge, forwardDelay }: StpSettings): StpTimes {
  const hello = clamp(helloTime, 1000, 10_000);
  const age = clamp(maxAge, Math.max(2 * (hello + 1000), 6000), 40_000);
  const delay = clamp(forwardDelay, Math.trunc(age / 2) + 1000, 30_000);
  return { helloTime: ticksOf(hello), maxAge: ticksOf(age), forwardDelay: ticksOf(delay) };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/** Counts ticks while it runs. */
export class StpTimer {
  #ticks: number | undefined;

  /** What it has counted to. */
  get ticks(): number {
    return this.#ticks ?? 0;
  }

  get isRunning(): boolean {
    return this.#ticks !== undefined;
  }

  start(from = 0): void {
    this.#ticks = from;
  }

  stop(): void {
    this.#ticks = undefined;
  }

  /** True when that makes it reach `end`; it stops then. */
  passes(elapsed: number, end: number): boolean {
    if (this.#ticks === undefined) return false;
    this.#ticks += elapsed;
    if (this.#ticks < end) return false;
    this.#ticks = undefined;
    return true;
  }
}

/** What is told of a port. */
export interface StpPort {
  readonly settings: StpPortSettings;
  /** Its priority and its number. */
  readonly portId: number;
  readonly state: StpState;
  readonly counters: { readonly sent: number; readonly received: number; readonly bad: number };
}
