/**
 * Performs the steps of `plan`, one after the other; one that fails leaves its reason in the interface's `error` and
 * never stops the others. What is done to interfaces is in interface-applier.ts; nobody else writes `LiveState`.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Defer } from '../../base/defer.ts';
import { errnos } from '../../base/errno.ts';
import { Refused, SyscallFailed, unreachable } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import type { Netdev } from '../../netdev/provider.ts';
import type { Backer } from '../../ofproto/backer.ts';
import { localPort } from '../../ofproto/port.ts';
import type { StatusEvents } from '../../ofproto/protocols/protocol-deps.ts';
import { macOfUuid } from '../config/mac.ts';
import type { WantedBridge } from '../config/wanted.ts';
import { bridgeRefusals, ofprotoConfig, type SharedControl } from './bridge-config.ts';
import { exportersOf, followAgents } from './exporters.ts';
import { failureText, noteShortage } from './failures.ts';
import { InterfaceApplier, type InterfaceApplierDeps } from './interface-applier.ts';
import { LiveBridge, type LiveState } from './live.ts';
import { giveAddress } from './local-address.ts';
import type { AddInterface, Step } from './plan.ts';
import { setPort, tellIncompatible } from './port-bundle.ts';

const log = logger('bridge');
/** What opens thousands of devices answers packets, commands and the database in between. */
const openedPerTurn = 32;

export interface ApplyDeps extends InterfaceApplierDeps {
  readonly defer: Defer;
  /** Throws Refused when there is no such datapath type. */
  backerFor(datapathType: string): Promise<Backer>;
  /** The last bridge of a backer is gone. */
  releaseBacker(backer: Backer): Promise<void>;
  /** Who shows what the bridge's protocols have come to. */
  statusEventsOf(bridge: LiveBridge): StatusEvents;
  /** What all bridges have in common of how they talk OpenFlow. */
  control(): SharedControl;
}

export class Applier {
  readonly #deps: ApplyDeps;
  readonly #state: LiveState;
  readonly #interfaces: InterfaceApplier;

  constructor(deps: ApplyDeps) {
    this.#deps = deps;
    this.#state = deps.state;
    this.#interfaces = new InterfaceApplier(deps);
  }

