/** What the database shows of spanning trees: status columns of Bridge and Port, ovs-vswitchd.conf.db(5). */
import type { Ofproto } from '../../ofproto/ofproto.ts';
import type { OfprotoPort } from '../../ofproto/port.ts';
import { capitalized } from '../../ofproto/views/stp.ts';
import type { Integer } from '../../ovsdb/schema-types.ts';
import type { BridgeId } from '../../wire/bpdu.ts';
import type { OvsChange } from '../schema/index.ts';

const texts = (pairs: Record<string, string | number>): ReadonlyMap<string, string> =>
  new Map(Object.entries(pairs).map(([key, value]) => [key, String(value)]));

const counts = (pairs: Record<string, number>): ReadonlyMap<string, Integer> =>
  new Map(Object.entries(pairs));

export function reportBridgeTree({ protocols }: Ofproto): OvsChange<'Bridge'> {
  const { stp, rstp } = protocols.spanningTree;
  return {
    status:
      stp === undefined
        ? new Map()
        : texts({
            stp_bridge_id: `${stp.id.slice(0, 4)}.${stp.id.slice(4)}`,
            stp_designated_root: `${stp.rootId.slice(0, 4)}.${stp.rootId.slice(4)}`,
            stp_root_path_cost: stp.rootPathCost,
          }),
    rstp_status:
      rstp === undefined
        ? new Map()
        : texts({
            rstp_bridge_id: inThreeParts(rstp.id),
            rstp_bridge_port_id: inHex(rstp.rootVector.receiverId),
            rstp_designated_id: inThreeParts(rstp.rootVector.bridgeId),
            rstp_designated_port_id: inHex(rstp.rootVector.portId),
            rstp_root_id: inThreeParts(rstp.rootVector.rootId),
            rstp_root_path_cost: rstp.rootVector.rootPathCost,
          }),
  };
}

/** But for counters. */
export function reportPortTree(ofproto: Ofproto, name: string): OvsChange<'Port'> {
  const { spanningTree } = ofproto.protocols;
  const port = onlyPortOf(ofproto, name);
  const stp = port && spanningTree.stp?.ports.get(port);
  const rstp = port && spanningTree.rstp?.portOf(port);
  return {
    status:
      stp === undefined || port === undefined
        ? new Map()
        : texts({
            stp_port_id: stp.portId,
            stp_role: spanningTree.stp?.roleOf(port) ?? '',
            stp_sec_in_state: Math.floor(spanningTree.timeInState(port) / 1000),
            stp_state: stp.state,
          }),
    rstp_status:
      rstp === undefined
        ? new Map()
        : texts({
            rstp_designated_bridge_id: inThreeParts(rstp.portPriority.bridgeId),
            rstp_designated_path_cost: rstp.portPriority.rootPathCost,
            rstp_designated_port_id: inHex(rstp.portPriority.portId),
            rstp_port_id: inHex(rstp.portId),
            rstp_port_role: capitalized(rstp.role),
            rstp_port_state: capitalized(rstp.state),
          }),
  };
}

export function reportPortCounters(ofproto: Ofproto, name: string): OvsChange<'Port'> {
  const { spanningTree } = ofproto.protocols;
  const port = onlyPortOf(ofproto, name);
  const stp = port && spanningTree.stp?.ports.get(port)?.counters;
  const rstp = port && spanningTree.rstp?.portOf(port);
  return {
    statistics:
      stp === undefined
        ? new Map()
        : counts({ stp_error_count: stp.bad, stp_rx_count: stp.received, stp_tx_count: stp.sent }),
    rstp_statistics:
      rstp === undefined
        ? new Map()
        : counts({
            rstp_error_count: rstp.badCount,
            rstp_rx_count: rstp.receivedCount,
            rstp_tx_count: rstp.sentCount,
            rstp_uptime: rstp.uptime,
          }),
  };
}

/** No bond takes part in a spanning tree. */
function onlyPortOf({ bundles }: Ofproto, name: string): OfprotoPort | undefined {
  const { members = [] } = bundles.get(name) ?? {};
  return members.length === 1 ? members[0] : undefined;
}

/** Priority, the rest of its bits, and the address: IEEE 802.1D-2004 clause 9.2.5. */
function inThreeParts(id: BridgeId): string {
  return `${id.slice(0, 1)}.${id.slice(1, 4)}.${id.slice(4)}`;
}

function inHex(portId: number): string {
  return portId.toString(16).padStart(4, '0');
}
