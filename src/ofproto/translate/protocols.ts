/** Packets that are no traffic of others, but what protocols of the switch say to their neighbours. */
import type { SlowPathReason } from '../../datapath/cookie.ts';
import { getSlot } from '../../flow/key.ts';
import { slots } from '../../flow/slots.ts';
import { ethernet, etherType, vlanPresent, vlanTag } from '../../wire/ethernet.ts';
import type { Ofproto } from '../ofproto.ts';
import type { OfprotoPort } from '../port.ts';

/** Gives the packet, where there is one, to the protocol of the port that it is for; undefined where it is for none. */
export function giveToProtocol(
  ofproto: Ofproto,
  inPort: OfprotoPort | undefined,
  flow: Uint32Array,
  packet: Uint8Array | undefined,
): SlowPathReason | undefined {
  const bundle = inPort?.bundle;
  if (inPort === undefined || bundle?.lacp === undefined || getSlot(flow, 'eth_type') !== etherType.slow)
    return undefined;
  if (packet !== undefined) ofproto.bonding.receive(bundle, inPort, packet.subarray(payloadAt(flow)));
  return 'lacp';
}

function payloadAt(flow: Uint32Array): number {
  const tags = [slots.vlan_tpid.word, slots.vlan_tpid2.word].filter(
    (word) => ((flow[word] ?? 0) & vlanPresent) !== 0,
  );
  return ethernet.size + tags.length * vlanTag.size;
}
