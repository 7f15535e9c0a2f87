/** RSTP of one switch. */
import type { Ms } from '../../base/units.ts';
import { Rstp } from '../../protocols/rstp.ts';
import type { RstpPortSettings, RstpSettings } from '../../protocols/rstp-types.ts';
import type { Bpdu } from '../../wire/bpdu.ts';
import type { OfprotoPort } from '../port.ts';
import type { Tree, TreeChanges } from './tree.ts';
import { rstpStates, type TreeState } from './tree-state.ts';

export class RstpTree implements Tree {
  readonly protocol = 'RSTP';
  readonly rstp: Rstp<OfprotoPort>;

  constructor(name: string, settings: RstpSettings, send: (port: OfprotoPort, bpdu: Bpdu) => void, now: Ms) {
    this.rstp = new Rstp(name, settings, send, now);
  }

  /** Those that take part from now on. */
  setPorts(ports: ReadonlyMap<OfprotoPort, RstpPortSettings>): void {
    for (const { owner } of [...this.rstp.links]) if (!ports.has(owner)) this.rstp.removePort(owner);
    for (const [port, settings] of ports) {
      if (this.rstp.portOf(port) === undefined) this.rstp.addPort(port);
      this.rstp.configurePort(port, settings);
      this.followLink(port);
    }
  }

  followLink(port: OfprotoPort): void {
    this.rstp.setUp(port, port.mayEnable);
  }

  removePort(port: OfprotoPort): void {
    if (this.rstp.portOf(port) !== undefined) this.rstp.removePort(port);
  }

  receive(port: OfprotoPort, payload: Uint8Array): void {
    this.rstp.receive(port, payload);
  }

  run(now: Ms): Ms {
    return this.rstp.run(now);
  }

  stateOf(port: OfprotoPort): TreeState | undefined {
    const state = this.rstp.portOf(port)?.state;
    return state && rstpStates[state];
  }

  takeChanges(): TreeChanges {
    return this.rstp.takeChanges();
  }

  get summary(): string {
    const { id, rootVector, links } = this.rstp;
    const each = links.map(
      ({ portId, state, role, portPriority }) => `${portId} ${state} ${role} ${Object.values(portPriority)}`,
    );
    return [id, ...Object.values(rootVector), ...each].join();
  }
}
