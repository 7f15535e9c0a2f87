/** Changes that are made together: OpenFlow 1.4.1 section 6.8 and 7.3.9. */
import { decodeFor, type Received } from '../../openflow/codec.ts';
import { OpenFlowError } from '../../openflow/errors.ts';
import type { BundleControl } from '../../openflow/messages/bundles.ts';
import type { WireVersion } from '../../openflow/versions.ts';
import type { SwitchTransaction } from '../switch-transaction.ts';
import { withOptionWidths } from '../tables/option-fields.ts';
import { flowModOf } from './flow-requests.ts';
import type { RequestHandlers } from './request-handler.ts';
import type { SwitchConnection } from './switch-connection.ts';

/** Throws OpenFlowError. */
type BundledChange = (transaction: SwitchTransaction) => Iterable<void> | void;

export const bundleRequests: RequestHandlers = {
  BUNDLE_CONTROL(connection, request, requestBytes) {
    const { bundle, flags } = request.value;
    const answer = (type: BundleControl['type']): void =>
      connection.reply(request, { name: 'BUNDLE_CONTROL', value: { bundle, flags: 0, type } });
    if (request.value.type !== 'commit_request') {
      answer(control(connection, request.value, requestBytes));
      return;
    }
    const later = commit(connection, bundle, flags, request.xid);
    if (later !== undefined) return later.then(() => answer('commit_reply'));
    answer('commit_reply');
  },
  BUNDLE_ADD_MESSAGE(connection, { value, version }, requestBytes) {
    const { bundle, flags, message: bytes } = value;
    const isAtomic = (flags & atomicFlag) !== 0;
    const change = changeOf(connection, decodeFor(connection, bytes), version, isAtomic);
    connection.bundles.add(bundle, flags, change, requestBytes);
  },
};

const atomicFlag = 1;

/** What a message of a bundle changes when the bundle is committed. Throws OpenFlowError. */
function changeOf(
  connection: SwitchConnection,
  message: Received,
  version: WireVersion,
  isAtomic: boolean,
): BundledChange {
  switch (message.name) {
    case 'FLOW_MOD': {
      const mod = flowModOf(connection, message.value);
      connection.ofproto.changes.checkFlowMod(mod, version);
      return (transaction) => transaction.modifyFlows(mod);
    }
    case 'GROUP_MOD': {
      const { xid } = message;
      const { controllers, tlvTable } = connection.ofproto;
      const value = withOptionWidths(message.value, tlvTable);
      return (transaction) => {
        transaction.modifyGroup(value);
        transaction.onCommit(() =>
          controllers.requestForwarded({ name: 'GROUP_MOD', value }, connection.requester(xid)),
        );
      };
    }
    case 'PACKET_OUT': {
      const { value } = message;
      const { ofproto } = connection;
      const packet = ofproto.packets.packetOfController(value, version);
      return (transaction) => {
        transaction.checkReferences(value.actions);
        transaction.onCommit(transaction.preview(() => ofproto.packets.prepare(packet)));
      };
    }
    case 'PORT_MOD': {
      const { value, xid } = message;
      const { ofproto } = connection;
      return (transaction) => {
        if (isAtomic)
          throw new OpenFlowError('OFPBFC_MSG_FAILED', 'ports do not change at one moment with all else');
        ofproto.switchPorts.portToModify(value);
        transaction.onCommit(() => void ofproto.switchPorts.modify(value, connection.requester(xid)));
      };
    }
    default:
      throw new OpenFlowError(
        'OFPBFC_MSG_UNSUP',
        `a ${message.name} may not be in a bundle of this switch yet`,
      );
  }
}

/** Returns what answers it. Throws OpenFlowError. */
function control(
  { bundles }: SwitchConnection,
  { type, bundle, flags }: BundleControl,
  bytes: Uint8Array,
): BundleControl['type'] {
  switch (type) {
    case 'open_request':
      bundles.open(bundle, flags, bytes);
      return 'open_reply';
    case 'close_request':
      bundles.close(bundle, flags);
      return 'close_reply';
    case 'discard_request':
      bundles.discard(bundle);
      return 'discard_reply';
    default:
      throw new OpenFlowError('OFPBFC_BAD_TYPE', `bundle control of type ${type}`);
  }
}

/** All or nothing. Which message could not be done is told before the error about the whole. */
function commit(
  connection: SwitchConnection,
  bundle: number,
  flags: number,
  xid: number,
): void | Promise<void> {
  const { messages, bytes } = connection.bundles.take(bundle, flags);
  return connection.ofproto.changes.make(function* (transaction) {
    for (const [n, change] of messages.entries()) {
      try {
        yield* change(transaction) ?? [];
      } catch (why) {
        if (!(why instanceof OpenFlowError)) throw why;
        connection.refuse(why, bytes.at(n));
        throw new OpenFlowError('OFPBFC_MSG_FAILED', `bundle ${bundle} could not be done`);
      }
      yield;
    }
  }, connection.requester(xid));
}
