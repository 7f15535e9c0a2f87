/** The ports of one bridge that speaks RSTP: their numbers, their order, and the state machines of each. */
import { orderAsHashed } from '../base/hash-order.ts';
import { portInformation } from './rstp-information.ts';
import type { RstpLink } from './rstp-link.ts';
import { bridgeDetection, portReceive, portTransmit, protocolMigration } from './rstp-receive.ts';
import { roleTransition } from './rstp-roles.ts';
import { stateTransition, topologyChange } from './rstp-topology.ts';
import { startMachine } from './state-machine.ts';

const mostPorts = 4095;

interface Run<P> {
  readonly link: RstpLink<P>;
  /** One step of each; false where that changed nothing. */
  readonly machines: readonly (() => boolean)[];
}

export class RstpPorts<P> {
  /** In the order in which they got their numbers. */
  #runs = new Map<P, Run<P>>();
  #inOrder: readonly Run<P>[] = [];
  #links: readonly RstpLink<P>[] = [];
  readonly #ofNumber = new Map<number, RstpLink<P>>();

  /** In the order in which the reference lists them, and runs their machines. */
  get links(): readonly RstpLink<P>[] {
    return this.#links;
  }

  get(port: P): RstpLink<P> | undefined {
    return this.#runs.get(port)?.link;
  }

  /** With the first number that is free. */
  add(link: RstpLink<P>): void {
    this.#runs.set(link.owner, runOf(link));
    this.#setNumber(link, this.#freeNumber(link));
    this.#order();
  }

  remove(port: P): void {
    const link = this.get(port);
    if (link !== undefined) this.#ofNumber.delete(link.settings.number);
    this.#runs.delete(port);
    this.#order();
  }

  /** That number where it is free, else the first that is; 0 for the first, too. */
  renumber(link: RstpLink<P>, wanted: number): void {
    const isFree = wanted >= 1 && wanted <= mostPorts && (this.#ofNumber.get(wanted) ?? link) === link;
    const number = isFree ? wanted : this.#freeNumber(link);
    const run = this.#runs.get(link.owner);
    if (number === link.settings.number || run === undefined) return;
    this.#runs.delete(link.owner);
    this.#runs.set(link.owner, run);
    this.#setNumber(link, number);
    this.#order();
  }

  /** Each is what `make` makes of it, and begins. */
  restart(make: (link: RstpLink<P>) => RstpLink<P>): void {
    this.#runs = new Map([...this.#runs].map(([port, { link }]) => [port, runOf(make(link))]));
    this.#ofNumber.clear();
    for (const { link } of this.#runs.values()) this.#ofNumber.set(link.settings.number, link);
    this.#order();
  }

  /** One step of every machine; false where that changed nothing. */
  step(): boolean {
    let isChanging = false;
    for (const { machines } of this.#inOrder) for (const each of machines) if (each()) isChanging = true;
    return isChanging;
  }

  #freeNumber(link: RstpLink<P>): number {
    for (let number = 1; number <= mostPorts; number++)
      if ((this.#ofNumber.get(number) ?? link) === link) return number;
    return 0;
  }

  #setNumber(link: RstpLink<P>, number: number): void {
    if (this.#ofNumber.get(link.settings.number) === link) this.#ofNumber.delete(link.settings.number);
    this.#ofNumber.set(number, link);
    link.settings = { ...link.settings, number };
  }

  #order(): void {
    this.#inOrder = orderAsHashed([...this.#runs.values()], ({ link }) => link.settings.number);
    this.#links = this.#inOrder.map(({ link }) => link);
  }
}

/** With its machines in the order in which they are run. */
function runOf<P>(link: RstpLink<P>): Run<P> {
  const machines = [
    startMachine(portReceive, 'discard', link),
    startMachine(bridgeDetection, 'notEdge', link),
    startMachine(portInformation, 'disabled', link),
    startMachine(roleTransition, 'initPort', link),
    startMachine(stateTransition, 'discarding', link),
    startMachine(topologyChange, 'inactive', link),
    startMachine(portTransmit, 'init', link),
    startMachine(protocolMigration, 'checkingRstp', link),
  ];
  return { link, machines };
}
