/** What is counted of a packet that the switch itself deals with: for rules, ports and exporters, or as dropped. */
import type { Timers } from '../../base/timers.ts';
import { ofPort } from '../../base/units.ts';
import type { DpPacket, Upcall } from '../../datapath/provider.ts';
import { slotReader } from '../../flow/key.ts';
import { slots } from '../../flow/slots.ts';
import { unsetPort } from '../../openflow/ports.ts';
import type { DropTally } from '../drops/drop-tally.ts';
import type { DropWatchers } from '../drops/drop-watchers.ts';
import type { PortIndex } from '../port-index.ts';
import type { DropReason } from '../translate/drop-reasons.ts';
import { creditEffects, type Effect } from '../translate/effects.ts';
import { type FrozenState, thaw } from '../translate/freezing/frozen-states.ts';
import type { PacketDrop } from '../translate/request.ts';

const tcpFlagsOf = slotReader('tcp_flags');

interface PacketAccountsDeps {
  readonly timers: Timers;
  readonly ports: PortIndex;
  readonly drops: DropTally;
  readonly watchers: DropWatchers;
}

export class PacketAccounts {
  readonly #deps: PacketAccountsDeps;

  constructor(deps: PacketAccountsDeps) {
    this.#deps = deps;
  }

  credit(effects: readonly Effect[], { bytes, key }: Pick<DpPacket, 'bytes' | 'key'>): void {
    const at = this.#deps.timers.clock.now();
    creditEffects(effects, { packets: 1, bytes: bytes.length, tcpFlags: tcpFlagsOf(key), at });
  }

  /** Drops a packet that no translation had, but for the one that left `state`. */
  dropEarly(reason: DropReason, upcall: Upcall, state?: FrozenState): void {
    const { key } = upcall;
    const input = this.#deps.ports.inputOf(key);
    const { ofproto, table } = state ?? { ofproto: input?.ofproto, table: undefined };
    const inPort =
      state === undefined ? (input?.port.ofPort ?? unsetPort) : (thaw(state, key)[slots.in_port.word] ?? 0);
    const end = { ofproto, inPort: ofPort(inPort), table, rule: undefined, action: undefined };
    this.drop({ reason, end }, upcall);
  }

  drop(drop: PacketDrop, packet: Pick<DpPacket, 'bytes' | 'key'>): void {
    this.#deps.drops.add(drop);
    this.#deps.watchers.bridgeDropped(drop, packet);
  }
}
