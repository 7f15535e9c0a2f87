/** Honest ends, whose segments get lost and out of order on both sides of the tracker, are never refused. */
import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../base/random.ts';
import type { ConnectionState } from './protocol.ts';
import { newTcpState } from './tcp.ts';
import { tcpState } from './tcp-end.ts';
import { TrackedPacket } from './tracked-packet.ts';

const fin = 0x01;
const syn = 0x02;
const ack = 0x10;

interface Segment {
  readonly fromServer: boolean;
  /** Only segments that were sent together overtake each other: older ones would be out of their windows. */
  readonly burst: number;
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly window: number;
  readonly payloadSize: number;
  readonly windowScale: number | undefined;
}

class Dice {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  below(limit: number): number {
    return this.#random.u32() % limit;
  }

  /** True once in so many. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<T>(things: readonly [T, ...T[]]): T {
    return things[this.below(things.length)] ?? things[0];
  }
}

/** Positions count from the SYN, which is number 0; data begins at 1, and the FIN follows it. */
class Host {
  readonly isServer: boolean;
  readonly #dice: Dice;
  readonly #initial: number;
  readonly #buffer: number;
  readonly #offeredScale: number | undefined;
  readonly #finAt: number;
  #acknowledged = 0;
  #next = 0;
  #limit = 1;
  #isScaling = false;
  #peerInitial: number | undefined;
  #peerScale = 0;
  #received = 0;
  #unread = 0;
  #bursts = 0;

