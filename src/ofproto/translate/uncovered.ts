/** What can be done with a packet whose last label was popped: nothing is known of what is behind it. */
import { layerOfWord, linkLayer } from '../../flow/slots.ts';
import type { Action } from '../../openflow/actions/index.ts';
import { fieldOf } from '../../openflow/actions/subfield.ts';

/** Actions that work on a packet of which only the Ethernet header is known. */
const linkActions: ReadonlySet<Action['do']> = new Set([
  'output',
  'output_reg',
  'output_trunc',
  'enqueue',
  'set_vlan_vid',
  'set_vlan_pcp',
  'set_eth_src',
  'set_eth_dst',
  'set_tunnel',
  'set_queue',
  'group',
]);

export function seesNoPayload(action: Action): boolean {
  if (action.do !== 'set_field') return linkActions.has(action.do);
  const { slot, place } = fieldOf(action.field);
  return slot !== 'mpls_lse' && (layerOfWord[place.word] ?? 0) <= linkLayer;
}
