/**
 * A bond: by which of its members frames come in and by which they go out. Pure: told the time, the links and what LACP
 * says; `ofproto/bonding` joins it to ports. ovs-vswitchd.conf.db(5), Port, "Bonding Configuration".
 */
import type { Random } from '../base/random.ts';
import { type Ms, ms } from '../base/units.ts';
import { BondBuckets, bucketCount } from './bond-buckets.ts';
import { type BondMember, BondMembers, type BondPort } from './bond-members.ts';
import type { BondSettings } from './bond-settings.ts';
import type { LacpStatus } from './lacp-types.ts';

/** May a frame come in? "unless moved": where its source address was learned behind another port, it came back. */
export type BondVerdict = 'accept' | 'drop' | 'unless moved';

export class Bond<P extends BondPort> {
  readonly name: string;
  readonly members: BondMembers<P>;
  readonly #random: Random;
  #settings: BondSettings;
  #lacp: LacpStatus = 'off';
  #buckets: BondBuckets<BondMember<P>> | undefined;
  #bucketChanges = 0;
  #nextRebalance = ms(0);
  #isChanged = false;

  constructor(name: string, settings: BondSettings, random: Random, now: Ms) {
    this.name = name;
    this.members = new BondMembers(name);
    this.#settings = settings;
    this.#random = random;
    this.#resetBuckets(now);
  }

  get settings(): BondSettings {
    return this.#settings;
  }

  get active(): P | undefined {
    return this.members.active?.port;
  }

  get lacpStatus(): LacpStatus {
    return this.#lacp;
  }

