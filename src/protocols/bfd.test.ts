/** Two sessions with a link between them that loses and delays what is sent, under a clock that the test moves. */
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { Timers } from '../base/timers.ts';
import { ms } from '../base/units.ts';
import { type BfdMessage, bfdFlags, emitBfd } from '../wire/bfd.ts';
import { Bfd } from './bfd.ts';
import { formatBfd } from './bfd-text.ts';
import { type BfdSettings, defaultBfdSettings } from './bfd-types.ts';
import { lossyMedium, MachineTimer, type MediumOptions } from './machine-fixture.ts';

class End {
  readonly bfd: Bfd;
  readonly sent: BfdMessage[] = [];
  rxPackets = 0;
  settings: BfdSettings;
  readonly #timers: Timers;
  readonly #timer: MachineTimer;

  constructor(
    timers: Timers,
    discriminator: number,
    settings: Partial<BfdSettings>,
    carry: (m: BfdMessage) => void,
  ) {
    this.#timers = timers;
    this.settings = { ...defaultBfdSettings, ...settings };
    const send = (message: BfdMessage): void => {
      this.sent.push(message);
      carry(message);
    };
    const deps = {
      random: seededRandom(discriminator),
      rxPackets: () => this.rxPackets,
      send,
      statusChanged() {},
    };
    this.bfd = new Bfd(`p${discriminator}`, discriminator, this.settings, deps, timers.clock.now());
    this.#timer = new MachineTimer(timers, this.bfd);
    this.run();
  }

