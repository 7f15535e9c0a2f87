/**
 * What becomes of packets when no controller is there to say it: after a while the bridge forwards them as any Ethernet
 * switch does, by a rule above all others, until a controller is in charge again. ovs-vswitchd.conf.db(5), `fail_mode`.
 */
import { logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Timer, Timers } from '../../base/timers.ts';
import { type Ms, ms } from '../../base/units.ts';
import { matchOn } from '../../flow/match.ts';
import type { Ofproto } from '../ofproto.ts';
import { addRule, removeRules } from '../tables/flow-transaction.ts';
import { type Rule, toNormal } from '../tables/rule.ts';
import type { ActiveController } from './active-controller.ts';
import type { SwitchConnection } from './switch-connection.ts';
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
  /** Those that are open, whoever made them. */
  readonly connections: Iterable<SwitchConnection>;
  readonly isInCharge: () => boolean;
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

  /** Who is in charge may have changed. */
  check(): void {
    if (this.#timer === undefined) return;
    const { timers, ofproto } = this.#deps;
    if (ofproto.tables.deps.turns.isTaken) return; // next time
    const now = timers.clock.now();
    const seconds = Math.floor(this.#absence(now) / 1000);
    if (seconds === 0) this.#close();
    else if (this.#rule !== undefined) this.#remain(seconds, now);
    else if (seconds >= this.#patience) this.#open(seconds, now);
  }

  /**
   * Milliseconds for which no controller has been in charge.
   * Differs: one that connected by itself is in charge, too; with the reference it ends failing open, which begins again at
   * once, and takes all flows away, for as long as those that are connected to stay away.
   */
  #absence(now: Ms): number {
    const { controllers, isInCharge } = this.#deps;
    const all = controllers().map((each) => each.absence(now));
    return all.length === 0 || isInCharge() ? 0 : Math.min(...all);
  }

  /** Seconds: three probe intervals of the controller that is probed least often. */
  get #patience(): number {
    const { controllers } = this.#deps.ofproto.config.control;
    const primary = controllers.filter(({ type }) => type === 'primary');
    return 3 * Math.max(...primary.map(({ probeInterval }) => probeInterval));
  }

  #arm(): void {
    this.#timer = this.#deps.timers.after(checkInterval, () => {
      this.check();
      this.#arm();
    });
  }

  /** What the last controller wanted is forgotten. */
  #open(seconds: number, now: number): void {
    log.warn(
      "Could not connect to controller (or switch failed controller's post-connection admission control policy) " +
        `for ${seconds} seconds, failing open`,
    );
    const { ofproto } = this.#deps;
    ofproto.changes.flush();
    this.#rule = addRule(ofproto.tables, {
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
    const { connections, random } = this.#deps;
    const open = [...connections];
    if (!open.some(({ kind }) => kind === 'primary')) return;
    const packet = trialPacket(random);
    for (const connection of open) connection.packetIn(packet);
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
