/** What NetFlow is told of a packet: to which flow it belongs, and where that goes. */
import { getSlot, maskSlot, setSlot } from '../../flow/key.ts';
import { etherType } from '../../wire/ethernet.ts';
import { serviceBits } from '../../wire/ip.ts';
import { netFlowKeyOf } from '../exporters/netflow.ts';
import type { Effect } from './effects.ts';
import type { OutputTally } from './output-tally.ts';
import type { TranslationRequest } from './request.ts';

/** What exporters tell flows apart by has decided. */
export function unwildcardExported(mask: Uint32Array, { ofproto, key }: TranslationRequest): void {
  if (ofproto.exporters.netFlow === undefined || getSlot(key, 'eth_type') !== etherType.ipv4) return;
  for (const slot of ['nw_proto', 'nw_src', 'nw_dst'] as const) maskSlot(mask, slot);
  setSlot(mask, 'nw_tos', getSlot(mask, 'nw_tos') | serviceBits.dscp);
  maskSlot(mask, 'tp_src');
  maskSlot(mask, 'tp_dst');
}

/** The packets are counted for the flow that NetFlow tells of, where they come in for the first time. */
export function netFlowEffect(
  { ofproto, state }: TranslationRequest,
  flow: Uint32Array,
  { netFlow: output }: OutputTally,
): Effect | undefined {
  const { netFlow: exporter } = ofproto.exporters;
  if (exporter === undefined || state !== undefined) return undefined;
  const key = netFlowKeyOf(flow);
  return key && { kind: 'netflow', exporter, key, output };
}
