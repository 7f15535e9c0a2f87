/**
 * What becomes of packets when no controller is there to say it: after a while the bridge forwards them as any Ethernet
 * switch does, by a rule above all others, until a controller is in charge again. ovs-vswitchd.conf.db(5), `fail_mode`.
 */
import { logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Timer, Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';
import { matchOn } from '../../flow/match.ts';
import type { Ofproto } from '../ofproto.ts';
import { addRule, removeRules } from '../tables/flow-transaction.ts';
import { type Rule, toNormal } from '../tables/rule.ts';
import type { ActiveController } from './active-controller.ts';
import { trialPacket } from './trial-packet.ts';

const log = logger('fail_open');

const rulePriority = 15_790_320;
const checkInterval = ms(1000);
/** Milliseconds between two packets that a controller is tried with, and between two lines of the log. */
const trialInterval = 2000;
const reminderInterval = 60_000;

export interface FailOpenDeps {
  readonly ofproto: Ofproto;
  readonly timers: Timers;
  readonly random: Random;
  /** Those that the bridge connects to and that decide about its flows. */
  readonly controllers: () => readonly ActiveController[];
}

export class FailOpen {
  readonly #deps: FailOpenDeps;
  #rule: Rule | undefined;
  #timer: Timer | undefined;
  #nextTrial = 0;
  #nextReminder = 0;

  constructor(deps: FailOpenDeps) {
    this.#deps = deps;
  }

  /** Whether the bridge is ever to forward by itself. */
  configure(isWanted: boolean): void {
    if (!isWanted) this.stop();
    else if (this.#timer === undefined) this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#close();
  }

  /** A controller may be in charge. */
  check(): void {
    if (this.#timer === undefined) return;
    const { controllers, timers, ofproto } = this.#deps;
    if (ofproto.tables.deps.turns.isTaken) return; // next time
    const now = timers.clock.now();
    const all = controllers();
    const absence = Math.min(...all.map((each) => each.absence(now)));
    const seconds = Math.floor(absence / 1000);
    if (all.length === 0 || absence === 0) this.#close();
    else if (this.#rule === undefined && seconds >= patience(all)) this.#open(seconds, now);
    else if (this.#rule !== undefined) this.#remain(seconds, now);
  }

  #arm(): void {
    this.#timer = this.#deps.timers.after(checkInterval, () => {
      this.check();
      this.#arm();
    });
  }

  #open(seconds: number, now: number): void {
    log.warn(
      "Could not connect to controller (or switch failed controller's post-connection admission control policy) " +
        `for ${seconds} seconds, failing open`,
    );
    this.#rule = addRule(this.#deps.ofproto.tables, {
      table: 0,
      priority: rulePriority,
      match: matchOn({}),
      actions: [toNormal],
    });
    this.#nextTrial = now;
    this.#nextReminder = now + reminderInterval;
  }

  #remain(seconds: number, now: number): void {
    if (now >= this.#nextReminder) {
      log.info(`Still in fail-open mode after ${seconds} seconds disconnected from controller`);
      this.#nextReminder = now + reminderInterval;
    }
    if (now < this.#nextTrial) return;
    this.#nextTrial = now + trialInterval;
    const packet = trialPacket(this.#deps.random);
    for (const { connection } of this.#deps.controllers()) connection?.packetIn(packet);
  }

  #close(): void {
    const rule = this.#rule;
    if (rule === undefined) return;
    log.warn('No longer in fail-open mode');
    const { tables } = this.#deps.ofproto;
    tables.deps.turns.whenFree(() => removeRules(tables, [rule]));
    this.#rule = undefined;
  }
}

/** Seconds: three probe intervals of the controller that is probed most often. */
function patience(controllers: readonly ActiveController[]): number {
  const intervals = controllers.map(({ config }) => config.probeInterval).filter((interval) => interval > 0);
  return intervals.length === 0 ? 1 : 3 * Math.min(...intervals);
}
