/**
 * Sixty-four bridges in random topologies under STP and RSTP: without a loop at any time, and connected as soon as it
 * can be.
 */
import { expect, test } from 'vitest';
import { FakeClock } from '../../src/base/clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import { Timers } from '../../src/base/timers.ts';
import { type Ms, ms } from '../../src/base/units.ts';
import { Rstp } from '../../src/protocols/rstp.ts';
import { Stp } from '../../src/protocols/stp.ts';
import { type Bpdu, emitBpdu } from '../../src/wire/bpdu.ts';

/** Networks of each protocol; SPANNING_TREE_SEEDS=1000 for as many as that. */
const seedCounts = { stp: 8, rstp: 12 };
const bridgeCount = 64;
const delay = ms(1);

type Protocol = 'stp' | 'rstp';

/** One bridge, whatever it speaks. Ports are numbers from 1. */
interface Bridge {
  addPort(port: number, pathCost: number): void;
  setUp(port: number, isUp: boolean): void;
  receive(port: number, payload: Uint8Array): void;
  run(now: Ms): Ms;
  forwards(port: number): boolean;
}

type Send = (port: number, bpdu: Bpdu) => void;

function makeStp(mac: string, priority: number, send: Send, now: Ms): Bridge {
  const settings = { mac, priority, helloTime: 2000, maxAge: 20_000, forwardDelay: 15_000 };
  const stp = new Stp<number>(mac, settings, send, now);
  return {
    addPort: (number, pathCost) =>
      stp.addPort(number, { name: `p${number}`, number, priority: 128, pathCost }),
    setUp: (port, isUp) => stp.setUp(port, isUp),
    receive: (port, payload) => stp.receive(port, payload),
    run: (at) => stp.run(at),
    forwards: (port) => stp.ports.get(port)?.state === 'forwarding',
  };
}

function makeRstp(mac: string, priority: number, send: Send, now: Ms): Bridge {
  const settings = { mac, priority, isStpOnly: false, maxAge: 20, forwardDelay: 15, transmitHoldCount: 10 };
  const rstp = new Rstp<number>(mac, settings, send, now);
  return {
    addPort(number, pathCost) {
      rstp.addPort(number);
      rstp.configurePort(number, {
        ...{ name: `p${number}`, number, priority: 128, pathCost: pathCost * 1000 },
        ...{
          isEdge: false,
          findsEdge: true,
          isPointToPoint: true,
          isEnabled: true,
          mustCheckMigration: false,
        },
      });
    },
    setUp: (port, isUp) => rstp.setUp(port, isUp),
    receive: (port, payload) => rstp.receive(port, payload),
    run(at) {
      const next = rstp.run(at);
      rstp.takeChanges();
      return next;
    },
    forwards: (port) => rstp.portOf(port)?.state === 'forwarding',
  };
}

interface End {
  readonly bridge: number;
  readonly port: number;
}

interface Cable {
  readonly ends: readonly [End, End];
  isUp: boolean;
}

/** Which bridges are joined. */
class Groups {
  readonly #parents = Array.from({ length: bridgeCount }, (_, n) => n);
  count = bridgeCount;

  #top(bridge: number): number {
    let at = bridge;
    while (this.#parents[at] !== at) at = this.#parents[at] ?? at;
    return at;
  }

  /** False where they were joined already. */
  join(a: number, b: number): boolean {
    const from = this.#top(a);
    const to = this.#top(b);
    if (from === to) return false;
    this.#parents[from] = to;
    this.count--;
    return true;
  }
}

/**
 * Milliseconds. STP lets information age, and has ports listen and learn. With RSTP, when all bridges begin at once,
 * what each hears of ever better roots waits for its turn: ports may send `transmitHoldCount` BPDUs at once, and one
 * more with each second (802.1D-2004 clause 17.19.44).
 */
const paces = {
  stp: { look: 200, start: 55_000, soon: 55_000, rest: 0 },
  rstp: { look: 20, start: 5000, soon: 1000, rest: 9000 },
} as const;

/**
 * The part of networks under RSTP that may need some of the time of rest once a cable is pulled: what is still said of
 * the old way to the root goes round, dearer each time, until ports may send no more for a while.
 */
const mostLate = 0.01;

class Network {
  readonly #clock = new FakeClock();
  readonly #timers = new Timers(this.#clock);
  readonly #random;
  readonly #bridges: Bridge[];
  readonly #portCounts: number[];
  readonly cables: Cable[] = [];
  readonly #cableAt = new Map<string, Cable>();
  loops = 0;