  constructor(isServer: boolean, dice: Dice) {
    this.isServer = isServer;
    this.#dice = dice;
    this.#initial = dice.pick([0xffffff00, 0x7fffff00, 0, dice.below(2 ** 32)]);
    this.#buffer = dice.pick([3000, 29_200, 65_535, 200_000, 1_000_000]);
    // A scale that leaves nothing of the buffer would never let anything through.
    const most = Math.floor(Math.log2(this.#buffer)) - 3;
    const scale = dice.pick([undefined, 0, 2, 7, 14]);
    this.#offeredScale = scale && Math.min(scale, most);
    this.#finAt = 1 + dice.below(dice.pick([10, 10_000, 500_000]));
  }

  get isDone(): boolean {
    return this.#acknowledged > this.#finAt;
  }

  /** Sends new data, repeats old, asks whether the other end is there, or acknowledges; all at random. */
  act(send: (segment: Segment) => void): void {
    this.#bursts++;
    this.#unread -= Math.min(this.#unread, this.#dice.below(this.#buffer));
    if (this.#acknowledged === 0) {
      if (!this.isServer || this.#peerInitial !== undefined) this.#send(send, 0, 0);
      return;
    }
    if (this.#peerInitial === undefined) return;
    if (this.#dice.oneIn(4)) this.#next = this.#acknowledged;
    if (this.#dice.oneIn(20)) this.#send(send, this.#next - 1, 0);
    if (this.#dice.oneIn(3)) this.#send(send, this.#next, 0);
    for (let count = this.#dice.below(4); count > 0; count--) {
      const size = Math.min(
        this.#limit - this.#next,
        this.#finAt - this.#next,
        this.#dice.pick([1, 536, 1460, 20_000]),
      );
      if (size > 0) this.#send(send, this.#next, size);
    }
    const isProbing = this.#limit === this.#acknowledged && this.#acknowledged < this.#finAt;
    if (isProbing) this.#send(send, this.#acknowledged, 1);
    if (this.#next === this.#finAt && this.#limit > this.#next) this.#send(send, this.#next, 0, fin);
  }

  receive(segment: Segment, send: (segment: Segment) => void): void {
    const { flags, sequence, acknowledgement, payloadSize, windowScale } = segment;
    if ((flags & syn) !== 0) {
      if (this.#peerInitial === undefined) this.#received = 1;
      this.#peerInitial = sequence;
      this.#isScaling = windowScale !== undefined && this.#offeredScale !== undefined;
      this.#peerScale = this.#isScaling ? (windowScale ?? 0) : 0;
    }
    if (this.#peerInitial === undefined) return;
    if ((flags & ack) !== 0) {
      const position = this.#positionOf(acknowledgement, this.#initial, this.#acknowledged);
      this.#acknowledged = Math.max(this.#acknowledged, position);
      this.#next = Math.max(this.#next, this.#acknowledged);
      const shift = (flags & syn) === 0 ? this.#peerScale : 0;
      this.#limit = Math.max(this.#limit, position + segment.window * 2 ** shift);
    }
    if ((flags & syn) !== 0) {
      if (!this.isServer) this.#answer(send);
      return;
    }
    const position = this.#positionOf(sequence, this.#peerInitial, this.#received);
    const fresh = position + payloadSize - this.#received;
    if (position <= this.#received && fresh >= 0 && fresh <= this.#room) {
      this.#received += fresh + ((flags & fin) !== 0 ? 1 : 0);
      this.#unread += fresh;
    }
    if (payloadSize > 0 || (flags & fin) !== 0) this.#answer(send);
  }

  get #room(): number {
    return this.#buffer - this.#unread;
  }

  #answer(send: (segment: Segment) => void): void {
    if (this.#acknowledged > 0) this.#send(send, this.#next, 0);
  }

  #positionOf(number: number, initial: number, near: number): number {
    return near + ((number - initial - near) | 0);
  }

  #send(send: (segment: Segment) => void, position: number, payloadSize: number, flag = 0): void {
    const isSyn = position === 0 && this.#acknowledged === 0;
    const shift = isSyn || !this.#isScaling ? 0 : (this.#offeredScale ?? 0);
    const takesScale = !this.isServer || this.#isScaling;
    const isAnswer = this.#peerInitial !== undefined;
    send({
      fromServer: this.isServer,
      burst: this.#bursts,
      flags: flag | (isSyn ? syn : 0) | (isAnswer ? ack : 0),
      sequence: (this.#initial + position) >>> 0,
      acknowledgement: isAnswer ? ((this.#peerInitial ?? 0) + this.#received) >>> 0 : 0,
      window: Math.min(0xffff, Math.floor(this.#room / 2 ** shift)),
      payloadSize,
      windowScale: isSyn && takesScale ? this.#offeredScale : undefined,
    });
    this.#next = Math.max(this.#next, position + payloadSize + (isSyn || flag !== 0 ? 1 : 0));
  }
}

/** What is under way in one direction, up to the tracker or from there on. */
class Wire {
  readonly #queue: Segment[] = [];

  push(segment: Segment): void {
    this.#queue.push(segment);
  }

  /** Undefined where nothing is there or it got lost. */
  take(dice: Dice): Segment | undefined {
    const [first, second] = this.#queue;
    const overtakes = second !== undefined && first?.burst === second.burst && dice.oneIn(3);
    const [segment] = this.#queue.splice(overtakes ? 1 : 0, 1);
    return dice.oneIn(8) ? undefined : segment;
  }
}

class Exchange {
  readonly #dice: Dice;
  readonly #client: Host;
  readonly #server: Host;
  readonly #before = [new Wire(), new Wire()] as const;
  readonly #behind = [new Wire(), new Wire()] as const;
  readonly #packet = new TrackedPacket();
  readonly verdicts = new Set<string>();
  state: ConnectionState | undefined;

  constructor(seed: number) {
    this.#dice = new Dice(seed);
    this.#client = new Host(false, this.#dice);
    this.#server = new Host(true, this.#dice);
  }

  get isDone(): boolean {
    return this.#client.isDone && this.#server.isDone;
  }

  step(): void {
    const dice = this.#dice;
    const side = dice.pick([0, 1] as const);
    const host = side === 0 ? this.#client : this.#server;
    const peer = side === 0 ? this.#server : this.#client;
    if (dice.oneIn(6)) host.act((segment) => this.#before[side].push(segment));
    const segment = this.#before[side].take(dice);
    if (segment !== undefined) {
      this.#track(segment);
      this.#behind[side].push(segment);
    }
    const arrived = this.#behind[side].take(dice);
    if (arrived !== undefined)
      peer.receive(arrived, (answer) => this.#before[side === 0 ? 1 : 0].push(answer));
  }

  #track({ fromServer, burst: _, ...fields }: Segment): void {
    Object.assign(this.#packet, fields);
    if (this.state === undefined) this.state = newTcpState(this.#packet, () => true);
    else this.verdicts.add(this.state.update(this.#packet, fromServer));
  }
}

describe('An honest exchange over TCP', () => {
  it.each(Array.from({ length: 150 }, (_, n) => n + 1))('is never refused (seed %i)', (seed) => {
    const exchange = new Exchange(seed);
    for (let count = 0; count < 200_000 && !exchange.isDone; count++) exchange.step();
    expect(exchange.isDone).toBe(true);
    expect([...exchange.verdicts].filter((verdict) => !['new', 'established'].includes(verdict))).toEqual([]);
    const report = exchange.state?.report();
    expect([report?.original.state, report?.reply.state]).toEqual([tcpState.finWait2, tcpState.finWait2]);
    expect(exchange.state?.timeout).toBe('tcp_close');
  });
});
