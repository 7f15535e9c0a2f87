/**
 * A maintenance point of Connectivity Fault Management: tells the others behind a link that it is there, and looks
 * whether it hears them. IEEE 802.1ag-2007 clause 20, continuity checks, as far as the reference follows it, and its
 * extended mode.
 */
import { Malformed } from '../base/errors.ts';
import { LimitedSite, logger } from '../base/log.ts';
import { hashOfWide } from '../base/murmur3.ts';
import { type Ms, ms } from '../base/units.ts';
import { type Ccm, maidSize, parseCcm } from '../wire/ccm.ts';
import { type CfmInterval, cfmInterval } from './cfm-interval.ts';
import { RemotePoints } from './cfm-remotes.ts';
import { type CfmFault, type CfmReport, type CfmSettings, type CfmStatus, cfmFaults } from './cfm-types.ts';

const log = logger('cfm');
const site = new LimitedSite({ perMinute: 20, burst: 30 });
const delays = new LimitedSite({ perMinute: 60, burst: 60 });

/** Checks between two looks at how many messages were lost. */
const healthChecks = 6;
/** Least milliseconds between messages for which counters of packets are current, in demand mode. */
const leastDemandInterval = 500;
/** In demand mode, one message must come in that many intervals. */
const demandedIntervals = 100;
const lastStandardMpid = 8191n;

/** Names domain and association: "ovs" in character strings, clause 21.6.5. */
const maid = new Uint8Array(maidSize);
maid.set(Buffer.from('\x04\x03ovs\x02\x03ovs', 'latin1'));

export interface CfmDeps {
  /** Packets that have come by the link, of whatever kind. */
  readonly rxPackets: () => number;
  readonly send: (message: Ccm) => void;
  /** What `status` says is another. */
  readonly statusChanged: () => void;
}

/** What is asked makes sense. */
export function isUsableCfm({ mpid, isExtended }: CfmSettings): boolean {
  return mpid >= 1n && (isExtended || mpid <= lastStandardMpid);
}

export class Cfm {
  readonly name: string;
  readonly #deps: CfmDeps;
  readonly #remotes: RemotePoints;
  #settings: CfmSettings;
  #interval: CfmInterval;
  #isDemand = false;
  #sendAt: Ms;
  #checkAt: Ms;
  #lastSent: Ms | undefined;
  #sequence = 0;
  #isChecked = false;
  #faults: ReadonlySet<CfmFault> = new Set();
  /** Since the last check. */
  #newFaults = new Set<CfmFault>();
  #override: boolean | undefined;
  #isRemoteUp = true;
  #remoteMpids: readonly bigint[] = [];
  #health: number | undefined;
  #checksOfHealth = 0;
  #flapCount = 0;
  #rxPackets = 0;
  #demandUntil = ms(Number.NEGATIVE_INFINITY);

  constructor(name: string, settings: CfmSettings, deps: CfmDeps, now: Ms) {
    this.name = name;
    this.#deps = deps;
    this.#settings = settings;
    this.#remotes = new RemotePoints(name);
    this.#interval = cfmInterval(settings.interval, settings.isExtended);
    this.#setDemand(settings);
    this.#sendAt = now;
    this.#checkAt = ms(now + this.#checkInterval);
    deps.statusChanged();
  }

  configure(settings: CfmSettings, now: Ms): void {
    this.#settings = settings;
    this.#setDemand(settings);
    const interval = cfmInterval(settings.interval, settings.isExtended);
    const { number, milliseconds } = this.#interval;
    if (interval.number === number && interval.milliseconds === milliseconds) return;
    this.#interval = interval;
    this.#sendAt = now;
    this.#checkAt = ms(now + this.#checkInterval);
  }

  #setDemand({ isDemand, isExtended }: CfmSettings): void {
    const wasDemand = this.#isDemand;
    this.#isDemand = isDemand && isExtended;
    if (this.#isDemand && !wasDemand) this.#rxPackets = this.#deps.rxPackets();
  }

