/**
 * Adds ports as ovs-vsctl would, without being a program that starts, reads the whole database and ends: what is left
 * is the server's share and the daemon's.
 */
import { systemClock } from '../../src/base/clock.ts';
import { Timers } from '../../src/base/timers.ts';
import { type Outcome, OvsdbClient } from '../../src/ovsdb/client/index.ts';
import { connectChannel } from '../../src/rpc/socket-channel.ts';
import { openVswitch } from '../../src/vswitchd/schema/index.ts';

export interface AddedIn {
  /** Until the server answered. */
  readonly committed: number;
  /** From then until `cur_cfg` said that the daemon had done it. */
  readonly applied: number;
}

export class PortAdder {
  readonly #client;
  readonly #bridge: string;
  #portCount = 0;

  /** Of a bridge that exists. */
  constructor(socket: string, bridge: string) {
    this.#bridge = bridge;
    this.#client = new OvsdbClient({
      schema: openVswitch,
      tables: { Open_vSwitch: ['cur_cfg'], Bridge: ['name'] },
      connect: () => connectChannel({ kind: 'unix', path: socket }),
      remotes: [socket],
      timers: new Timers(systemClock),
    });
  }

  get portCount(): number {
    return this.#portCount;
  }

  /** Adds `count` dummy ports in one transaction and waits for the daemon; milliseconds. */
  async add(count: number): Promise<AddedIn> {
    await this.#until(() => this.#client.isConnected);
    const started = performance.now();
    const outcome = await this.#transact(count);
    const committed = performance.now();
    if (outcome.status !== 'committed' || outcome.incremented === undefined)
      throw new Error(`ports not added: ${JSON.stringify(outcome)}`);
    const wanted = outcome.incremented;
    await this.#until(() => this.#root().cur_cfg >= wanted);
    return { committed: committed - started, applied: performance.now() - committed };
  }

  close(): void {
    this.#client.close();
  }

  #transact(count: number): Promise<Outcome> {
    const bridge = [...this.#client.view.rows('Bridge').values()].find(({ name }) => name === this.#bridge);
    if (bridge === undefined) throw new Error(`no bridge ${this.#bridge}`);
    return this.#client.transact((tx) => {
      const ports = Array.from({ length: count }, () => {
        const name = `p${this.#portCount++}`;
        const device = tx.insert('Interface', { name, type: 'dummy' });
        return tx.insert('Port', { name, interfaces: [device] });
      });
      tx.mutate('Bridge', bridge._uuid, { ports: { insert: ports } });
      tx.increment('Open_vSwitch', this.#root()._uuid, 'next_cfg');
    });
  }

  #root() {
    const [root] = this.#client.view.rows('Open_vSwitch').values();
    if (root === undefined) throw new Error('an empty database');
    return root;
  }

  #until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const end = this.#client.onState(() => {
        if (!isSo()) return;
        end();
        resolve();
      });
      if (isSo()) {
        end();
        resolve();
      }
    });
  }
}
