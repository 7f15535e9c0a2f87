/** A host of a network: it sends and receives whatever a test says, answers for its address, and pings others. */
import { formatIpv4, readIpv4, readMac } from '../base/addresses.ts';
import { Refused } from '../base/errors.ts';
import { answerToArp } from '../netdev/dummy/addresses.ts';
import { internetChecksum } from '../wire/checksum.ts';
import { ethernet, etherType } from '../wire/ethernet.ts';
import { arp, ipProtocol, ipv4 } from '../wire/ip.ts';
import { icmp } from '../wire/transport.ts';
import { Arrivals } from './arrivals.ts';
import { type Packet, packetBytes, TestFrame } from './packets.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface HostOptions {
  /** "02:00:00:00:00:01" for the first host of a network, and so on, unless given. */
  readonly mac?: string;
  /** An IPv4 address, for which it answers requests of ARP and echo requests; none unless given. */
  readonly ip?: string;
}

export interface PingOptions {
  /** Echo requests; 1 unless given. */
  readonly count?: number;
  /** Milliseconds from one to the next; 1000 unless given. */
  readonly interval?: number;
  /** Milliseconds after which an answer does not count any more; 1000 unless given. */
  readonly timeout?: number;
}

export interface PingResult {
  readonly sent: number;
  readonly received: number;
  /** Milliseconds that each answer took, in the order of the requests; finding the neighbour's address does not count. */
  readonly times: readonly number[];
}

const echo = { request: 8, reply: 0 } as const;
const ipAt = ethernet.size;
/** Of echo requests and replies. */
const echoCode = 0;

/** An echo request that was sent, or for which no neighbour was found. */
interface Awaited {
  sentAt: number;
  took: number | undefined;
}

export class TestHost {
  readonly name: string;
  readonly mac: string;
  /** Undefined for none. */
  readonly ip: string | undefined;
  readonly #time: VirtualTime;
  readonly #address: Uint8Array | undefined;
  readonly #arrivals = new Arrivals();
  /** Addresses by the IPv4 address that asked or answered with them. */
  readonly #neighbours = new Map<string, string>();
  readonly #awaited = new Map<number, Awaited>();
  #echoCount = 0;
  #transmit: ((frame: TestFrame) => void) | undefined;

  /**
   * Throws Malformed for what is no address.
   * @internal
   */
  constructor(
    name: string,
    { mac, ip }: Required<Pick<HostOptions, 'mac'>> & HostOptions,
    time: VirtualTime,
  ) {
    readMac(mac);
    this.name = name;
    this.mac = mac.toLowerCase();
    this.ip = ip;
    this.#address = ip === undefined ? undefined : readIpv4(ip);
    this.#time = time;
  }

