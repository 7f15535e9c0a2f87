/**
 * Which bridges and ports are to be planned anew: those whose rows changed, whose device came or went, that want what
 * another one let go of, or that could not be made the last time.
 */
import { logger } from '../../base/log.ts';
import { type Dirty, markBridge, markPort, type PortPlace, type WantedModel } from '../config/model.ts';
import { outlivesDevice } from './bridge-facts.ts';
import type { LiveBridge, LiveInterface, LiveState } from './live.ts';

const log = logger('bridge');

export class DirtyPorts {
  readonly #model: WantedModel;
  readonly #state: LiveState;
  #marked: Dirty = new Map();
  /** To be planned anew with the next change of configuration. */
  #lost: Dirty = new Map();

  constructor(model: WantedModel, state: LiveState) {
    this.#model = model;
    this.#state = state;
  }

  get isEmpty(): boolean {
    return this.#marked.size === 0;
  }

  get marked(): Dirty {
    return this.#marked;
  }

  /** What is marked, to be planned; nothing is marked then. */
  take(): Dirty {
    this.markUnmade();
    const marked = this.#marked;
    this.#marked = new Map();
    return marked;
  }

  markBridge(name: string): void {
    markBridge(this.#marked, name);
  }

  markAll(): void {
    for (const [name, bridge] of this.#model.bridges)
      for (const port of bridge.ports.keys()) markPort(this.#marked, name, port);
  }

  /** With the next change of configuration. */
  markLost({ bridge, port }: PortPlace): void {
    markPort(this.#lost, bridge, port);
  }

  /** The configuration changed. */
  configurationChanged(changed: Dirty): void {
    merge(this.#marked, changed);
    merge(this.#marked, this.#lost);
    this.#lost = new Map();
  }

  /**
   * A device came, went or changed: who waits for it, or could not make its own because of it, is tried again. One that
   * could be opened has come and gone by our own doing.
   */
  deviceChanged(device: string, isThere: boolean): void {
    for (const name of this.#model.interfacesOn(device)) {
      const holder = this.#state.holderOf(name);
      if (holder === undefined) this.#retry(name, isThere);
      else if (isThere && holder.netdev?.isGone === true) this.#reopen(holder);
    }
  }

  #retry(name: string, isThere: boolean): void {
    for (const { bridge, port } of this.#model.claimsOn(name)) {
      const failed = this.#state.interfaceOf(bridge, name);
      if (failed !== undefined && (isThere || failed.isUnopened)) markPort(this.#marked, bridge, port);
    }
  }

  /** The device of an interface is gone: it is opened again, unless its port outlives it. */
  deviceGone(bridge: LiveBridge, i: LiveInterface): void {
    const { name } = i.wanted;
    if (!outlivesDevice(bridge, i)) this.#reopen(i);
    else if (i.ofPort !== undefined)
      log.info(`bridge ${bridge.name}: port ${i.ofPort} waits for a device named ${name}, which is gone`);
  }

  #reopen(i: LiveInterface): void {
    i.mustReopen = true;
    markPort(this.#marked, i.bridge, i.port);
  }

  /** An interface let go of its device: another port may want that too; its own is planned already. */
  deviceFreed({ bridge, port, wanted }: LiveInterface): void {
    for (const place of this.#model.claimsOn(wanted.name)) {
      if (place.bridge !== bridge || place.port !== port) markPort(this.#marked, place.bridge, place.port);
    }
  }

  /** What could not be made, and may be by now: nobody tells when there is memory again. */
  markUnmade(): void {
    const { unmadeBridges, unaddedInterfaces } = this.#state;
    for (const name of unmadeBridges) {
      if (this.#model.bridges.has(name)) this.markBridge(name);
      else unmadeBridges.delete(name);
    }
    for (const { bridge, port } of unaddedInterfaces) markPort(this.#marked, bridge, port);
  }
}

function merge(into: Dirty, from: Dirty): void {
  for (const [bridge, ports] of from) {
    const known = markBridge(into, bridge);
    for (const port of ports) known.add(port);
  }
}
