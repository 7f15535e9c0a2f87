/** STP of one switch. */
import type { Ms } from '../../base/units.ts';
import { Stp } from '../../protocols/stp.ts';
import type { StpPortSettings, StpSettings } from '../../protocols/stp-types.ts';
import type { Bpdu } from '../../wire/bpdu.ts';
import type { OfprotoPort } from '../port.ts';
import type { Tree, TreeChanges } from './tree.ts';
import { stpStates, type TreeState } from './tree-state.ts';

export class StpTree implements Tree {
  readonly protocol = 'STP';
  readonly stp: Stp<OfprotoPort>;

  constructor(name: string, settings: StpSettings, send: (port: OfprotoPort, bpdu: Bpdu) => void, now: Ms) {
    this.stp = new Stp(name, settings, send, now);
  }

  /** Those that take part from now on. */
  setPorts(ports: ReadonlyMap<OfprotoPort, StpPortSettings>): void {
    for (const [port, { settings }] of [...this.stp.ports])
      if (ports.get(port)?.number !== settings.number) this.stp.removePort(port);
    for (const [port, settings] of ports) {
      if (this.stp.ports.has(port)) this.stp.configurePort(port, settings);
      else this.stp.addPort(port, settings);
      this.followLink(port);
    }
  }

  followLink(port: OfprotoPort): void {
    this.stp.setUp(port, port.hasCarrier);
  }

  removePort(port: OfprotoPort): void {
    this.stp.removePort(port);
  }

  receive(port: OfprotoPort, payload: Uint8Array): void {
    this.stp.receive(port, payload);
  }

  run(now: Ms): Ms {
    return this.stp.run(now);
  }

  stateOf(port: OfprotoPort): TreeState | undefined {
    const state = this.stp.ports.get(port)?.state;
    return state && stpStates[state];
  }

  takeChanges(): TreeChanges {
    return { flushed: this.stp.takeFlush() ? 'all' : [], moved: undefined };
  }

  get summary(): string {
    const { id, rootId, rootPathCost, ports } = this.stp;
    const each = [...ports].map(([port, { portId, state }]) => `${portId} ${state} ${this.stp.roleOf(port)}`);
    return [id, rootId, rootPathCost, ...each].join();
  }
}
