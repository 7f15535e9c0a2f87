/**
 * Whether anything may be done with a packet that has come into a bridge: congestion in its tunnel (RFC 6040), settings
 * and states of its port.
 */
import { portConfigBit } from '../../openflow/messages/port-description.ts';
import type { OfprotoPort } from '../port.ts';
import { isBpdu } from '../spanning-tree/bpdu-protocol.ts';
import type { DropReason } from './drop-reasons.ts';
import { carryCongestion } from './tunnels/tunnel-arrival.ts';

const noReceive = portConfigBit('NO_RECV');
const noReceiveStp = portConfigBit('NO_RECV_STP');

/** Why not; undefined where it may. What a tunnel tells of congestion is in its fields then. */
export function admissionRefusal(flow: Uint32Array, port: OfprotoPort | undefined): DropReason | undefined {
  if (!carryCongestion(flow)) return 'congestionUntold';
  if (port === undefined) return undefined;
  if ((port.settings & (isBpdu(flow) ? noReceiveStp : noReceive)) !== 0) return 'noReceive';
  return port.tree?.learns === false ? 'treeDiscards' : undefined;
}
