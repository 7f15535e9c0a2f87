/** Messages of which most programs say little: what is not given is as ovs-ofctl has it. */
import { type Match, matchOn } from '../../flow/match.ts';
import { anyGroup, type FlowMod, plainFlowMod } from '../messages/flow-mod.ts';
import type { FlowRequest } from '../messages/flow-request.ts';
import type { Message } from '../messages/index.ts';
import type { PacketOut } from '../messages/packet-out.ts';
import { reservedPorts } from '../ports.ts';

type MessageOf<N extends Message['name']> = Extract<Message, { readonly name: N }>;

const anyPacket: Match = matchOn({});

/**
 * A change of flow tables: adds a flow of table 0 that matches every packet and drops it, except for what is given. One
 * that changes or deletes flows does so in all tables and keeps their cookies; in OpenFlow 1.0, where no table is told,
 * give 0 for it.
 */
export function flowMod(given: Partial<FlowMod> = {}): MessageOf<'FLOW_MOD'> {
  const isAdd = (given.command ?? 'add') === 'add';
  const value: FlowMod = {
    ...plainFlowMod,
    command: 'add',
    table: isAdd ? 0 : 255,
    match: anyPacket,
    newCookie: isAdd ? 0n : undefined,
    ...given,
  };
  return { name: 'FLOW_MOD', value };
}

/** Asks for flows: for all of all tables, except for what is given. */
export function flowRequest(given: Partial<FlowRequest> = {}): MessageOf<'FLOW_REQUEST'> {
  const value: FlowRequest = {
    table: 255,
    outPort: reservedPorts.ANY,
    outGroup: anyGroup,
    cookie: 0n,
    cookieMask: 0n,
    match: anyPacket,
    ...given,
  };
  return { name: 'FLOW_REQUEST', value };
}

/** Sends a packet, or one that the switch keeps; as one from the controller unless `metadata` has another port. */
export function packetOut(given: Pick<PacketOut, 'actions'> & Partial<PacketOut>): MessageOf<'PACKET_OUT'> {
  const metadata = matchOn({ in_port: reservedPorts.CONTROLLER });
  const value: PacketOut = { bufferId: undefined, packet: new Uint8Array(), metadata, ...given };
  return { name: 'PACKET_OUT', value };
}