  configure(settings: Partial<BfdSettings>): void {
    this.settings = { ...this.settings, ...settings };
    this.bfd.configure(this.settings, this.#timers.clock.now());
    this.run();
  }

  run(): void {
    this.#timer.run();
  }

  receive(message: BfdMessage, ttl = 255): void {
    this.rxPackets++;
    this.bfd.receive(emitBfd(message), ttl, this.#timers.clock.now());
    this.run();
  }

  /** Something that is not of BFD. */
  receiveTraffic(): void {
    this.rxPackets++;
    this.bfd.received(this.#timers.clock.now());
    this.run();
  }
}

class Link {
  readonly clock = new FakeClock(1000);
  readonly timers = new Timers(this.clock);
  readonly a: End;
  readonly b: End;
  /** What passes. */
  isOpen = { toA: true, toB: true };

  constructor(a: Partial<BfdSettings> = {}, b: Partial<BfdSettings> = {}, options: MediumOptions = {}) {
    const deliver = lossyMedium(this.timers, options);
    const carry = (way: 'toA' | 'toB') => (message: BfdMessage) => {
      const end = (): End => (way === 'toA' ? this.a : this.b);
      if (this.isOpen[way]) deliver(() => end().receive(message));
    };
    this.a = new End(this.timers, 1, a, carry('toB'));
    this.b = new End(this.timers, 2, b, carry('toA'));
  }

  advance(milliseconds: number): void {
    this.timers.advance(this.clock, ms(milliseconds));
  }

  cut(): void {
    this.isOpen = { toA: false, toB: false };
  }

  mend(): void {
    this.isOpen = { toA: true, toB: true };
  }

  get forwarding(): boolean[] {
    return [this.a, this.b].map(({ bfd }) => bfd.isForwardingAt(this.clock.now()));
  }

  get states(): string[] {
    return [this.a, this.b].map(({ bfd }) => bfd.status.state);
  }
}

describe('two sessions', () => {
  test('come up within three slow intervals, and go down when nothing passes', () => {
    const link = new Link();
    link.advance(3100);
    expect(link.states).toEqual(['up', 'up']);
    expect(link.forwarding).toEqual([true, true]);
    link.cut();
    link.advance(3100);
    expect(link.states).toEqual(['down', 'down']);
    expect(link.a.bfd.status).toEqual({
      isForwarding: false,
      state: 'down',
      diagnostic: 'Control Detection Time Expired',
      remoteState: 'down',
      remoteDiagnostic: 'No Diagnostic',
      flapCount: 2,
    });
    link.mend();
    link.advance(3100);
    expect(link.forwarding).toEqual([true, true]);
  });

  test('tell each other where packets pass one way only', () => {
    const link = new Link({ minRx: 100 }, { minRx: 100 });
    link.advance(4000);
    link.isOpen = { toA: false, toB: true };
    link.advance(400);
    expect(link.a.bfd.status).toMatchObject({ state: 'down', diagnostic: 'Control Detection Time Expired' });
    link.advance(2000);
    expect(link.b.bfd.status).toMatchObject({ state: 'init', diagnostic: 'Neighbor Signaled Session Down' });
  });

  test('detect a cut within the multiplier times the interval, for many seeds of a lossy link', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const fast = { minTx: 50, minRx: 50, multiplier: 5 };
      const link = new Link(fast, fast, { seed, lost: 10, delay: 10 });
      link.advance(20_000);
      expect(link.states, `seed ${seed}`).toEqual(['up', 'up']);
      link.cut();
      link.advance(5 * 50 + 12);
      expect(link.forwarding, `seed ${seed}`).toEqual([false, false]);
      link.mend();
      link.advance(20_000);
      expect(link.forwarding, `seed ${seed}`).toEqual([true, true]);
    }
  });

  test('agree to other intervals by polls, and send as often as the other end takes', () => {
    const link = new Link({ minTx: 100 }, { minRx: 500 });
    link.advance(5000);
    link.a.configure({ minTx: 200 });
    link.b.configure({ minRx: 300 });
    expect(link.a.bfd.report(link.clock.now()).local.flags).toEqual(['poll']);
    link.advance(3000);
    expect(link.a.bfd.report(link.clock.now())).toMatchObject({
      txInterval: 300,
      local: { flags: [], minTx: 200 },
    });
    expect(link.b.bfd.report(link.clock.now())).toMatchObject({ rxInterval: 300, remote: { minTx: 200 } });
    expect(link.b.sent.some(({ flags }) => flags === bfdFlags.final)).toBe(true);
  });

  test('never send more often than a quarter above the agreed rate', () => {
    const link = new Link({ minTx: 100, minRx: 100 }, { minTx: 100, minRx: 100 });
    link.advance(5000);
    const before = link.a.sent.length;
    link.advance(60_000);
    const count = link.a.sent.length - before;
    expect(count).toBeGreaterThanOrEqual(600);
    expect(count).toBeLessThanOrEqual(800);
  });

  test('do not forward where one says that its path is broken', () => {
    const link = new Link();
    link.advance(4000);
    link.a.configure({ isPathDown: true });
    link.advance(1000);
    expect(link.b.bfd.status).toMatchObject({ state: 'up', remoteDiagnostic: 'Concatenated Path Down' });
    expect(link.forwarding).toEqual([true, false]);
  });

  test('do with fewer control packets while nothing else comes', () => {
    const link = new Link({ minRx: 300, decayMinRx: 3000 }, { minTx: 300 });
    link.advance(12_000);
    expect(link.a.bfd.report(link.clock.now()).local.minRx).toBe(3000);
    for (let n = 0; n < 100; n++) {
      link.a.receiveTraffic();
      link.advance(60);
    }
    link.advance(100);
    expect(link.a.bfd.report(link.clock.now()).local.minRx).toBe(300);
    expect(link.states).toEqual(['up', 'up']);
  });
});

describe('one session', () => {
  test('trusts a link by which other packets come, as long as a control packet comes at times', () => {
    const link = new Link({ minRx: 300, forwardsIfReceiving: true }, { minTx: 300 });
    link.advance(5000);
    link.cut();
    const traffic = (milliseconds: number): void => {
      for (let past = 0; past < milliseconds; past += 100) {
        link.a.receiveTraffic();
        link.advance(100);
      }
    };
    traffic(10_000);
    expect(link.a.bfd.status).toMatchObject({ state: 'down', isForwarding: true, flapCount: 1 });
    link.advance(2100);
    expect(link.a.bfd.status).toMatchObject({ isForwarding: false, flapCount: 2 });
    traffic(1000);
    expect(link.a.bfd.status.isForwarding).toBe(true);
    traffic(20_000); // longer than a hundred intervals without a control packet
    expect(link.a.bfd.status.isForwarding).toBe(false);
  });

  test('says what it is told to while somebody overrides it', () => {
    const link = new Link();
    link.a.bfd.overrideForwarding(true);
    expect(link.forwarding).toEqual([true, false]);
    link.a.bfd.overrideForwarding(undefined);
    expect(link.forwarding).toEqual([false, false]);
  });

  test('passes over packets that are not of its neighbour, or make no sense', () => {
    const link = new Link();
    link.cut();
    const fair = link.b.sent[0];
    if (fair === undefined) expect.unreachable();
    const bad: Partial<BfdMessage>[] = [
      { version: 2 },
      { flags: bfdFlags.auth },
      { flags: bfdFlags.multipoint },
      { size: 23 },
      { multiplier: 0 },
      { myDiscriminator: 0 },
      { yourDiscriminator: 7 },
      { state: 'init' },
    ];
    for (const change of bad) link.a.receive({ ...fair, ...change });
    link.a.receive(fair, 254);
    link.a.bfd.receive(emitBfd(fair).subarray(1), 255, link.clock.now());
    expect(link.a.bfd.status.state).toBe('down');
    link.a.receive({ ...fair, size: 30 }); // merely odd
    expect(link.a.bfd.status.state).toBe('init');
  });

  test('goes down when its neighbour is switched off', () => {
    const link = new Link();
    link.advance(4000);
    const last = link.b.sent.at(-1);
    if (last === undefined) expect.unreachable();
    link.a.receive({ ...last, state: 'admin_down' });
    expect(link.a.bfd.status).toMatchObject({ state: 'down', diagnostic: 'Neighbor Signaled Session Down' });
  });

  test('is shown as the reference shows it', () => {
    const link = new Link();
    link.cut();
    expect(formatBfd(link.a.bfd.report(link.clock.now()))).toBe(`  Forwarding: false
  Detect Multiplier: 3
  Concatenated Path Down: false
  TX Interval: Approx 1000ms
  RX Interval: Approx 1000ms
  Detect Time: now -1000ms
  Next TX Time: now +790ms
  Last TX Time: now +0ms

  Local Flags: none
  Local Session State: down
  Local Diagnostic: No Diagnostic
  Local Discriminator: 0x1
  Local Minimum TX Interval: 1000ms
  Local Minimum RX Interval: 1000ms

  Remote Flags: none
  Remote Session State: down
  Remote Diagnostic: No Diagnostic
  Remote Discriminator: 0x0
  Remote Minimum TX Interval: 0ms
  Remote Minimum RX Interval: 1ms
  Remote Detect Multiplier: 0
`);
  });
});
