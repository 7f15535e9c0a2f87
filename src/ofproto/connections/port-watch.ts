/** What connections were told of ports, and what they are told of changes: OpenFlow 1.5.1 section 7.4.3. */
import {
  type PortDescription,
  portConfigBit,
  portStateBit,
} from '../../openflow/messages/port-description.ts';
import type { OfprotoPort } from '../port.ts';
import { describePort } from './port-requests.ts';

export interface PortChange {
  readonly reason: 'add' | 'delete' | 'modify';
  readonly port: PortDescription;
  /** What was told before. */
  readonly before: PortDescription | undefined;
}

const portDown = portConfigBit('PORT_DOWN');
const live = portStateBit('LIVE');

export class PortWatch {
  readonly #told = new Map<OfprotoPort, PortDescription>();

  /** What is to be told; a port that comes is not live before its bundle is there. */
  *added(port: OfprotoPort): IterableIterator<PortChange> {
    const description = describePort(port);
    const told = { ...description, state: description.state & ~live };
    this.#told.set(port, told);
    yield { reason: 'add', port: told, before: undefined };
  }

  *changed(port: OfprotoPort): IterableIterator<PortChange> {
    const before = this.#told.get(port);
    if (before === undefined) return;
    const now = describePort(port);
    // That nothing goes through it any more is noticed before why.
    if ((before.state & ~now.state & live) !== 0)
      yield* this.#modified(port, { ...before, state: before.state & ~live });
    yield* this.#modified(port, now);
  }

  /**
   * The port is about to be switched on or off, and what else `config` says holds; what the device makes of it follows.
   */
  *configured(port: OfprotoPort, config: number): IterableIterator<PortChange> {
    const before = this.#told.get(port);
    if (before === undefined) return;
    const state = (config & portDown) === 0 ? before.state : before.state & ~live;
    yield* this.#modified(port, { ...before, config, state });
  }

  removed(port: OfprotoPort): PortChange | undefined {
    const told = this.#told.get(port);
    this.#told.delete(port);
    return told && { reason: 'delete', port: told, before: undefined };
  }

  *#modified(port: OfprotoPort, now: PortDescription): IterableIterator<PortChange> {
    const before = this.#told.get(port);
    this.#told.set(port, now);
    if (before !== undefined) yield { reason: 'modify', port: now, before };
  }
}