  /** Sends a packet; its source is the host's own address where it is text of a flow that tells none. */
  send(packet: Packet): void {
    const isText = typeof packet === 'string' && /[=(]/.test(packet);
    const hasSource = isText && /\b(dl_src|eth_src|src)=/.test(packet);
    this.#send(packetBytes(isText && !hasSource ? `dl_src=${this.mac},${packet}` : packet));
  }

  /** What came since the last time, in its order, also what it answered by itself. */
  take(): TestFrame[] {
    return this.#arrivals.take();
  }

  /** Sends echo requests to an address, and moves the clock until the answers are there or do not count any more. */
  async ping(
    to: string,
    { count = 1, interval = 1000, timeout = 1000 }: PingOptions = {},
  ): Promise<PingResult> {
    const { ip } = this;
    if (ip === undefined) throw new Refused('testing', `host ${this.name} has no IPv4 address to ping from`);
    const target = formatIpv4(readIpv4(to));
    const sent: Awaited[] = [];
    for (let n = 0; n < count; n++) {
      if (n > 0) await this.#time.advance(interval);
      sent.push(await this.#sendEcho(ip, target, timeout));
    }
    const left = (sent.at(-1)?.sentAt ?? 0) + timeout - this.#time.now;
    await this.#time.advanceUntil(() => sent.every(({ took }) => took !== undefined), Math.max(0, left));
    this.#awaited.clear();
    const times = sent.flatMap(({ took }) => (took === undefined || took > timeout ? [] : [took]));
    return { sent: count, received: times.length, times };
  }

  /** @internal */
  onTransmit(take: (frame: TestFrame) => void): void {
    if (this.#transmit !== undefined) throw new Refused('testing', `host ${this.name} has a link already`);
    this.#transmit = take;
  }

  /** @internal */
  receive(bytes: Uint8Array): void {
    this.#arrivals.add(new TestFrame(bytes, this.name, this.#time.now));
    const type = bytes.length < ethernet.size ? 0 : ethernet.get.type(viewOf(bytes), 0);
    if (type === etherType.arp && bytes.length >= ipAt + arp.size) this.#takeArp(bytes);
    if (type === etherType.ipv4) this.#takeEcho(bytes);
  }

  #send(bytes: Uint8Array): void {
    if (this.#transmit === undefined) throw new Refused('testing', `host ${this.name} has no link`);
    this.#transmit(new TestFrame(bytes, this.name, this.#time.now));
  }

  #takeArp(bytes: Uint8Array): void {
    const address = formatIpv4(bytes.subarray(ipAt + arp.offset.spa, ipAt + arp.offset.spa + 4));
    const mac = bytes.subarray(ipAt + arp.offset.sha, ipAt + arp.offset.sha + 6);
    this.#neighbours.set(address, Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join(':'));
    if (this.#address === undefined) return;
    const answer = answerToArp(bytes, this.#address, this.mac);
    if (answer !== undefined) this.#send(answer);
  }

  /** A request for its address, or an answer to a request of its own. */
  #takeEcho(bytes: Uint8Array): void {
    const view = viewOf(bytes);
    const at = echoAt(bytes);
    if (at === undefined || this.#address === undefined) return;
    const isForUs = this.#address.every((byte, n) => byte === bytes[ipAt + ipv4.offset.dst + n]);
    if (!isForUs || icmp.get.code(view, at) !== echoCode) return;
    const type = icmp.get.type(view, at);
    if (type === echo.request) this.#answerEcho(bytes, at);
    const awaited = type === echo.reply ? this.#awaited.get(icmp.get.rest(view, at)) : undefined;
    if (awaited !== undefined) awaited.took ??= this.#time.now - awaited.sentAt;
  }

  #answerEcho(request: Uint8Array, at: number): void {
    const answer = request.slice();
    answer.set(request.subarray(6, 12), 0);
    answer.set(readMac(this.mac), 6);
    const [src, dst] = [ipAt + ipv4.offset.src, ipAt + ipv4.offset.dst];
    answer.set(request.subarray(src, src + 4), dst);
    answer.set(request.subarray(dst, dst + 4), src);
    icmp.set.type(viewOf(answer), at, echo.reply);
    setChecksum(answer, at);
    this.#send(answer);
  }

  async #sendEcho(ip: string, to: string, timeout: number): Promise<Awaited> {
    const awaited: Awaited = { sentAt: this.#time.now, took: undefined };
    if (!this.#neighbours.has(to)) {
      this.send(`dl_dst=ff:ff:ff:ff:ff:ff,arp,arp_op=1,arp_spa=${ip},arp_tpa=${to},arp_sha=${this.mac}`);
      await this.#time.advanceUntil(() => this.#neighbours.has(to), timeout);
    }
    const mac = this.#neighbours.get(to);
    if (mac === undefined) return awaited;
    const bytes = packetBytes(
      `dl_src=${this.mac},dl_dst=${mac},icmp,nw_src=${ip},nw_dst=${to},icmp_type=8,icmp_code=0`,
    );
    const id = ++this.#echoCount;
    const at = ipAt + ipv4.size;
    icmp.set.rest(viewOf(bytes), at, id);
    setChecksum(bytes, at);
    awaited.sentAt = this.#time.now;
    this.#awaited.set(id, awaited);
    this.#send(bytes);
    return awaited;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Where the ICMP header of a whole IPv4 packet is; undefined in others. */
function echoAt(bytes: Uint8Array): number | undefined {
  const view = viewOf(bytes);
  if (bytes.length < ipAt + ipv4.size || ipv4.get.protocol(view, ipAt) !== ipProtocol.icmp) return undefined;
  const at = ipAt + 4 * (ipv4.get.versionLength(view, ipAt) & 0x0f);
  return bytes.length < at + icmp.size ? undefined : at;
}

function setChecksum(bytes: Uint8Array, at: number): void {
  const view = viewOf(bytes);
  const end = ipAt + ipv4.get.totalSize(view, ipAt);
  icmp.set.checksum(view, at, 0);
  icmp.set.checksum(view, at, internetChecksum(view, at, Math.min(end, bytes.length) - at));
}
