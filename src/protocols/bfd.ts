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
  bfdFlags,
  bfdVersion,
  parseBfd,
} from '../wire/bfd.ts';
import { BfdDecay } from './bfd-decay.ts';
import { BfdForwarding } from './bfd-forwarding.ts';
import { isAlive, judgeBfd } from './bfd-judge.ts';
import { flagsOf, formatBfd, formatBfdMessage } from './bfd-text.ts';
import type { BfdReport, BfdSettings, BfdStatus } from './bfd-types.ts';

const log = logger('bfd');
const site = new LimitedSite({ perMinute: 20, burst: 20 });

/** Only this hop limit says that a packet was sent by a neighbour, RFC 5881 section 5. */
const neighbourTtl = 255;
/** Least milliseconds between control packets while the session is not up, RFC 5880 section 6.8.3. */
const slowInterval = 1000;
/** What is known of the other end before it says something. */
const unknownRemote = {
  state: 'down',
  diagnostic: 'No Diagnostic',
  flags: 0,
  discriminator: 0,
  minTx: 0,
  minRx: 1,
} as const;

interface RemoteEnd {
  state: BfdState;
  diagnostic: BfdDiagnostic;
  flags: number;
  discriminator: number;
  /** Milliseconds. */
  minTx: number;
  minRx: number;
}

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
  #minTx = slowInterval;
  #minRx = 0;
  #remote: RemoteEnd = { ...unknownRemote };
  #remoteMultiplier = 0;
  /** What is asked for until the other end agrees. */
  #poll: { readonly minTx: number; readonly minRx: number } | undefined;
  /** The other end has asked for something, and is answered at once. */
  #isAsked = false;
  #lastTx = ms(0);
  /** 0: at once. */
  #nextTx = ms(0);
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
    this.#minTx = settings.minTx;
    this.#minRx = settings.minRx;
    this.#setState('down', 'No Diagnostic', now);
    this.#decay.configure(this.#settings, now);
    this.#isPathDownChanged(false, now);
  }

  configure(settings: BfdSettings, now: Ms): void {
    const before = this.#settings;
    this.#settings = settings;
    const { minTx, minRx, decayMinRx, isPathDown } = settings;
    const mayChange = this.#state !== 'up' || this.#poll === undefined;
    if (minTx !== before.minTx && mayChange && (this.#state !== 'up' || minTx < this.#minTx))
      this.#minTx = minTx;
    if (minRx !== before.minRx && mayChange && (this.#state !== 'up' || minRx > this.#minRx))
      this.#minRx = minRx;
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
    if (!isAlive(this.#state) || this.#poll !== undefined || this.#isAsked) return;
    const { minTx, minRx } = this.#settings;
    this.#poll = { minTx, minRx: this.#decay.isDecayed ? this.#decay.minRx : minRx };
    this.#nextTx = ms(0);
    log.limited('info', site, `${this.name}: Initiating poll sequence`);
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
    this.#forwarding.received(now, this.#rxInterval * this.#settings.multiplier);
  }

  /** Does what is due; returns when to call again. */
  run(now: Ms): Ms {
    if (this.#isAsked || now >= this.#nextTx) this.#transmit(now);
    if (isAlive(this.#state) && now >= this.#detectAt)
      this.#setState('down', 'Control Detection Time Expired', now);
    this.#updateForwarding(now);
    const { isDecayed: wasDecayed } = this.#decay;
    if (this.#state === 'up') this.#decay.run(now);
    const { minTx, minRx } = this.#settings;
    const isRxOther = this.#minRx !== minRx && this.#minRx !== this.#decay.minRx;
    if (this.#minTx !== minTx || isRxOther || this.#decay.isDecayed !== wasDecayed) this.#ask();
    return this.dueAfter(now);
  }

  /** When to call `run` next, as things are. */
  dueAfter(now: Ms): Ms {
    if (this.#isAsked) return now;
    const due: number[] = [this.#nextTx];
    if (isAlive(this.#state)) due.push(this.#detectAt);
    if (this.#state === 'up') due.push(this.#decay.dueAt);
    if (this.#settings.forwardsIfReceiving) due.push(this.#forwarding.dueAfter(now));
    return ms(Math.max(now, Math.min(...due)));
  }

  #transmit(now: Ms): void {
    const interval = this.#txInterval;
    const delay = now - this.#nextTx;
    if (this.#nextTx !== 0 && delay > Math.floor((interval * 3) / 2)) {
      const text = `long delay of ${delay}ms (expected ${interval}ms) sending BFD control message`;
      log.info(`${this.name}: ${text}`);
    }
    const message = this.#message();
    this.#isAsked = false;
    this.#logMessage('dbg', message, 'Sending BFD Message', now);
    this.#lastTx = now;
    this.#setNextTx();
    this.#deps.send(message);
  }

  #message(): BfdMessage {
    const { minTx, minRx } = this.#poll ?? { minTx: this.#minTxNow, minRx: this.#minRx };
    return {
      version: bfdVersion,
      diagnostic: this.#diagnostic,
      state: this.#state,
      flags: this.#flags,
      multiplier: this.#settings.multiplier,
      size: bfdControlSize,
      myDiscriminator: this.discriminator,
      yourDiscriminator: this.#remote.discriminator,
      minTx: (minTx * 1000) >>> 0,
      minRx: (minRx * 1000) >>> 0,
      minEchoRx: 0,
    };
  }

  get #flags(): number {
    return (this.#poll === undefined ? 0 : bfdFlags.poll) | (this.#isAsked ? bfdFlags.final : 0);
  }

  /** Intervals are shorter by up to a quarter, so that sessions do not send in step: RFC 5880 section 6.8.7. */
  #setNextTx(): void {
    const interval = this.#txInterval;
    const number = this.#deps.random.u32();
    const percent = this.#settings.multiplier === 1 ? 10 + (number % 16) : number % 26;
    this.#nextTx = ms(this.#lastTx + interval - Math.floor((interval * percent) / 100));
  }

  get #minTxNow(): number {
    return this.#state === 'up' ? this.#minTx : Math.max(this.#minTx, slowInterval);
  }

  get #txInterval(): number {
    return Math.max(this.#minTxNow, this.#remote.minRx);
  }

  get #rxInterval(): number {
    return Math.max(this.#minRx, this.#remote.minTx);
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
    const { state, flags, diagnostic, myDiscriminator: discriminator } = message;
    Object.assign(this.#remote, { state, flags, diagnostic, discriminator });
    this.#followPoll(message, now);
    if (this.#remoteMultiplier !== message.multiplier) {
      const change = `value ${this.#remoteMultiplier} changed to ${message.multiplier}`;
      log.info(`Interface ${this.name} remote mult ${change}`);
      this.#remoteMultiplier = message.multiplier;
    }
    this.#takeIntervals(message, now);
    this.#followState(message, now);
    const { forwardsIfReceiving, minRx } = this.#settings;
    if (forwardsIfReceiving) this.#forwarding.receivedControl(now, minRx);
  }

  #followPoll(message: BfdMessage, now: Ms): void {
    if ((message.flags & bfdFlags.final) !== 0 && this.#poll !== undefined) {
      this.#minTx = this.#poll.minTx;
      this.#minRx = this.#poll.minRx;
      this.#poll = undefined;
      this.#logMessage('info', message, 'Poll sequence terminated', now);
    }
    if ((message.flags & bfdFlags.poll) === 0) return;
    this.#poll = undefined;
    this.#isAsked = true;
  }

  #takeIntervals(message: BfdMessage, now: Ms): void {
    const minRx = wholeMilliseconds(message.minRx);
    if (minRx !== this.#remote.minRx) {
      this.#remote.minRx = minRx;
      if (this.#nextTx !== 0) this.#setNextTx();
      this.#logMessage('info', message, 'New remote min_rx', now);
    }
    this.#remote.minTx = wholeMilliseconds(message.minTx);
    this.#detectAt = ms(now + this.#rxInterval * this.#remoteMultiplier);
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
    if (state !== this.#state) this.#nextTx = ms(0); // tells the other end soon, RFC 5880 section 6.8.7
    this.#state = state;
    this.#diagnostic = diagnostic;
    if (!isAlive(state)) this.#forgetRemote();
    if (state === 'up') this.#decay.watch(now);
    this.#deps.statusChanged();
  }

  #forgetRemote(): void {
    this.#remote = { ...unknownRemote };
    if (!this.#decay.isDecayed) return;
    this.#minRx = this.#settings.minRx;
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
    const { flags: remoteFlags, ...remote } = this.#remote;
    return {
      isForwarding: this.isForwardingAt(now),
      multiplier,
      isPathDown,
      txInterval: this.#txInterval,
      rxInterval: this.#rxInterval,
      detect: this.#detectAt - now,
      nextTx: this.#nextTx - now,
      lastTx: this.#lastTx - now,
      local: {
        flags: flagsOf(this.#flags),
        state: this.#state,
        diagnostic: this.#diagnostic,
        discriminator: this.discriminator,
        minTx: this.#minTxNow,
        minRx: this.#minRx,
      },
      remote: { ...remote, flags: flagsOf(remoteFlags), multiplier: this.#remoteMultiplier },
    };
  }
}

function wholeMilliseconds(microseconds: number): number {
  return Math.max(1, Math.floor(microseconds / 1000));
}
