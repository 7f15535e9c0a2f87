/** All messages. A new one is a declaration in a file of this folder, a line here and one in `values.ts`. */
import type { MessageDeclaration } from '../declare.ts';
import { aggregateReply } from './aggregate.ts';
import { getAsyncReply, getAsyncRequest, setAsync } from './async.ts';
import { bundleAddMessage, bundleControl, requestForward } from './bundles.ts';
import {
  barrierReply,
  barrierRequest,
  getConfigReply,
  getConfigRequest,
  setConfig,
} from './configuration.ts';
import { ctFlush } from './ct-flush.ts';
import { descReply, descRequest } from './description.ts';
import {
  ctFlushZone,
  flowAge,
  flowModTableId,
  setControllerId,
  setFlowFormat,
  setPacketInFormat,
} from './extensions.ts';
import { featuresReply, featuresRequest } from './features.ts';
import { flowModMessage } from './flow-mod.ts';
import { flowRemoved } from './flow-removed.ts';
import { aggregateRequest, flowRequestMessage } from './flow-request.ts';
import { flowReply } from './flows.ts';
import { groupDescReply } from './group-desc.ts';
import { groupFeaturesReply, groupFeaturesRequest } from './group-features.ts';
import { groupMod } from './group-mod.ts';
import { groupDescRequest, groupRequest } from './group-request.ts';
import { groupReply } from './group-stats.ts';
import { ipfixBridgeReply, ipfixBridgeRequest, ipfixFlowReply, ipfixFlowRequest } from './ipfix.ts';
import {
  meterConfigReply,
  meterConfigRequest,
  meterFeaturesReply,
  meterFeaturesRequest,
  meterMod,
  meterReply,
  meterRequest,
} from './meters.ts';
import { flowMonitorCancel, flowMonitorRequest } from './monitor-request.ts';
import { flowMonitorPaused, flowMonitorReply, flowMonitorResumed } from './monitor-updates.ts';
import { packetIn, resume } from './packet-in.ts';
import { packetOutMessage } from './packet-out.ts';
import { portReply, portRequest } from './port-stats.ts';
import { portDescReply, portDescRequest, portMod, portStatus } from './ports.ts';
import { queueGetConfigReply, queueGetConfigRequest, queueReply, queueRequest } from './queues.ts';
import { roleReply, roleRequest, roleStatus } from './roles.ts';
import { echoReply, echoRequest, error, hello } from './symmetric.ts';
import { tableFeaturesReply, tableFeaturesRequest } from './table-features.ts';
import { tableReply, tableRequest } from './table-stats.ts';
import { tableDescReply, tableDescRequest, tableMod, tableStatus } from './tables.ts';
import { tlvTableMod, tlvTableReply, tlvTableRequest } from './tlv-table.ts';
import type { MessageValues } from './values.ts';

export const messages = [
  hello,
  error,
  echoRequest,
  echoReply,
  featuresRequest,
  featuresReply,
  getConfigRequest,
  getConfigReply,
  setConfig,
  barrierRequest,
  barrierReply,
  packetIn,
  resume,
  packetOutMessage,
  flowModMessage,
  flowRemoved,
  flowRequestMessage,
  flowReply,
  aggregateRequest,
  aggregateReply,
  portStatus,
  portMod,
  portDescRequest,
  portDescReply,
  portRequest,
  portReply,
  queueRequest,
  queueReply,
  queueGetConfigRequest,
  queueGetConfigReply,
  descRequest,
  descReply,
  tableMod,
  tableDescRequest,
  tableDescReply,
  tableRequest,
  tableReply,
  tableFeaturesRequest,
  tableFeaturesReply,
  groupMod,
  groupRequest,
  groupReply,
  groupDescRequest,
  groupDescReply,
  groupFeaturesRequest,
  groupFeaturesReply,
  meterMod,
  meterRequest,
  meterReply,
  meterConfigRequest,
  meterConfigReply,
  meterFeaturesRequest,
  meterFeaturesReply,
  roleRequest,
  roleReply,
  roleStatus,
  getAsyncRequest,
  getAsyncReply,
  setAsync,
  bundleControl,
  bundleAddMessage,
  requestForward,
  tableStatus,
  flowMonitorRequest,
  flowMonitorReply,
  flowMonitorCancel,
  flowMonitorPaused,
  flowMonitorResumed,
  setFlowFormat,
  setPacketInFormat,
  flowModTableId,
  flowAge,
  setControllerId,
  tlvTableMod,
  tlvTableRequest,
  tlvTableReply,
  ctFlushZone,
  ctFlush,
  ipfixBridgeRequest,
  ipfixBridgeReply,
  ipfixFlowRequest,
  ipfixFlowReply,
] as const satisfies readonly Declared[];

type Declared = { [N in keyof MessageValues]: MessageDeclaration<N, MessageValues[N]> }[keyof MessageValues];

/** A message by its name, with the value that `MessageValues` gives it. */
export type Message = {
  [N in keyof MessageValues]: { readonly name: N; readonly value: MessageValues[N] };
}[keyof MessageValues];
