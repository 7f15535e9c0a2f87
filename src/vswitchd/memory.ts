/** How much memory is used for what: `memory/show`, and a line in the log when it has grown by half. */

import { logger } from '../base/log.ts';
import type { Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';
import { defineCommand } from '../daemon/unixctl.ts';

const log = logger('memory');
const firstLook = ms(10_000);
const interval = ms(60_000);

/** Counts of things by name: "ports" 3. */
export type MemoryReport = ReadonlyMap<string, number>;

/** As `memory/show` prints it: by name, "cells:5 ports:3". */
export function formatMemory(report: MemoryReport): string {
  return [...report]
    .filter(([, count]) => count > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name}:${count}`)
    .join(' ');
}

export class MemoryWatch {
  readonly #count: () => MemoryReport;
  readonly #residentBytes: () => number;
  readonly #timers: Timers;
  readonly #started: number;
  #lastReported = 0;

  constructor(deps: { count: () => MemoryReport; residentBytes: () => number; timers: Timers }) {
    this.#count = deps.count;
    this.#residentBytes = deps.residentBytes;
    this.#timers = deps.timers;
    this.#started = deps.timers.clock.now();
    this.#timers.after(firstLook, () => this.#look());
  }

  show = defineCommand({
    name: 'memory/show',
    usage: '',
    minArgs: 0,
    maxArgs: 0,
    run: () => {
      const report = this.#count();
      return { text: formatMemory(report), json: Object.fromEntries(report) };
    },
  });

  #look(): void {
    const bytes = this.#residentBytes();
    const kb = Math.round(bytes / 1024);
    const seconds = ((this.#timers.clock.now() - this.#started) / 1000).toFixed(1);
    if (this.#lastReported === 0)
      this.#say(bytes, `${kb} kB peak resident set size after ${seconds} seconds`);
    else if (bytes > this.#lastReported * 1.5) {
      const percent = Math.round((bytes / this.#lastReported - 1) * 100);
      this.#say(
        bytes,
        `peak resident set size grew ${percent}% in last ${seconds} seconds, from ${Math.round(this.#lastReported / 1024)} kB to ${kb} kB`,
      );
    }
    this.#timers.after(interval, () => this.#look());
  }

  #say(bytes: number, text: string): void {
    this.#lastReported = bytes;
    log.info(text);
    log.info(formatMemory(this.#count()));
  }
}
