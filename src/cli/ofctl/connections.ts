/** Commands that make a switch forget tracked connections: ct-flush-zone, ct-flush. ovs-ofctl(8). */
import { Fatal } from '../../daemon/program.ts';
import { readUnsigned } from '../../openflow/actions/arguments.ts';
import { readConnections } from '../../openflow/text/connections.ts';
import { orFatal } from './arguments.ts';
import { perform } from './changes.ts';
import type { OfctlContext } from './context.ts';
import { openTarget } from './protocol.ts';

/** What `ct-flush-zone SWITCH ZONE` does. */
export async function flushZone(
  context: OfctlContext,
  [target = '', text = '']: readonly string[],
): Promise<void> {
  const id = await orFatal(() => readUnsigned(text, 16, 'zone_id'));
  await perform(context, target, await openTarget(context, target), { name: 'CT_FLUSH_ZONE', value: { id } });
}

/** What `ct-flush SWITCH [zone=ZONE] [TUPLE [TUPLE]]` does. */
export async function flushConnections(context: OfctlContext, args: readonly string[]): Promise<void> {
  const [target = '', first = '', ...others] = args;
  const hasZone = first.startsWith('zone=');
  const zone = hasZone ? readZone(first) : undefined;
  const [original = '', reply = ''] = hasZone ? others : [first, ...others];
  const value = await orFatal(() => readConnections(original, reply, zone));
  await perform(context, target, await openTarget(context, target), { name: 'CT_FLUSH', value });
}

/** What stands behind the digits does not matter to the reference, nor do bits above 16. */
function readZone(text: string): number {
  const digits = /^zone=\s*([-+]?\d+)/.exec(text)?.[1];
  if (digits === undefined) throw new Fatal('Failed to parse zone');
  return Number(BigInt.asUintN(16, BigInt(digits)));
}
