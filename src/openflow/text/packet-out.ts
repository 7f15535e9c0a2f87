/**
 * Packets that are to be sent, as ovs-ofctl takes them: "in_port=1,packet=0123...,actions=output:2" (ovs-ofctl(8),
 * "Packet-Out Syntax").
 */
import { Malformed } from '../../base/errors.ts';
import { readHexBytes } from '../../base/hex-dump.ts';
import { fieldNamed } from '../../flow/fields/index.ts';
import { readIntegerAhead } from '../../flow/fields/integer.ts';
import { readFieldText } from '../../flow/fields/text.ts';
import { maskSlot, setSlot } from '../../flow/key.ts';
import { keyValues } from '../../flow/key-values.ts';
import { matchOn } from '../../flow/match.ts';
import { MatchBuilder } from '../../flow/match-text.ts';
import { ethernet } from '../../wire/ethernet.ts';
import { readActionText } from '../action-codec.ts';
import { readPortArgument, wrong } from '../actions/arguments.ts';
import type { ActionText } from '../actions/declare.ts';
import type { Action } from '../actions/index.ts';
import { isPipelineField } from '../match/oxm-match.ts';
import { isPortOfPacketOut, type PacketOut } from '../messages/packet-out.ts';
import { firstReservedPort, reservedPorts } from '../ports.ts';
import { protocolsOfActions } from '../protocols/action-protocols.ts';
import { type ProtocolSet, protocolSets, protocolsOfField } from '../protocols/protocols.ts';
import { splitActions } from './flows.ts';

export interface ReadPacketOut {
  readonly message: PacketOut;
  /** The protocols that can say it. */
  readonly usable: ProtocolSet;
}

/** Throws Malformed, whose `why` is the whole message. */
export function readPacketOut(text: string, context: ActionText): ReadPacketOut {
  const [head, actionText = ''] = splitActions(text);
  const metadata = new MatchBuilder();
  setInPort(metadata, reservedPorts.CONTROLLER);
  let packet: Uint8Array | undefined;
  let usable: ProtocolSet = protocolSets.any;
  for (const { name, value } of keyValues(head)) {
    if (value === '') throw wrong(`field ${name} missing value`);
    if (name === 'in_port') setInPort(metadata, readInPort(value, context));
    else if (name === 'packet_type') setPacketType(metadata, value);
    else if (name === 'packet') packet = readPacketOf(value);
    else usable &= setField(metadata, name, value, context);
  }
  if (packet === undefined) throw wrong('must specify packet');
  const actions = readActionText(actionText, context);
  usable &= protocolsOfActions(actions, 'actions and meter');
  return { message: { bufferId: undefined, metadata: metadata.match, actions, packet }, usable };
}

/** A packet as if it had come from that port. */
export function packetFrom(port: number, actions: readonly Action[], packet: Uint8Array): PacketOut {
  return { bufferId: undefined, metadata: matchOn({ in_port: port }), actions, packet };
}

function setInPort({ key, mask }: MatchBuilder, port: number): void {
  setSlot(key, 'in_port', port);
  maskSlot(mask, 'in_port');
}

function readInPort(text: string, context: ActionText): number {
  const port = readPortArgument(text, context);
  if (port === undefined) throw wrong(`${text} is not a valid OpenFlow port`);
  // The reference leaves it to the switch to refuse the first reserved one.
  if (port !== firstReservedPort && !isPortOfPacketOut(port))
    throw wrong(`${text} is not a valid OpenFlow port for PACKET_OUT`);
  return port;
}

/** "NAMESPACE,TYPE". */
function setPacketType({ key, mask }: MatchBuilder, text: string): void {
  const comma = text.indexOf(',');
  if (comma === -1) throw wrong(`packet_type(${text}) can't be interpreted`);
  const part = (digits: string): bigint => readIntegerAhead(digits, 8)?.value ?? 0n;
  const type = (part(text.slice(0, comma)) << 16n) | part(text.slice(comma + 1));
  setSlot(key, 'packet_type', Number(BigInt.asUintN(32, type)));
  maskSlot(mask, 'packet_type');
}

function readPacketOf(text: string): Uint8Array {
  try {
    return readFrame(text);
  } catch (error) {
    throw error instanceof Malformed ? wrong(`packet: ${error.why}`) : error;
  }
}

/** A frame as hexadecimal digits. Throws Malformed, whose `why` is the whole message. */
export function readFrame(text: string): Uint8Array {
  const packet = readHexBytes(text);
  if (packet === undefined) throw wrong('Trailing garbage in packet data');
  if (packet.length < ethernet.size) throw wrong('Packet data too short for Ethernet');
  return packet;
}

function setField(into: MatchBuilder, name: string, text: string, { ports }: ActionText): ProtocolSet {
  const field = fieldNamed(name);
  if (field === undefined) throw wrong(`unknown keyword ${name}`);
  const { value, mask } = readFieldText(field, text, ports);
  if (!isPipelineField(field)) throw wrong(`${name} is not a valid pipeline field for PACKET_OUT`);
  into.set(field, value, mask);
  return protocolsOfField(field, mask);
}