  /** LACP found no partner, and that is no reason to forward nothing. */
  get #isFallenBack(): boolean {
    const { fallsBack, mode } = this.#settings;
    return fallsBack && mode !== 'active-backup' && this.#lacp === 'configured';
  }

  /** Load is shifted between members. */
  get isBalanced(): boolean {
    const { rebalanceInterval, mode } = this.#settings;
    return rebalanceInterval > 0 && mode !== 'active-backup' && !this.#isFallenBack;
  }

  /** Packets come back with a hash, by which they go out. */
  get mayRecirculate(): boolean {
    return this.#settings.mode === 'balance-tcp' && !this.#isFallenBack;
  }

  /** Grows when a hash may have got another member. */
  get bucketChanges(): number {
    return this.#bucketChanges;
  }

  get nextRebalance(): Ms {
    return this.#nextRebalance;
  }

  configure(settings: BondSettings, now: Ms): void {
    const before = this.#settings;
    this.#settings = settings;
    const isOther =
      this.#isChanged || this.members.isChanged || decisive.some((name) => settings[name] !== before[name]);
    if (isOther) this.#resetBuckets(now);
    this.#isChanged ||= isOther || settings.admitsAllMembers !== before.admitsAllMembers;
  }

  /** Who is a member from now on, in the order in which they are preferred. */
  setMembers(ports: readonly P[], now: Ms): void {
    for (const member of this.members.set(ports, now)) {
      this.#buckets?.forget(member);
      this.#bucketChanges++;
    }
  }

  /** Follows links and LACP; returns when to call again. */
  run(now: Ms, lacp: LacpStatus): Ms {
    const { mode, primary } = this.#settings;
    if (lacp !== this.#lacp) {
      this.#lacp = lacp;
      this.#isChanged = true;
      if (this.#isFallenBack || this.#buckets === undefined) this.#resetBuckets(now);
    }
    const next = this.members.run(this.#settings, now);
    this.members.settleActive(primary, mode === 'active-backup', now);
    if (this.mayRecirculate) this.#fillBuckets();
    return next;
  }

  /** Do flows have to be translated again? Asked once. */
  takeChange(): boolean {
    const isChanged = this.#isChanged || this.members.isChanged;
    this.#isChanged = false;
    this.members.isChanged = false;
    return isChanged;
  }

  /** Are others to learn, from packets of every address behind another port, which member to send to? Asked once. */
  takeMove(): boolean {
    const { hasMoved } = this.members;
    this.members.hasMoved = false;
    return hasMoved && this.#mayTeach;
  }

  get #mayTeach(): boolean {
    const { mode, fallsBack } = this.#settings;
    const isUnnegotiated = this.#lacp === 'off' && mode !== 'balance-tcp';
    const isFallback = this.#lacp === 'configured' && fallsBack;
    return (isUnnegotiated || isFallback) && this.active !== undefined;
  }

  admit(port: P, isForGroup: boolean): BondVerdict {
    const member = this.members.find(port);
    if (member === undefined) return 'drop';
    const { mode, fallsBack, admitsAllMembers } = this.#settings;
    if (this.#lacp === 'negotiated') return member.isEnabled || port.mayEnable ? 'accept' : 'drop';
    if (this.#lacp === 'configured' ? !fallsBack : mode === 'balance-tcp') return 'drop';
    const isActive = port === this.active;
    if (mode !== 'balance-slb') return isActive ? 'accept' : 'drop';
    return isForGroup && !isActive && !admitsAllMembers ? 'drop' : 'unless moved';
  }

  /** The hash of a frame decides where it goes out. */
  get choosesByHash(): boolean {
    const { mode } = this.#settings;
    if (mode === 'balance-slb') return this.#lacp !== 'configured';
    return mode === 'balance-tcp' && this.#lacp === 'negotiated';
  }

  /** The member for a frame of that hash; undefined where there is none. */
  choose(hash: number): P | undefined {
    const { mode, fallsBack } = this.#settings;
    if (this.#lacp === 'configured') return fallsBack ? this.active : undefined;
    if (mode === 'active-backup') return this.active;
    const buckets = this.choosesByHash ? this.#buckets : undefined;
    if (buckets === undefined) return undefined;
    const owner = buckets.ownerOf(hash);
    if (owner?.isEnabled === true) return owner.port;
    const next = this.members.nextInTurn();
    buckets.give(hash, next);
    return next?.port;
  }

  /** Whose that hash is at the moment. */
  ownerOf(hash: number): P | undefined {
    return this.#buckets?.ownerOf(hash)?.port;
  }

  bytesOf(hash: number): number {
    return this.#buckets?.bytesOf(hash) ?? 0;
  }

  /** So many bytes went out under that hash. */
  account(hash: number, bytes: number): void {
    if (this.isBalanced) this.#buckets?.account(hash, bytes);
  }

  /**
   * Shifts load where that is due. Where packets come back with their hash, `totalOf` reads a counter of what went out
   * under it.
   */
  rebalance(now: Ms, totalOf: (hash: number) => number | undefined): void {
    const buckets = this.#buckets;
    if (buckets === undefined || !this.isBalanced || now < this.#nextRebalance) return;
    this.#nextRebalance = ms(now + this.#settings.rebalanceInterval);
    for (let hash = 0; this.mayRecirculate && hash < bucketCount; hash++) {
      const total = totalOf(hash);
      if (total !== undefined) buckets.accountTotal(hash, total);
    }
    if (buckets.rebalance(this.members)) this.#bucketsChanged();
  }

  /** Gives a hash to an enabled member, until load is shifted. */
  migrate(hash: number, member: BondMember<P>): void {
    this.#buckets?.give(hash, member);
    this.#bucketsChanged();
  }

  #bucketsChanged(): void {
    this.#isChanged = true;
    this.#bucketChanges++;
  }

  /** Every hash has an owner: packets that come back ask for one, whichever they have. */
  #fillBuckets(): void {
    const members = [...this.members];
    const isFilled = this.#buckets?.fill(() => {
      const any = members[this.#random.u32() % members.length];
      return any?.isEnabled === true ? any : this.members.active;
    });
    if (isFilled === true) this.#bucketChanges++;
  }

  #resetBuckets(now: Ms): void {
    const isNeeded = this.#settings.mode !== 'active-backup' && !this.#isFallenBack;
    this.#buckets = isNeeded ? new BondBuckets(this.name) : undefined;
    this.#bucketChanges++;
    if (isNeeded) this.#nextRebalance = ms(now + this.#settings.rebalanceInterval);
  }
}

/** With another value of these, hashes are dealt out anew. */
const decisive = [
  'fallsBack',
  'rebalanceInterval',
  'mode',
  'hashBasis',
  'primary',
  'usesLbOutput',
] as const satisfies readonly (keyof BondSettings)[];
