/**
 * Frames of every protocol whose headers are extracted, from a seed: most well-formed, some whose fields lie about
 * each other, some cut, padded or with twisted bytes. For whatever must not be hurt by what a network brings, and for
 * comparing what two switches make of the same frame.
 */
import type { Random } from '../../src/base/random.ts';

const layer2 = { dst: '02aa00000001', srcPrefix: '020000' } as const;
const protocols = { icmp: 1, igmp: 2, tcp: 6, udp: 17, gre: 47, icmpv6: 58, none: 59, sctp: 132 } as const;
const extensions = [0, 43, 44, 51, 60] as const;
const fragmentHeader = 44;
const authenticationHeader = 51;
const solicitation = 135;

export class FrameMaker {
  readonly #random: Random;
  #bytes: number[] = [];
  #madeCount = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** At least an Ethernet header; the n-th one comes from 02:00:00 + n, so that answers can be told apart. */
  next(): Uint8Array {
    const n = this.#madeCount++;
    this.#bytes = [
      ...Buffer.from(layer2.dst + layer2.srcPrefix, 'hex'),
      (n >> 16) & 0xff,
      (n >> 8) & 0xff,
      n & 0xff,
    ];
    this.#tags();
    this.#payload();
    return this.#mangled();
  }

  #chance(oneIn: number): boolean {
    return this.#below(oneIn) === 0;
  }

  #below(limit: number): number {
    return this.#random.u32() % limit;
  }

  #pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.#below(choices.length)] ?? choices[0];
  }

  #put(...bytes: readonly number[]): void {
    this.#bytes.push(...bytes);
  }

  #put16(value: number): void {
    this.#bytes.push((value >> 8) & 0xff, value & 0xff);
  }

  #put32(value: number): void {
    this.#put16(value >>> 16);
    this.#put16(value);
  }

  #noise(size: number): void {
    for (let n = 0; n < size; n++) this.#bytes.push(this.#below(256));
  }

  /** Writes a size that is known only when what it counts is there; now and then it lies. */
  #sized(at: number, from: number): void {
    const size = this.#bytes.length - from + (this.#chance(12) ? this.#below(64) - 32 : 0);
    this.#bytes[at] = (size >> 8) & 0xff;
    this.#bytes[at + 1] = size & 0xff;
  }

  #tags(): void {
    for (let n = this.#pick([0, 0, 0, 1, 1, 2, 3]); n > 0; n--) {
      this.#put16(this.#pick([0x8100, 0x8100, 0x88a8, 0x9100]));
      const vlan = this.#pick([0, 1, 100, 4095, this.#below(4096)]);
      this.#put16((this.#pick([0, 3, 7]) << 13) | (this.#chance(8) ? 0x1000 : 0) | vlan);
    }
  }

  #payload(): void {
    this.#pick<() => void>([
      () => this.#ipv4(),
      () => this.#ipv4(),
      () => this.#ipv6(),
      () => this.#ipv6(),
      () => this.#arp(),
      () => this.#mpls(),
      () => this.#nsh(),
      () => this.#length(),
      () => this.#unknown(),
    ])();
  }

  #unknown(): void {
    this.#put16(this.#pick([0x88cc, 0x6558, 0x0600, 0x05ff, 0x88e7, 0x8902, this.#below(0x10000)]));
    this.#noise(this.#below(60));
  }

  /** IEEE 802.3: a length instead of a type, then LLC and perhaps SNAP. */
  #length(): void {
    this.#put16(this.#pick([0, 3, 8, 46, 1500, 0x5ff]));
    this.#put(this.#pick([0xaa, 0xaa, 0x42]), 0xaa, this.#pick([3, 3, 0x13]));
    this.#put(0, 0, this.#pick([0, 0, 0xf8]));
    this.#pick<() => void>([() => this.#ipv4(), () => this.#arp(), () => this.#unknown()])();
  }

  #ipv4(): void {
    this.#put16(0x0800);
    const start = this.#bytes.length;
    const optionWords = this.#pick([0, 0, 0, 1, this.#below(11)]);
    const protocol = this.#transport();
    const isLying = this.#chance(16);
    this.#put(
      ((this.#chance(24) ? this.#below(16) : 4) << 4) | (isLying ? this.#below(16) : 5 + optionWords),
    );
    this.#put(this.#pick([0, 0x03, 0xb8, this.#below(256)]));
    this.#put16(0);
    this.#put16(this.#below(0x10000));
    this.#put16(this.#pick([0, 0, 0x4000, 0x2000, 0x2010, 0x0010, 0x8000, this.#below(0x10000)]));
    this.#put(this.#pick([64, 1, 0, 255]), protocol);
    this.#put16(this.#below(0x10000));
    this.#put32(this.#random.u32());
    this.#put32(this.#random.u32());
    this.#noise(4 * optionWords);
    this.#transportHeader(protocol);
    this.#sized(start + 2, start);
  }

  #ipv6(): void {
    this.#put16(0x86dd);
    const chain = Array.from({ length: this.#pick([0, 0, 0, 1, 2, 4]) }, () => this.#pick(extensions));
    const protocol = this.#transport();
    const first = chain[0] ?? protocol;
    this.#put32(((this.#chance(24) ? this.#below(16) : 6) << 28) | (this.#random.u32() & 0xfffffff));
    const sizeAt = this.#bytes.length;
    this.#put16(0);
    this.#put(first, this.#pick([64, 1, 0, 255]));
    this.#noise(32);
    const start = this.#bytes.length;
    for (const [n, kind] of chain.entries()) this.#extension(kind, chain[n + 1] ?? protocol);
    this.#transportHeader(protocol);
    this.#sized(sizeAt, start);
  }

  #extension(kind: number, next: number): void {
    if (kind === fragmentHeader) {
      this.#put(next, 0);
      this.#put16(this.#pick([0, 1, 8, 9, this.#below(0x10000)]));
      this.#put32(this.#random.u32());
      return;
    }
    const units = this.#pick([0, 1, 2]);
    const size = kind === authenticationHeader ? 4 * (units + 2) : 8 * (units + 1);
    this.#put(next, this.#chance(16) ? this.#below(256) : units);
    this.#noise(size - 2);
  }

  #transport(): number {
    const { icmp, igmp, tcp, udp, gre, icmpv6, none, sctp } = protocols;
    return this.#pick([
      tcp,
      tcp,
      udp,
      udp,
      icmp,
      icmpv6,
      icmpv6,
      icmpv6,
      igmp,
      sctp,
      gre,
      none,
      this.#below(256),
    ]);
  }

  #transportHeader(protocol: number): void {
    if (protocol === protocols.tcp) this.#tcp();
    else if (protocol === protocols.icmpv6) this.#icmpv6();
    else if (protocol === protocols.gre) this.#gre();
    else this.#noise(this.#pick([8, 12, 16, this.#below(20)]));
  }

  #tcp(): void {
    this.#noise(12);
    const words = this.#chance(10) ? this.#below(16) : this.#pick([5, 5, 8]);
    this.#put16((words << 12) | this.#below(0x1000));
    this.#noise(6 + Math.max(0, 4 * words - 20));
  }

  #gre(): void {
    this.#put16(this.#pick([0, 0x2000, 0x3000, this.#below(0x10000)]));
    this.#put16(this.#pick([0x6558, 0x0800, 0x86dd, 0x88be]));
    this.#noise(this.#below(40));
  }

  #icmpv6(): void {
    this.#put(this.#pick([solicitation, solicitation + 1, 128, 130, 133, this.#below(256)]));
    this.#put(this.#chance(8) ? this.#below(256) : 0);
    this.#put16(this.#below(0x10000));
    this.#put32(this.#pick([0, 0x60000000, this.#random.u32()]));
    if (this.#chance(6)) return;
    this.#noise(16);
    for (let n = this.#pick([0, 1, 1, 2, 3]); n > 0; n--) this.#neighbourOption();
  }

  #neighbourOption(): void {
    const units = this.#pick([1, 1, 1, 2]);
    this.#put(this.#pick([1, 2, 14]), this.#chance(10) ? this.#below(256) : units);
    if (this.#chance(8)) this.#put(0, 0, 0, 0, 0, 0);
    else this.#noise(8 * units - 2);
  }

  #arp(): void {
    this.#put16(this.#pick([0x0806, 0x0806, 0x8035]));
    this.#put16(this.#chance(10) ? this.#below(0x10000) : 1);
    this.#put16(this.#chance(10) ? this.#below(0x10000) : 0x0800);
    this.#put16(this.#chance(10) ? this.#below(0x10000) : 0x0604);
    this.#put16(this.#pick([1, 2, 3, 4, 0, 255, 256, this.#below(0x10000)]));
    this.#noise(this.#chance(10) ? this.#below(20) : 20);
  }

  #mpls(): void {
    this.#put16(this.#pick([0x8847, 0x8848]));
    const count = this.#pick([0, 1, 1, 2, 3, 4, 5]);
    for (let n = count; n > 0; n--) {
      const isBottom = this.#chance(8) ? this.#below(2) : Number(n === 1);
      this.#put32((this.#random.u32() & ~0x100) | (isBottom << 8));
    }
    this.#noise(this.#below(40));
  }

  #nsh(): void {
    this.#put16(0x894f);
    const kind = this.#pick([1, 1, 2, this.#below(256)]);
    const words = kind === 1 ? 6 : this.#pick([2, 3, 10]);
    const said = this.#chance(10) ? this.#below(64) : words;
    this.#put16(((this.#chance(12) ? this.#below(4) : 0) << 14) | (this.#below(256) << 6) | said);
    this.#put(kind, this.#pick([1, 2, 3, 4, this.#below(256)]));
    this.#noise(4 * (words - 1) + this.#below(30));
  }

  /** Cut, padded, twisted behind the addresses, or (mostly) as it is. */
  #mangled(): Uint8Array {
    const bytes = this.#bytes;
    const way = this.#below(16);
    if (way === 0) this.#noise(this.#pick([4, 46, 255, 256, 300]));
    else if (way === 1 || way === 2) bytes.length = 14 + this.#below(bytes.length - 13);
    else if (way < 6) {
      for (let n = 1 + this.#below(4); n > 0; n--)
        bytes[12 + this.#below(bytes.length - 12)] = this.#below(256);
    }
    return Uint8Array.from(bytes);
  }
}