  async apply(step: Step): Promise<void> {
    switch (step.do) {
      case 'addBridge':
        return this.#addBridge(step.wanted);
      case 'configureBridge':
        return this.#withBridge(step.bridge, async (bridge) => {
          bridge.id = step.wanted.id;
          bridge.settings = step.wanted.settings;
        });
      case 'removeBridge':
        return this.#withBridge(step.bridge, (bridge) => this.#removeBridge(bridge));
      case 'addInterface':
        return this.addInterfaces([step]);
      case 'configureInterface':
        return this.#withBridge(step.bridge, (bridge) => this.#interfaces.configure(bridge, step.wanted));
      case 'removeInterface':
        return this.#withBridge(step.bridge, async (bridge) => {
          const i = bridge.interfaces.get(step.name);
          if (i === undefined) return;
          if (step.why === 'device gone' && i.ofPort !== undefined)
            bridge.lostNumbers.set(step.name, i.ofPort);
          else bridge.lostNumbers.delete(step.name);
          await this.#interfaces.remove(bridge, i);
        });
      case 'setPort':
        return this.#withBridge(step.bridge, async (bridge) => {
          tellIncompatible(bridge, step.wanted);
          setPort(bridge, step.wanted);
        });
      case 'removePort':
        return this.#withBridge(step.bridge, async (bridge) => {
          bridge.removePort(step.port);
          bridge.ofproto.switchPorts.removeBundle(step.port);
        });
      case 'settleBridge':
        return this.#withBridge(step.bridge, (bridge) => this.#settle(bridge));
      default:
        return unreachable(step);
    }
  }

  /**
   * Takes each device in as soon as it is open, with what its port says of it, so that its frames flow while the next
   * ones are opened; resolves when all are in. They get their numbers in the order given.
   */
  async addInterfaces(steps: readonly AddInterface[]): Promise<void> {
    const takenIn: Promise<void>[] = [];
    for (const [n, { bridge: name, port, wanted }] of steps.entries()) {
      if (n % openedPerTurn === openedPerTurn - 1) await new Promise<void>((done) => this.#deps.defer(done));
      await this.#withBridge(name, async (bridge) => {
        const i = await this.#interfaces.open(bridge, port.name, wanted);
        if (i === undefined) return;
        const isIn = this.#interfaces.takeIn(bridge, port, i);
        isIn.catch(() => {}); // told below, once the others are open
        takenIn.push(isIn);
      });
    }
    await Promise.all(takenIn);
  }

  /** A bridge that could not be made has no steps of its own left to do. */
  async #withBridge(name: string, act: (bridge: LiveBridge) => Promise<void>): Promise<void> {
    const bridge = this.#state.bridges.get(name);
    if (bridge !== undefined) await act(bridge);
  }

  async #addBridge(wanted: WantedBridge): Promise<void> {
    const { id, name, settings } = wanted;
    try {
      const backer = await this.#deps.backerFor(settings.datapathType);
      const hwaddr = macOfUuid(id);
      const ofproto = backer.addBridge(name, ofprotoConfig(name, settings, hwaddr, this.#deps.control()));
      const bridge = new LiveBridge(id, name, settings, backer, ofproto);
      ofproto.protocols.status = this.#deps.statusEventsOf(bridge);
      this.#state.bridges.set(name, bridge);
      this.#state.unmadeBridges.delete(name);
    } catch (why) {
      if (!(why instanceof Refused || why instanceof SyscallFailed)) throw why;
      if (!(why instanceof SyscallFailed && why.errno === errnos.EAFNOSUPPORT))
        this.#state.unmadeBridges.add(name);
      noteShortage(this.#state, why);
      log.err(`failed to create bridge ${name}: ${failureText(why)}`);
    }
  }

  /** Lets every bridge go and leaves its devices to the process that takes them over. */
  async leaveAll(): Promise<void> {
    for (const bridge of [...this.#state.bridges.values()])
      await this.#removeBridge(bridge, (netdev) => netdev.leave());
  }

  async #removeBridge(bridge: LiveBridge, close?: (netdev: Netdev) => Promise<void>): Promise<void> {
    await Promise.all([...bridge.interfaces.values()].map((i) => this.#interfaces.remove(bridge, i, close)));
    await bridge.backer.removeBridge(bridge.name);
    this.#state.bridges.delete(bridge.name);
    if (bridge.backer.bridges.size === 0) await this.#deps.releaseBacker(bridge.backer);
  }

  /** Once for each target, as long as it is there. */
  #tellRefusals(bridge: LiveBridge): void {
    const refusals = bridgeRefusals(bridge, this.#deps.control());
    for (const { level, text } of refusals)
      if (!bridge.toldRefusals.includes(text)) log[level](`bridge ${bridge.name}: ${text}`);
    bridge.toldRefusals = refusals.map(({ text }) => text);
  }

  /** Each time that other ones are wanted, or that the local port is another device. */
  async #giveAddresses(bridge: LiveBridge): Promise<void> {
    const netdev = bridge.ofproto.ports.get(localPort)?.netdev;
    const wanted = bridge.settings.controllers.flatMap(({ localAddress }) => localAddress ?? []);
    const given = { wanted, ifindex: netdev?.state.ifindex };
    if (netdev === undefined || isDeepStrictEqual(given, bridge.givenAddresses)) return;
    bridge.givenAddresses = given;
    for (const each of wanted) await giveAddress(bridge.name, netdev, each);
  }

  /** Addresses and sizes that follow from all ports of the bridge together. */
  async #settle(bridge: LiveBridge): Promise<void> {
    const { mac, kept } = bridge.facts;
    const config = {
      ...ofprotoConfig(bridge.name, bridge.settings, mac, this.#deps.control()),
      exporters: exportersOf(bridge, this.#state),
    };
    const isNew = bridge.announcedId === undefined;
    const isSame = isDeepStrictEqual(bridge.ofproto.config, config);
    if (!isSame) bridge.ofproto.configure(config);
    bridge.ofproto.protocols.all.settled();
    followAgents(this.#state);
    if (bridge.announcedId !== config.datapathId)
      log.info(`bridge ${bridge.name}: using datapath ID ${config.datapathId}`);
    bridge.announcedId = config.datapathId;
    this.#tellRefusals(bridge);
    await this.#giveAddresses(bridge);
    const { controllers } = bridge.ofproto;
    if (isNew || !isSame || controllers.isIncomplete) await controllers.configure();
    for (const i of kept) {
      await this.#interfaces.tellNetdev(bridge, i);
      i.keepsMtu = false;
    }
  }
}
