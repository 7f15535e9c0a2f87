/**
 * One session of Bidirectional Forwarding Detection: whether packets pass between this end of a link and the other.
 * RFC 5880 section 6, asynchronous mode without authentication, as far as the reference follows it, and what it adds: fewer
 * control packets while nothing else comes ("decay"), and trust in a link by which other packets come.
 * Differs: BFD tells a change of its state at once, as the RFC asks; the reference waits until the next control packet is due.
 */
import { Malformed } from '../base/errors.ts';
import { LimitedSite, logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { type Ms, ms } from '../base/units.ts';
import {
  type BfdDiagnostic,
  type BfdMessage,
  type BfdState,
  bfdControlSize,
  bfdVersion,
  parseBfd,
} from '../wire/bfd.ts';
import { BfdDecay } from './bfd-decay.ts';
import { BfdForwarding } from './bfd-forwarding.ts';
import { isAlive, judgeBfd } from './bfd-judge.ts';
import { BfdRemote } from './bfd-remote.ts';
import { BfdSchedule } from './bfd-schedule.ts';
import { flagsOf, formatBfd, formatBfdMessage } from './bfd-text.ts';
import type { BfdReport, BfdSettings, BfdStatus } from './bfd-types.ts';

const log = logger('bfd');
const site = new LimitedSite({ perMinute: 20, burst: 20 });
const multiplierChange = new LimitedSite({ perMinute: 20, burst: 20 });

/** Only this hop limit says that a packet was sent by a neighbour, RFC 5881 section 5. */
const neighbourTtl = 255;
export interface BfdDeps {
  readonly random: Random;
  /** Packets that have come by the link, of whatever kind. */
  readonly rxPackets: () => number;
  readonly send: (message: BfdMessage) => void;
  /** What `status` says is another. */
  readonly statusChanged: () => void;
}

export class Bfd {
  readonly name: string;
  readonly discriminator: number;
  readonly #deps: BfdDeps;
  #settings: BfdSettings;
  #state: BfdState = 'admin_down';
  #diagnostic: BfdDiagnostic = 'No Diagnostic';
  readonly #remote = new BfdRemote();
  readonly #schedule: BfdSchedule;
  #detectAt = ms(0);
  readonly #forwarding: BfdForwarding;
  readonly #decay: BfdDecay;

  /** `discriminator` is not 0, and unlike that of any other session. */
  constructor(name: string, discriminator: number, settings: BfdSettings, deps: BfdDeps, now: Ms) {
    this.name = name;
    this.discriminator = discriminator;
    this.#deps = deps;
    this.#settings = settings;
    this.#decay = new BfdDecay(name, deps.rxPackets);
    this.#forwarding = new BfdForwarding(deps.statusChanged);
    this.#schedule = new BfdSchedule(name, settings, this.#remote, deps.random);
    this.#setState('down', 'No Diagnostic', now);
    this.#decay.configure(this.#settings, now);
    this.#isPathDownChanged(false, now);
  }

  configure(settings: BfdSettings, now: Ms): void {
    const before = this.#settings;
    this.#settings = settings;
    const { minTx, minRx, decayMinRx, isPathDown } = settings;
    this.#schedule.configure(settings);
    if (decayMinRx !== before.decayMinRx || minRx !== before.minRx) this.#decay.configure(settings, now);
    this.#isPathDownChanged(before.isPathDown, now);
    this.#configureReceiving(before, now);
    const asksOther =
      minTx !== before.minTx ||
      minRx !== before.minRx ||
      decayMinRx !== before.decayMinRx ||
      isPathDown !== before.isPathDown;
    if (asksOther) this.#ask();
    this.#updateForwarding(now);
  }

  #isPathDownChanged(before: boolean, now: Ms): void {
    if (this.#settings.isPathDown !== before) this.#setState(this.#state, 'No Diagnostic', now);
  }

  #configureReceiving(before: BfdSettings, now: Ms): void {
    const { forwardsIfReceiving, multiplier } = this.#settings;
    const isSwitched = forwardsIfReceiving !== before.forwardsIfReceiving;
    if (forwardsIfReceiving && this.#state === 'up') {
      if (isSwitched || multiplier !== before.multiplier) this.#trustWhileReceiving(now);
    } else if (isSwitched) this.#forwarding.forgetReceived();
  }

  /** Asks the other end to agree to other intervals: a poll sequence, RFC 5880 section 6.5. */
  #ask(): void {
    if (!isAlive(this.#state)) return;
    const { minTx, minRx } = this.#settings;
    const isBegun = this.#schedule.poll({ minTx, minRx: this.#decay.isDecayed ? this.#decay.minRx : minRx });
    if (isBegun) log.limited('info', site, `${this.name}: Initiating poll sequence`);
  }

  /** Says whether the link forwards, whatever is found; undefined for as it is found. */
  overrideForwarding(forwards: boolean | undefined): void {
    this.#forwarding.override = forwards;
    this.#deps.statusChanged();
  }

  isForwardingAt(now: Ms): boolean {
    this.#updateForwarding(now);
    return this.#forwarding.isForwarding;
  }

  #updateForwarding(now: Ms): void {
    const { forwardsIfReceiving } = this.#settings;
    this.#forwarding.update(now, this.#state, this.#remote.diagnostic, forwardsIfReceiving);
  }

  /** Packets of whatever kind have come. */
  received(now: Ms): void {
    if (!this.#settings.forwardsIfReceiving) return;
    this.#updateForwarding(now);
    this.#trustWhileReceiving(now);
    this.#updateForwarding(now);
  }

  #trustWhileReceiving(now: Ms): void {
    this.#forwarding.received(now, this.#schedule.rxInterval * this.#settings.multiplier);
  }

  /** Does what is due; returns when to call again. */
  run(now: Ms): Ms {
    if (now >= this.#schedule.dueAt) this.#transmit(now);
    if (isAlive(this.#state) && now >= this.#detectAt)
      this.#setState('down', 'Control Detection Time Expired', now);
    this.#updateForwarding(now);
    const { isDecayed: wasDecayed } = this.#decay;
    if (this.#state === 'up') this.#decay.run(now);
    const isUnlike = this.#schedule.isUnlikeSettings(this.#decay.minRx);
    if (isUnlike || this.#decay.isDecayed !== wasDecayed) this.#ask();
    return this.dueAfter(now);
  }

  /** When to call `run` next, as things are. */
  dueAfter(now: Ms): Ms {
    let due: number = this.#schedule.dueAt;
    if (isAlive(this.#state)) due = Math.min(due, this.#detectAt);
    if (this.#state === 'up') due = Math.min(due, this.#decay.dueAt);
    if (this.#settings.forwardsIfReceiving) due = Math.min(due, this.#forwarding.dueAfter(now));
    return ms(Math.max(now, due));
  }

  #transmit(now: Ms): void {
    this.#schedule.logDelay(now);
    const message = this.#message();
    this.#schedule.answered();
    this.#logMessage('dbg', message, 'Sending BFD Message', now);
    this.#schedule.sent(now);
    this.#deps.send(message);
  }

  #message(): BfdMessage {
    const { minTx, minRx } = this.#schedule.offered;
    return {
      version: bfdVersion,
      diagnostic: this.#diagnostic,
      state: this.#state,
      flags: this.#schedule.flags,
      multiplier: this.#settings.multiplier,
      size: bfdControlSize,
      myDiscriminator: this.discriminator,
      yourDiscriminator: this.#remote.discriminator,
      minTx: (minTx * 1000) >>> 0,
      minRx: (minRx * 1000) >>> 0,
      minEchoRx: 0,
    };
  }

  /** Takes in what came in a datagram for BFD, under that hop limit. RFC 5880 section 6.8.6. */
  receive(payload: Uint8Array, ttl: number, now: Ms): void {
    this.#decay.countControl();
    this.#updateForwarding(now);
    const message = ttl === neighbourTtl ? this.#parse(payload) : undefined;
    if (message !== undefined) {
      this.#logMessage('dbg', message, 'Received BFD control message', now);
      const { complaint, isUsable } = judgeBfd(message, this.discriminator);
      if (complaint !== undefined) this.#logMessage('warn', message, complaint, now);
      if (isUsable) this.#take(message, now);
    }
    this.#updateForwarding(now);
  }

  #parse(payload: Uint8Array): BfdMessage | undefined {
    try {
      return parseBfd(payload);
    } catch (why) {
      if (!(why instanceof Malformed)) throw why;
      const text = `Received too-short BFD control message (only ${payload.length} bytes long, at least`;
      log.limited('info', site, `${this.name}: ${text} ${bfdControlSize} required).`);
      return undefined;
    }
  }

  #take(message: BfdMessage, now: Ms): void {
    if (this.#remote.state !== message.state) this.#deps.statusChanged();
    this.#remote.take(message);
    if (this.#schedule.isAgreed(message.flags))
      this.#logMessage('info', message, 'Poll sequence terminated', now);
    this.#schedule.hearPoll(message.flags);
    this.#takeMultiplier(message);
    this.#takeIntervals(message, now);
    this.#followState(message, now);
    const { forwardsIfReceiving, minRx } = this.#settings;
    if (forwardsIfReceiving) this.#forwarding.receivedControl(now, minRx);
  }

  #takeMultiplier({ multiplier }: BfdMessage): void {
    if (this.#remote.multiplier === multiplier) return;
    const change = `value ${this.#remote.multiplier} changed to ${multiplier}`;
    log.limited('info', multiplierChange, `Interface ${this.name} remote mult ${change}`);
    this.#remote.multiplier = multiplier;
  }

  #takeIntervals(message: BfdMessage, now: Ms): void {
    const minRx = wholeMilliseconds(message.minRx);
    if (minRx !== this.#remote.minRx) {
      this.#remote.minRx = minRx;
      this.#schedule.remoteChanged();
      this.#logMessage('info', message, 'New remote min_rx', now);
    }
    this.#remote.minTx = wholeMilliseconds(message.minTx);
    this.#detectAt = ms(now + this.#schedule.rxInterval * this.#remote.multiplier);
  }

  /** RFC 5880 section 6.8.6, its last part. */
  #followState(message: BfdMessage, now: Ms): void {
    const { state } = message;
    if (state === 'admin_down') {
      if (this.#state !== 'down') this.#setState('down', 'Neighbor Signaled Session Down', now);
    } else if (this.#state === 'down') {
      if (state === 'down') this.#setState('init', this.#diagnostic, now);
      else if (state === 'init') this.#setState('up', this.#diagnostic, now);
    } else if (this.#state === 'init') {
      if (isAlive(state)) this.#setState('up', this.#diagnostic, now);
    } else if (state === 'down') {
      this.#setState('down', 'Neighbor Signaled Session Down', now);
      this.#logMessage('info', message, 'Remote signaled STATE_DOWN', now);
    }
  }

  #setState(state: BfdState, because: BfdDiagnostic, now: Ms): void {
    const diagnostic = this.#settings.isPathDown ? 'Concatenated Path Down' : because;
    if (state === this.#state && diagnostic === this.#diagnostic) return;
    log.limited('info', site, () => {
      const change = `${this.#state}->${state} "${this.#diagnostic}"->"${diagnostic}"`;
      return `${this.name}: BFD state change: ${change}.\n${formatBfd(this.report(now))}`;
    });
    if (state !== this.#state) this.#schedule.sendSoon(); // tells the other end soon, RFC 5880 section 6.8.7
    this.#state = state;
    this.#diagnostic = diagnostic;
    this.#schedule.isUp = state === 'up';
    if (!isAlive(state)) this.#forgetRemote();
    if (state === 'up') this.#decay.watch(now);
    this.#deps.statusChanged();
  }

  #forgetRemote(): void {
    this.#remote.forget();
    if (!this.#decay.isDecayed) return;
    this.#schedule.restoreMinRx();
    this.#decay.isDecayed = false;
  }

  #logMessage(level: 'dbg' | 'info' | 'warn', message: BfdMessage, what: string, now: Ms): void {
    log.limited(level, site, () => {
      return `${this.name}: ${what}.${formatBfdMessage(message)}${formatBfd(this.report(now))}`;
    });
  }

  get status(): BfdStatus {
    return {
      isForwarding: this.#forwarding.isForwarding,
      state: this.#state,
      diagnostic: this.#diagnostic,
      remoteState: this.#remote.state,
      remoteDiagnostic: this.#remote.diagnostic,
      flapCount: this.#forwarding.flapCount,
    };
  }

  report(now: Ms): BfdReport {
    const { multiplier, isPathDown } = this.#settings;
    const { txInterval, rxInterval, flags, inUse } = this.#schedule;
    const { lastTx, nextTx } = this.#schedule.times;
    return {
      isForwarding: this.isForwardingAt(now),
      multiplier,
      isPathDown,
      txInterval,
      rxInterval,
      detect: this.#detectAt - now,
      nextTx: nextTx - now,
      lastTx: lastTx - now,
      local: {
        flags: flagsOf(flags),
        state: this.#state,
        diagnostic: this.#diagnostic,
        discriminator: this.discriminator,
        ...inUse,
      },
      remote: this.#remote.report,
    };
  }
}

function wholeMilliseconds(microseconds: number): number {
  return Math.max(1, Math.floor(microseconds / 1000));
}
