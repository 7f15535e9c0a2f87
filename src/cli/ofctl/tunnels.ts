/**
 * Commands about options of tunnels: add-tlv-map, del-tlv-map. ovs-ofctl(8), "OpenFlow Switch Tunnel TLV Table
 * Commands".
 */
import { protocolSets } from '../../openflow/protocols/protocols.ts';
import { readTlvMappings } from '../../openflow/text/tlv-maps.ts';
import { orFatal } from './arguments.ts';
import { perform } from './changes.ts';
import type { OfctlContext } from './context.ts';
import { openForChanges } from './protocol.ts';

/** What `add-tlv-map SWITCH MAP` does. */
export async function addTlvMap(context: OfctlContext, args: readonly string[]): Promise<void> {
  await change(context, 'add', args);
}

/** What `del-tlv-map SWITCH [MAP]` does. */
export async function delTlvMap(context: OfctlContext, args: readonly string[]): Promise<void> {
  await change(context, args.length > 1 ? 'delete' : 'clear', args);
}

async function change(
  context: OfctlContext,
  command: 'add' | 'delete' | 'clear',
  [target = '', text = '']: readonly string[],
): Promise<void> {
  const mappings = await orFatal(() => readTlvMappings(text));
  const { connection } = await openForChanges(context, target, protocolSets.extensible);
  await perform(context, target, connection, { name: 'TLV_TABLE_MOD', value: { command, mappings } });
}
