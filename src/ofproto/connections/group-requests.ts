/** Groups that are asked for and changed: OpenFlow 1.5.1 section 7.3.4.3 and 7.3.5.9 to 7.3.5.11. */

import type { GroupStats } from '../../openflow/messages/group-stats.ts';
import { allGroups, lastGroup, types } from '../../openflow/messages/group-values.ts';
import type { Group } from '../groups/group.ts';
import type { Ofproto } from '../ofproto.ts';
import { withOptionWidths } from '../tables/option-fields.ts';
import { tableActions } from '../tables/table-features.ts';
import { durationOf } from './duration.ts';
import type { RequestHandlers } from './request-handler.ts';

/** Bits of `GroupFeatures.capabilities`. */
const capabilities = { weights: 1, liveness: 2, chaining: 4 } as const;

export const groupRequests: RequestHandlers = {
  GROUP_MOD(connection, { value: asked, xid }) {
    const { ofproto } = connection;
    const value = withOptionWidths(asked, ofproto.tlvTable);
    return ofproto.changes.make((transaction) => {
      transaction.modifyGroup(value);
      transaction.onCommit(() =>
        ofproto.controllers.requestForwarded({ name: 'GROUP_MOD', value }, connection.requester(xid)),
      );
    });
  },
  GROUP_REQUEST: (connection, request) =>
    connection.replyList(request, 'GROUP_REPLY', statsOf(connection.ofproto, request.value.group)),
  GROUP_DESC_REQUEST: (connection, request) =>
    connection.replyList(request, 'GROUP_DESC_REPLY', groupsOf(connection.ofproto, request.value.group)),
  GROUP_FEATURES_REQUEST(connection, request) {
    connection.reply(request, {
      name: 'GROUP_FEATURES_REPLY',
      value: {
        types: 2 ** types.length - 1,
        capabilities: capabilities.weights | capabilities.liveness | capabilities.chaining,
        maxGroups: types.map(() => lastGroup),
        actions: types.map(() => tableActions),
      },
    });
  },
};

/** The one of that number, if any, or all. */
function groupsOf({ groups }: Ofproto, number: number): Group[] {
  if (number === allGroups) return [...groups];
  const group = groups.get(number);
  return group === undefined ? [] : [group];
}

function* statsOf(ofproto: Ofproto, number: number): IterableIterator<GroupStats> {
  for (const { group, createdAt, packetCount, byteCount, buckets } of groupsOf(ofproto, number))
    yield {
      group,
      referenceCount: ofproto.tables.groupUsers.countOf(group),
      duration: durationOf(ofproto.now - createdAt),
      packets: BigInt(packetCount),
      bytes: BigInt(byteCount),
      buckets: buckets.map((bucket) => ({
        packets: BigInt(bucket.packetCount),
        bytes: BigInt(bucket.byteCount),
      })),
    };
}
