/**
 * Packets on their way to a controller, no more of them in a second than it is to get: a token bucket, behind which
 * they wait by input port, so that a flood on one port does not push out those of others. ovs-vswitchd.conf.db(5),
 * Controller, "Asynchronous Messages".
 */
import { coverageCounter } from '../../base/coverage.ts';
import type { Timer, Timers } from '../../base/timers.ts';
import { ms } from '../../base/units.ts';

const overflown = coverageCounter('packet_in_overflow');

export interface PacketInLimits {
  /** Packets in a second; 0 for any number. */
  readonly rate: number;
  /** Packets that may come at once after a pause, and that may wait. */
  readonly burst: number;
}

/** What became of packets. */
export interface PacketInCounts {
  /** That wait. */
  readonly backlog: number;
  /** That were sent at once. */
  readonly bypassed: number;
  /** That had to wait. */
  readonly queued: number;
  /** That found too many waiting. */
  readonly dropped: number;
}

export class PacketInQueue<P> {
  readonly #timers: Timers;
  readonly #send: (packet: P) => void;
  readonly #waiting = new Map<number, P[]>();
  #limits: PacketInLimits = { rate: 0, burst: 0 };
  #tokens = 0;
  #filledAt = ms(0);
  #timer: Timer | undefined;
  /** Packets that wait. */
  size = 0;
  #bypassed = 0;
  #queued = 0;
  #dropped = 0;

  constructor(timers: Timers, send: (packet: P) => void) {
    this.#timers = timers;
    this.#send = send;
  }

  /** Undefined while any number may be sent. */
  get counts(): PacketInCounts | undefined {
    if (this.#limits.rate === 0) return undefined;
    return { backlog: this.size, bypassed: this.#bypassed, queued: this.#queued, dropped: this.#dropped };
  }

  configure(limits: PacketInLimits): void {
    this.#fill();
    const isFirst = this.#limits.rate === 0;
    this.#limits = limits;
    this.#tokens = isFirst ? limits.burst : Math.min(this.#tokens, limits.burst);
    while (this.size > limits.burst) this.#dropOne();
    this.#run();
  }

  push(port: number, packet: P): void {
    if (this.#limits.rate === 0 || (this.size === 0 && this.#takeToken())) {
      this.#bypassed++;
      this.#send(packet);
      return;
    }
    this.#queued++;
    if (this.size >= this.#limits.burst) this.#dropOne();
    const same = this.#waiting.get(port);
    if (same === undefined) this.#waiting.set(port, [packet]);
    else same.push(packet);
    this.size++;
    this.#arrange();
  }

  /** Forgets what waits. */
  stop(): void {
    this.#timer?.cancel();
    this.#waiting.clear();
    this.size = 0;
  }

  #run(): void {
    while (this.size > 0 && (this.#limits.rate === 0 || this.#takeToken())) {
      const packet = this.#takeNext();
      if (packet !== undefined) this.#send(packet);
    }
    this.#arrange();
  }

  #fill(): void {
    const now = this.#timers.clock.now();
    const { rate, burst } = this.#limits;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) * rate) / 1000);
    this.#filledAt = now;
  }

  #takeToken(): boolean {
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Ports take turns. */
  #takeNext(): P | undefined {
    const [port, packets] = this.#waiting.entries().next().value ?? [];
    if (port === undefined || packets === undefined) return undefined;
    this.#waiting.delete(port);
    const packet = packets.shift();
    if (packets.length > 0) this.#waiting.set(port, packets);
    this.size--;
    return packet;
  }

  /** One of the port that has most. */
  #dropOne(): void {
    let [most, of]: [P[], number] = [[], 0];
    for (const [port, packets] of this.#waiting)
      if (packets.length > most.length) [most, of] = [packets, port];
    if (most.length === 0) return;
    most.shift();
    if (most.length === 0) this.#waiting.delete(of);
    this.size--;
    overflown.total++;
    this.#dropped++;
  }

  #arrange(): void {
    if (this.size === 0 || this.#timer !== undefined) return;
    const wait = Math.max(1, ((1 - this.#tokens) * 1000) / this.#limits.rate);
    this.#timer = this.#timers.after(ms(Math.ceil(wait)), () => {
      this.#timer = undefined;
      this.#run();
    });
  }
}