  constructor(protocol: Protocol, seed: number) {
    this.#random = seededRandom(seed * 7919 + 1);
    this.#portCounts = Array.from({ length: bridgeCount }, () => 0);
    this.#bridges = this.#portCounts.map((_, n) => {
      const mac = `02:00:00:00:00:${n.toString(16).padStart(2, '0')}`;
      const priority = this.#below(16) * 0x1000;
      const send: Send = (port, bpdu) => this.#carry({ bridge: n, port }, emitBpdu(bpdu));
      const begunAt = ms(-this.#below(1000)); // so that bridges count seconds each by its own
      return (protocol === 'stp' ? makeStp : makeRstp)(mac, priority, send, begunAt);
    });
    for (let n = 1; n < bridgeCount; n++) this.#lay(n, this.#below(n));
    for (let n = 0; n < bridgeCount; n++) this.#lay(this.#below(bridgeCount), this.#below(bridgeCount));
    for (const bridge of this.#bridges) this.#keepRunning(bridge, ms(this.#below(1000)));
  }

  #below(end: number): number {
    return this.#random.u32() % end;
  }

  #lay(a: number, b: number): void {
    const cost = 1 + this.#below(20);
    const ends = [this.#plug(a, cost), this.#plug(b, cost)] as const;
    const cable = { ends, isUp: false };
    this.cables.push(cable);
    for (const end of ends) this.#cableAt.set(placeOf(end), cable);
  }

  #plug(bridge: number, cost: number): End {
    const port = (this.#portCounts[bridge] ?? 0) + 1;
    this.#portCounts[bridge] = port;
    this.#bridges[bridge]?.addPort(port, cost);
    return { bridge, port };
  }

  #keepRunning(bridge: Bridge, due: Ms): void {
    this.#timers.at(due, () => this.#keepRunning(bridge, bridge.run(this.#clock.now())));
  }

  #carry(from: End, payload: Uint8Array): void {
    const cable = this.#cableAt.get(placeOf(from));
    const to = cable?.ends.find((end) => end !== from && placeOf(end) !== placeOf(from));
    if (!cable?.isUp || to === undefined) return;
    this.#timers.after(delay, () => {
      if (cable.isUp) this.#bridges[to.bridge]?.receive(to.port, payload);
    });
  }

  setUp(cable: Cable, isUp: boolean): void {
    cable.isUp = isUp;
    for (const { bridge, port } of cable.ends) this.#bridges[bridge]?.setUp(port, isUp);
  }

  /** Any of those that carry frames. */
  get oneInUse(): Cable {
    const inUse = this.cables.filter((cable) => this.#isInUse(cable));
    const cable = inUse[this.#below(inUse.length)];
    if (cable === undefined) throw new Error('no cable is in use');
    return cable;
  }

  #isInUse({ ends, isUp }: Cable): boolean {
    return isUp && ends.every(({ bridge, port }) => this.#bridges[bridge]?.forwards(port));
  }

  /** Looks for loops as it goes. */
  advance(milliseconds: number, look: number): void {
    for (let at = 0; at < milliseconds; at += look) {
      this.#timers.advance(this.#clock, ms(look));
      if (this.groups(true).hasLoop) this.loops++;
    }
  }

  /** By cables that are up, or by those only that are in use. */
  groups(isInUse: boolean): { readonly count: number; readonly hasLoop: boolean } {
    const groups = new Groups();
    let hasLoop = false;
    for (const cable of this.cables) {
      if (isInUse ? !this.#isInUse(cable) : !cable.isUp) continue;
      const { ends } = cable;
      if (!groups.join(ends[0].bridge, ends[1].bridge)) hasLoop = true;
    }
    return { count: groups.count, hasLoop };
  }

  get isConnected(): boolean {
    return this.groups(true).count === this.groups(false).count;
  }
}

function placeOf({ bridge, port }: End): string {
  return `${bridge}.${port}`;
}

for (const protocol of ['stp', 'rstp'] as const) {
  const seedCount = Number(process.env.SPANNING_TREE_SEEDS ?? seedCounts[protocol]);
  const { look, start, soon, rest } = paces[protocol];
  test(`${protocol}: ${seedCount} networks of ${bridgeCount} bridges have no loop at any time and are soon connected`, () => {
    let lateCount = 0;
    for (let seed = 0; seed < seedCount; seed++) {
      const network = new Network(protocol, seed);
      const change = (cables: readonly Cable[], isUp: boolean, time: number): void => {
        for (const cable of cables) network.setUp(cable, isUp);
        network.advance(time, look);
        if (!network.isConnected && !isUp) lateCount++;
        else expect(network.isConnected, `seed ${seed} in time`).toBe(true);
        network.advance(rest, 500);
        expect(network.isConnected, `seed ${seed}`).toBe(true);
      };
      change(network.cables, true, start);
      const pulled = [network.oneInUse];
      change(pulled, false, soon);
      change(pulled, true, soon);
      expect(network.loops, `seed ${seed}`).toBe(0);
    }
    expect(lateCount).toBeLessThanOrEqual(Math.floor(seedCount * mostLate));
  });
}
