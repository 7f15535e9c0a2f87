/**
 * Switches in a ring under STP and RSTP, with a clock that the test moves: what their ports let through, and what they
 * learn.
 */
import { describe, expect, test } from 'vitest';
import type { Ofproto } from '../../src/ofproto/ofproto.ts';
import type { TreeConfig } from '../../src/ofproto/spanning-tree/tree-config.ts';
import { Cables } from './cables.ts';
import { broadcast, frameWith, hostA, hostB } from './frames.ts';
import { VirtualSwitch } from './virtual-switch.ts';

const trees: { readonly [P in 'STP' | 'RSTP']: TreeConfig } = {
  STP: {
    ...{ protocol: 'STP', mac: undefined, priority: 0x8000 },
    ...{ helloTime: 2000, maxAge: 20_000, forwardDelay: 15_000 },
  },
  RSTP: {
    ...{ protocol: 'RSTP', mac: undefined, priority: 0x8000, replacesStp: false, isStpOnly: false },
    ...{ maxAge: 20, forwardDelay: 15, transmitHoldCount: 6 },
  },
};

/** Milliseconds until ports that nobody is behind, and all others, forward. */
const patience = { STP: 50_000, RSTP: 25_000 } as const;
const step = 20;

/** Bridges n = 0, 1, 2 with a host port "hN" each; the cable "cN" leads from N to the next. */
class Ring {
  readonly sw = new VirtualSwitch();
  readonly bridges: Ofproto[] = [];
  readonly #pulled = new Set<string>();
  readonly #cables = new Cables(
    this.sw,
    step,
    [0, 1, 2].map((n) => [`a${n}`, `b${(n + 1) % 3}`]),
    (from) => !this.#pulled.has(from),
  );

  static async make(protocol: 'STP' | 'RSTP'): Promise<Ring> {
    const ring = new Ring();
    for (const n of [0, 1, 2]) {
      const bridge = ring.sw.addBridge(`br${n}`, { hwaddr: `02:00:00:00:00:0${n}`, tree: trees[protocol] });
      for (const name of [`h${n}`, `a${n}`, `b${n}`]) await ring.sw.addPort(bridge, name);
      bridge.protocols.all.settled();
      ring.bridges.push(bridge);
    }
    return ring;
  }

  advance(milliseconds: number): void {
    this.#cables.advance(milliseconds);
  }

  /** The cable from that bridge to the next. */
  pull(n: number): void {
    const next = (n + 1) % 3;
    for (const [bridge, port] of [
      [n, `a${n}`],
      [next, `b${next}`],
    ] as const) {
      this.#pulled.add(port);
      const at = this.bridges[bridge];
      if (at !== undefined) this.sw.setCarrier(at, port, false);
    }
  }

  /** How many copies come out of each host port. */
  send(from: string, frame: Uint8Array): number[] {
    this.#cables.out = {};
    this.sw.inject(from, frame);
    this.advance(10 * step);
    return [0, 1, 2].map((n) => (this.#cables.out[`h${n}`] ?? []).filter(isOfHost).length);
  }

  /** Of its ports. */
  statesOf(n: number): (string | undefined)[] {
    return [...(this.bridges[n]?.ports.values() ?? [])].map(({ tree }) => tree?.name.toLowerCase());
  }

  /** Cables both of whose ends forward. */
  get inUse(): number[] {
    const forwards = (name: string): boolean =>
      this.bridges.some((bridge) =>
        [...bridge.ports.values()].some((p) => p.name === name && p.tree?.forwards),
      );
    return [0, 1, 2].filter((n) => forwards(`a${n}`) && forwards(`b${(n + 1) % 3}`));
  }
}

/** No BPDU. */
function isOfHost(frame: string): boolean {
  return !frame.startsWith('0180c2');
}

const toAll = frameWith({ src: hostA, dst: broadcast, payload: '1234' });
const fromB = frameWith({ src: hostB, dst: hostA, payload: '1234' });

describe.each(['STP', 'RSTP'] as const)('%s', (protocol) => {
  test('one cable of a ring rests, and each host hears what is for all once', async () => {
    const ring = await Ring.make(protocol);
    ring.advance(patience[protocol]);
    expect(ring.inUse).toHaveLength(2);
    expect(ring.send('h0', toAll)).toEqual([0, 1, 1]);
  });

  test('when a cable in use is pulled, hosts find each other the other way', async () => {
    const ring = await Ring.make(protocol);
    ring.advance(patience[protocol]);
    ring.send('h0', toAll);
    expect(ring.send('h1', fromB)).toEqual([1, 0, 0]);
    const [pulled = 0] = ring.inUse;
    ring.pull(pulled);
    ring.advance(patience[protocol]);
    expect(ring.inUse).toHaveLength(2);
    ring.send('h0', toAll);
    expect(ring.send('h1', fromB)).toEqual([1, 0, 0]);
  });

  test('a bridge that is told another address speaks under it at once', async () => {
    const ring = await Ring.make(protocol);
    ring.advance(patience[protocol]);
    const [, , last] = ring.bridges;
    last?.configure({ ...last.config, hwaddr: '00:00:00:00:00:01' });
    last?.protocols.all.settled();
    ring.advance(patience[protocol]);
    const { stp, rstp } = ring.bridges[0]?.protocols.spanningTree ?? {};
    expect(stp?.rootId ?? rstp?.rootVector.rootId).toBe('8000000000000001');
    expect(ring.inUse).toHaveLength(2);
  });
});

test('a port that listens learns nothing, and one that learns forwards nothing', async () => {
  const ring = await Ring.make('STP');
  const [bridge] = ring.bridges;
  ring.advance(10_000);
  expect(ring.statesOf(0)).toContain('listening');
  ring.send('h0', toAll);
  expect([...(bridge?.macs.entries() ?? [])]).toEqual([]);
  ring.advance(10_000);
  expect(ring.statesOf(0)).toContain('learning');
  expect(ring.send('h0', toAll)).toEqual([0, 0, 0]);
  expect([...(bridge?.macs.entries() ?? [])]).toHaveLength(1);
});

test('a tree that ends lets all through again', async () => {
  const sw = new VirtualSwitch();
  const bridge = sw.addBridge('br0', { tree: trees.STP });
  for (const name of ['p', 'q']) await sw.addPort(bridge, name);
  bridge.protocols.all.settled();
  sw.inject('p', toAll);
  sw.advance(step);
  expect(sw.takeSent().q ?? []).toEqual([]);
  bridge.configure({ ...bridge.config, tree: undefined });
  bridge.protocols.all.settled();
  sw.advance(1000);
  sw.takeSent();
  sw.inject('p', toAll);
  sw.advance(step);
  expect(sw.takeSent().q).toHaveLength(1);
});

test.each(['STP', 'RSTP'] as const)(
  '%s: of two patch cables between two bridges one rests',
  async (protocol) => {
    const sw = new VirtualSwitch();
    const bridges = ['l', 'r'].map((name, n) =>
      sw.addBridge(name, { hwaddr: `02:00:00:00:00:0${n}`, tree: trees[protocol] }),
    );
    for (const [n, bridge] of bridges.entries()) {
      for (const cable of [1, 2]) await sw.addPatch(bridge, `${n}-${cable}`, `${1 - n}-${cable}`);
      await sw.addPort(bridge, `h${n}`);
    }
    for (const bridge of bridges) bridge.protocols.all.settled();
    sw.advance(patience[protocol]);
    sw.takeSent();
    sw.inject('h0', toAll);
    sw.advance(step);
    expect(sw.takeSent().h1?.filter(isOfHost)).toHaveLength(1);
    const rest = [...(bridges[1]?.ports.values() ?? [])].filter(({ tree }) => tree?.forwards === false);
    expect(rest.map(({ name }) => name)).toEqual(['1-2']);
  },
);
