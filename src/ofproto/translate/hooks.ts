/** Who may keep a packet from leaving by a port, in the reference's order; to add one is a line in the list. */
import { getSlot } from '../../flow/key.ts';
import { portConfigBit } from '../../openflow/messages/port-description.ts';
import { bfdProtocol, cfmProtocol } from '../monitoring/link-protocols.ts';
import type { OfprotoPort } from '../port.ts';
import type { ArrivedPacket } from '../protocols/link-protocol.ts';
import { isBpdu } from '../spanning-tree/bpdu-protocol.ts';
import type { DropReason } from './drop-reasons.ts';

/** A packet as it would leave, with the port that it would leave by, and the mask of what decides about that. */
type LeavingPacket = ArrivedPacket;

/** Why a packet that came by `from` may not leave; undefined when it may. */
type OutputCheck = (from: OfprotoPort | undefined, leaving: LeavingPacket) => DropReason | undefined;

const outputChecks: readonly OutputCheck[] = [
  refuseUnforwarded,
  refuseBetweenProtected,
  refuseByTree,
  refuseWithoutEthernet,
];

/** What goes by every port does so whatever a spanning tree says. */
const withoutTree = outputChecks.filter((check) => check !== refuseByTree);

/** The first reason why it may not. */
export function refuseOutput(
  from: OfprotoPort | undefined,
  leaving: LeavingPacket,
  obeysTree: boolean,
): DropReason | undefined {
  for (const check of obeysTree ? outputChecks : withoutTree) {
    const reason = check(from, leaving);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

const noForward = portConfigBit('NO_FWD');

function refuseUnforwarded(_from: OfprotoPort | undefined, { port }: LeavingPacket): DropReason | undefined {
  return (port.settings & noForward) === 0 ? undefined : 'noForward';
}

function refuseBetweenProtected(
  from: OfprotoPort | undefined,
  { port }: LeavingPacket,
): DropReason | undefined {
  const isBetween = from?.bundle?.config.isProtected === true && port.bundle?.config.isProtected === true;
  return isBetween ? 'protectedPorts' : undefined;
}

/** BPDUs are what a tree is made of, and that the link works is found out whether it is in the tree or not. */
function refuseByTree(_from: OfprotoPort | undefined, leaving: LeavingPacket): DropReason | undefined {
  const { tree } = leaving.port;
  if (tree === undefined || tree.forwards) return undefined;
  if (isBpdu(leaving.flow)) return tree.sendsBpdus ? undefined : 'stpNotListening';
  if (cfmProtocol.claims(leaving) || bfdProtocol.claims(leaving)) return undefined;
  return tree.protocol === 'STP' ? 'stpNotForwarding' : 'rstpNotForwarding';
}

/** Only some tunnels take packets that begin with their network header. */
function refuseWithoutEthernet(
  _from: OfprotoPort | undefined,
  { port, flow }: LeavingPacket,
): DropReason | undefined {
  if (getSlot(flow, 'packet_type') === 0 || port.dpPort === undefined) return undefined;
  return (port.tunnel?.mode ?? 'legacy_l2') === 'legacy_l2' ? 'noEthernet' : undefined;
}
