/** Packets that are to be sent: packet-out. ovs-ofctl(8). */
import { Fatal } from '../../daemon/program.ts';
import { readActionText } from '../../openflow/action-codec.ts';
import { protocolsOfActions } from '../../openflow/protocols/action-protocols.ts';
import { packetFrom, readFrame, readPacketOut } from '../../openflow/text/packet-out.ts';
import { orFatal } from './arguments.ts';
import { perform } from './changes.ts';
import type { OfctlContext } from './context.ts';
import { NameReader, portNumber } from './names.ts';
import { openForChanges } from './protocol.ts';

/** What `packet-out SWITCH PACKET-OUT` does, or with what it took before: SWITCH PORT ACTIONS PACKET... */
export async function sendPackets(context: OfctlContext, args: readonly string[]): Promise<void> {
  const [target = '', text = ''] = args;
  if (args.length === 3) throw new Fatal(`Too many arguments (${args.length + 1})`);
  if (args.length > 3) return packetsOut(context, args);
  const names = new NameReader(context, target);
  const { message, usable } = await orFatal(() => names.read((nameText) => readPacketOut(text, nameText)));
  const { connection } = await openForChanges(context, target, usable);
  await perform(context, target, connection, { name: 'PACKET_OUT', value: message });
}

async function packetsOut(
  context: OfctlContext,
  [target = '', port = '', actionText = '', ...packets]: readonly string[],
): Promise<void> {
  const names = new NameReader(context, target);
  const actions = await orFatal(() => names.read((nameText) => readActionText(actionText, nameText)));
  const from = await portNumber(context, target, port);
  const usable = protocolsOfActions(actions, 'actions and meter');
  const { connection } = await openForChanges(context, target, usable);
  for (const text of packets) {
    const packet = await orFatal(() => readFrame(text));
    const value = packetFrom(from, actions, packet);
    await perform(context, target, connection, { name: 'PACKET_OUT', value });
  }
}