  /** Three messages in a row may be lost. */
  get #checkInterval(): number {
    const { milliseconds } = this.#interval;
    const interval = this.#isDemand ? Math.max(milliseconds, leastDemandInterval) : milliseconds;
    return Math.floor((interval * 7) / 2);
  }

  /** Says whether there is a fault, whatever is found; undefined for as it is found. */
  overrideFault(isFaulty: boolean | undefined): void {
    this.#override = isFaulty;
    this.#deps.statusChanged();
  }

  /** Does what is due; returns when to call again. */
  run(now: Ms): Ms {
    if (now >= this.#sendAt) this.#sendMessage(now);
    if (now >= this.#checkAt) this.#check(now);
    return ms(Math.min(this.#sendAt, this.#checkAt));
  }

  #sendMessage(now: Ms): void {
    const { milliseconds, number } = this.#interval;
    const { mpid, isExtended, isUp } = this.#settings;
    this.#sendAt = ms(now + milliseconds);
    this.#sequence = (this.#sequence + 1) >>> 0;
    const delay = now - (this.#lastSent ?? now);
    if (delay > Math.floor((milliseconds * 3) / 2)) {
      const text = `long delay of ${delay}ms (expected ${milliseconds}ms) sending CCM seq ${this.#sequence}`;
      log.limited('info', delays, `${this.name}: ${text}`);
    }
    this.#lastSent = now;
    this.#deps.send({
      interval: number,
      hasDefect: this.#isChecked && this.#remotes.count === 0,
      sequence: this.#sequence,
      mpid: isExtended ? hashOfWide(mpid) & 0xffff : Number(mpid),
      maid,
      extendedInterval: number === 0 ? milliseconds : 0,
      extendedMpid: isExtended ? mpid : 0n,
      isDown: isExtended && !isUp,
    });
  }

  #check(now: Ms): void {
    const before = this.status;
    const faultsBefore = this.#faults;
    const faults = this.#newFaults;
    this.#newFaults = new Set();
    this.#checkHealth();
    const { mpids, isSomeLost, isUp } = this.#remotes.check(this.#isForgiven(now), now);
    this.#remoteMpids = mpids;
    this.#isRemoteUp = isUp ?? this.#isRemoteUp;
    if (this.#remotes.count === 0) faults.add('recv');
    this.#faults = faults;
    this.#followFaults(faultsBefore);
    const isOther =
      isSomeLost ||
      before.health !== this.#health ||
      before.remoteMpids.length !== mpids.length ||
      before.flapCount !== this.#flapCount ||
      before.isRemoteUp !== this.status.isRemoteUp ||
      formatFaults(faultsBefore) !== formatFaults(faults);
    if (isOther) this.#deps.statusChanged();
    this.#isChecked = true;
    this.#checkAt = ms(now + this.#checkInterval);
    log.dbg(`${this.name}: new fault interval`);
  }

  #followFaults(before: ReadonlySet<CfmFault>): void {
    const [was, is] = [formatFaults(before), formatFaults(this.#faults)];
    if (was === is) return;
    log.limited('info', site, `${this.name}: CFM faults changed from [${was}] to [${is}].`);
    if (before.size === 0 || this.#faults.size === 0) this.#flapCount++;
  }

  #checkHealth(): void {
    if (this.#checksOfHealth === healthChecks) {
      const expected = Math.floor((healthChecks * 7) / 2);
      const heard = this.#remotes.takeHeard();
      this.#health = heard === undefined ? undefined : Math.min(100, Math.floor((heard * 100) / expected));
      this.#checksOfHealth = 0;
    }
    this.#checksOfHealth++;
  }

  /** In demand mode, other packets stand for messages of a single other point. */
  #isForgiven(now: Ms): boolean {
    if (!this.#isDemand) return false;
    const before = this.#rxPackets;
    this.#rxPackets = this.#deps.rxPackets();
    return this.#remotes.count === 1 && this.#rxPackets > before && now < this.#demandUntil;
  }

  /** Takes in what follows the Ethernet header of a frame of CFM, which came from that address. */
  receive(payload: Uint8Array, source: string, now: Ms): void {
    const message = this.#parse(payload);
    if (message === undefined) return;
    if (!Buffer.from(maid).equals(message.maid)) {
      this.#newFaults.add('maid');
      this.#warn(`Received unexpected remote MAID from MAC ${source}`);
      return;
    }
    const mpid = this.#settings.isExtended ? message.extendedMpid : BigInt(message.mpid);
    this.#compareIntervals(message, mpid);
    log.dbg(() => `${this.name}: received CCM ${describe(message, mpid)}`);
    const remote = this.#remotes.find(mpid);
    if (message.hasDefect) log.dbg(`${this.name}: RDI bit flagged from RMP ${mpid}`);
    if (remote === undefined) {
      this.#warn(`dropped CCM with MPID ${mpid} from MAC ${source}`);
      return;
    }
    const faults: CfmFault[] = message.hasDefect ? ['rdi'] : [];
    if (remote.isKnown && mpid === this.#settings.mpid) {
      faults.push('loopback');
      this.#warn(`received CCM with local MPID ${mpid}`);
    }
    const isUp = !(this.#settings.isExtended && message.isDown);
    this.#remotes.hear(remote, { sequence: message.sequence, isUp, isHealthy: faults.length === 0 }, now);
    for (const fault of faults) this.#newFaults.add(fault);
    if (faults.length === 0 && this.#isDemand)
      this.#demandUntil = ms(now + demandedIntervals * this.#interval.milliseconds);
  }

  #parse(payload: Uint8Array): Ccm | undefined {
    try {
      const message = parseCcm(payload);
      if (!('opcode' in message)) return message;
      const text = `Received an unsupported 802.1ag message. (opcode ${message.opcode})`;
      log.limited('info', site, `${this.name}: ${text}`);
    } catch (why) {
      if (!(why instanceof Malformed)) throw why;
      log.limited('info', site, `${this.name}: Received an unparseable 802.1ag CCM heartbeat.`);
    }
    return undefined;
  }

  /** The standard has other intervals be a fault; that would let anybody make one. */
  #compareIntervals({ interval, extendedInterval }: Ccm, mpid: bigint): void {
    const { number, milliseconds } = this.#interval;
    if (interval !== number)
      this.#warn(`received a CCM with an unexpected interval (${interval}) from RMP ${mpid}`);
    if (this.#settings.isExtended && interval === 0 && extendedInterval !== milliseconds) {
      const text = `received a CCM with an unexpected extended interval (${extendedInterval}ms)`;
      this.#warn(`${text} from RMP ${mpid}`);
    }
  }

  #warn(text: string): void {
    log.limited('warn', site, `${this.name}: ${text}`);
  }

  get status(): CfmStatus {
    const found = cfmFaults.filter((fault) => this.#faults.has(fault));
    return {
      faults: this.#override === undefined ? found : this.#override ? ['override'] : [],
      flapCount: this.#flapCount,
      health: this.#health,
      remoteMpids: this.#remoteMpids,
      isRemoteUp: this.#settings.isExtended ? this.#isRemoteUp : undefined,
    };
  }

  report(now: Ms): CfmReport {
    const { mpid, isExtended, isUp } = this.#settings;
    return {
      name: this.name,
      mpid: String(mpid),
      isExtended,
      isOverridden: this.#override !== undefined,
      faults: this.status.faults,
      ...(this.#health !== undefined && { health: this.#health }),
      isUp,
      isRemoteUp: this.#isRemoteUp,
      interval: this.#interval.milliseconds,
      nextMessage: this.#sendAt - now,
      nextCheck: this.#checkAt - now,
      remotes: this.#remotes.report(),
    };
  }
}

function formatFaults(faults: ReadonlySet<CfmFault>): string {
  return cfmFaults.filter((fault) => faults.has(fault)).join(' ');
}

function describe({ sequence, interval, hasDefect }: Ccm, mpid: bigint): string {
  return `(seq ${sequence}) (mpid ${mpid}) (interval ${interval}) (RDI ${hasDefect})`;
}
