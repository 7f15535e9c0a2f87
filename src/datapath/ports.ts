/** The ports of a userspace datapath as its owner sees them: numbers, names and counters. */
import { coverageCounter } from '../base/coverage.ts';
import { type DpPort, dpPort } from '../base/units.ts';
import type { PortCounters } from '../netdev/provider.ts';
import type { DpPortInfo, DropCounts } from './provider.ts';
import { sumDrops, sumPortCounters } from './totals.ts';
import type { SharedPortCounters } from './userspace/counters.ts';

const added = coverageCounter('dpif_port_add');
const deleted = coverageCounter('dpif_port_del');

export interface PortEntry extends DpPortInfo {
  /** Those of each worker. */
  readonly counters: readonly SharedPortCounters[];
}

export class PortTable<P extends PortEntry = PortEntry> {
  readonly #ports = new Map<DpPort, P>();
  /** All numbers below are in use. */
  #lowestFree = 1;

  get all(): ReadonlyMap<DpPort, P> {
    return this.#ports;
  }

  get(number: DpPort): P | undefined {
    return this.#ports.get(number);
  }

  /** `wanted` when it is free, else the lowest free number from 1: 0 is the datapath's own local port. */
  chooseNumber(wanted: DpPort | undefined): DpPort {
    if (wanted !== undefined && !this.#ports.has(wanted)) return wanted;
    while (this.#ports.has(dpPort(this.#lowestFree))) this.#lowestFree++;
    return dpPort(this.#lowestFree);
  }

  /** undefined when there is no port of that name. */
  numberOf(name: string): DpPort | undefined {
    for (const [number, port] of this.#ports) if (port.name === name) return number;
    return undefined;
  }

  set(number: DpPort, entry: P): void {
    added.total++;
    this.#ports.set(number, entry);
  }

  delete(number: DpPort): boolean {
    deleted.total++;
    if (number > 0) this.#lowestFree = Math.min(this.#lowestFree, number);
    return this.#ports.delete(number);
  }

  counters(number: DpPort): PortCounters | undefined {
    const port = this.#ports.get(number);
    return port === undefined ? undefined : sumPortCounters(port.counters);
  }

  drops(number: DpPort): DropCounts {
    return sumDrops(this.#ports.get(number)?.counters ?? []);
  }
}
