/** Who may keep a packet from leaving by a port, in the reference's order; to add one is a line in the list. */
import { getSlot } from '../../flow/key.ts';
import { portConfigBit } from '../../openflow/messages/port-description.ts';
import type { OfprotoPort } from '../port.ts';
import type { DropReason } from './drop-reasons.ts';

/** Why a packet that came by `from` may not leave by `to`; undefined when it may. `flow` is the packet as it would. */
type OutputCheck = (
  from: OfprotoPort | undefined,
  to: OfprotoPort,
  flow: Uint32Array,
) => DropReason | undefined;

const outputChecks: readonly OutputCheck[] = [
  refuseUnforwarded,
  refuseBetweenProtected,
  refuseWithoutEthernet,
];

/** The first reason why it may not. */
export const refuseOutput: OutputCheck = (from, to, flow) => {
  for (const check of outputChecks) {
    const reason = check(from, to, flow);
    if (reason !== undefined) return reason;
  }
  return undefined;
};

const noForward = portConfigBit('NO_FWD');

function refuseUnforwarded(
  _from: OfprotoPort | undefined,
  { settings }: OfprotoPort,
): DropReason | undefined {
  return (settings & noForward) === 0 ? undefined : 'noForward';
}

function refuseBetweenProtected(from: OfprotoPort | undefined, to: OfprotoPort): DropReason | undefined {
  const isBetween = from?.bundle?.config.isProtected === true && to.bundle?.config.isProtected === true;
  return isBetween ? 'protectedPorts' : undefined;
}

/** No port takes packets that begin with their network header yet. */
function refuseWithoutEthernet(
  _from: OfprotoPort | undefined,
  to: OfprotoPort,
  flow: Uint32Array,
): DropReason | undefined {
  return to.dpPort !== undefined && getSlot(flow, 'packet_type') !== 0 ? 'noEthernet' : undefined;
}
