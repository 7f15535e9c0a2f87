/**
 * Packets that the layer above sends by a switch: what a controller has done with them, or with those that waited for
 * it.
 */
import type { Datapath } from '../../datapath/provider.ts';
import { datapathWordCount, slots } from '../../flow/slots.ts';
import type { Continuation } from '../../openflow/messages/continuation.ts';
import type { Ofproto, PacketOfController } from '../ofproto.ts';
import { applyAllLearning } from '../translate/effects.ts';
import { type FrozenState, ownWordsOf } from '../translate/freezing/frozen-states.ts';
import type { ActionLists } from '../translate/intern.ts';
import type { TranslationContext, TranslationResult } from '../translate/request.ts';
import { translateFor } from '../translate/translate.ts';
import { withWireOptions } from '../tunnels/geneve-options.ts';
import type { PacketAccounts } from './packet-accounts.ts';

const noBytes = new Uint8Array(0);

interface ControllerPacketsDeps {
  readonly translation: TranslationContext;
  readonly datapath: Datapath;
  readonly lists: ActionLists;
  readonly accounts: PacketAccounts;
}

export class ControllerPackets {
  readonly #deps: ControllerPacketsDeps;

  constructor(deps: ControllerPacketsDeps) {
    this.#deps = deps;
  }

  /** Runs the actions that a controller gave. */
  packetOut(packet: PacketOfController): void {
    this.#sendOut(packet, this.#translateOut(packet, true));
  }

  /** Goes on with a packet of `bridge` that waited for a controller. */
  resume(packet: PacketOfController, bridge: Ofproto, continuation: Continuation): void {
    const { actions, stack, actionSet, isTracked, mirrors: mirrored } = continuation;
    const ownWords = ownWordsOf(packet.key.with(slots.in_port.word, packet.inPort));
    const rest = { table: undefined, actions, stack, actionSet };
    const state = { ofproto: bridge, table: 0, ownWords, isTracked, mirrored, userdata: noBytes, rest };
    this.#sendOut(
      packet,
      this.#translateOut(packet, true, { ...state, id: 0, flowCount: 0, translation: 0 }),
    );
  }

  /** Decides what the actions do; what is returned does it. */
  preparePacketOut(packet: PacketOfController): () => void {
    const { actions, effects, drop } = this.#translateOut(packet, false);
    return () => {
      applyAllLearning(effects);
      this.#sendOut(packet, { actions, effects, drop });
    };
  }

  #translateOut(packet: PacketOfController, hasPacket: boolean, state?: FrozenState): TranslationResult {
    const { ofproto, inPort, key, actions } = packet;
    const { datapath, translation } = this.#deps;
    return translateFor(datapath.features, {
      context: translation,
      key,
      ofproto,
      inPort,
      actions: state === undefined ? actions : undefined,
      state,
      hasPlacedOptions: true,
      hasPacket,
      packet: packet.bytes,
    });
  }

  #sendOut(
    packet: PacketOfController,
    { actions, effects, drop }: Pick<TranslationResult, 'actions' | 'effects' | 'drop'>,
  ): void {
    const { datapath } = this.#deps;
    const { key, bytes, ofproto } = packet;
    this.#deps.accounts.credit(effects, packet);
    if (drop !== undefined) this.#deps.accounts.drop(drop, packet);
    if (actions.length === 0) return;
    const wire = withWireOptions(key, ofproto.tlvTable);
    const sent = { bytes, key: wire.subarray(0, datapathWordCount), offload: undefined };
    datapath.execute(sent, this.#deps.lists.intern(actions));
  }
}
