/** Packets that begin with their network header, and are seen with an Ethernet header, or the other way round. */
import { etherTypeOf, getSlot, setSlot } from '../../flow/key.ts';
import { typedPacket } from '../../flow/packet-type.ts';
import { slots } from '../../flow/slots.ts';
import type { DatapathActions } from './datapath-actions.ts';

/** An Ethernet header comes in front, with addresses of zeros; it is pushed when the packet goes anywhere. */
export function coverWithEthernet(flow: Uint32Array, datapath: DatapathActions): void {
  clearAddresses(flow);
  setSlot(flow, 'eth_type', getSlot(flow, 'eth_type') || etherTypeOf(flow));
  setSlot(flow, 'packet_type', 0);
  datapath.isPlain = false;
  datapath.pend({ kind: 'ethernet' });
}

/** What `run` does is done to the packet without its Ethernet header, which may not have come in front of it yet. */
export function withoutEthernet(flow: Uint32Array, datapath: DatapathActions, run: () => void): void {
  const pending = datapath.takePending('ethernet');
  datapath.isPlain = false;
  setSlot(flow, 'packet_type', typedPacket(getSlot(flow, 'eth_type')));
  run();
  setSlot(flow, 'packet_type', 0);
  if (pending !== undefined) datapath.pend(pending);
}

export function clearAddresses(flow: Uint32Array): void {
  const type = getSlot(flow, 'eth_type');
  flow.fill(0, slots.eth_dst.word, slots.vlan_tpid.word);
  setSlot(flow, 'eth_type', type);
}
