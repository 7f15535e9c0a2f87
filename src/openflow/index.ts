/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `ovs-ts/openflow`: conversations with switches and controllers in OpenFlow 1.0 to 1.5 with the extensions of Nicira and
 * the ONF; messages, matches and actions as typed values, as bytes and as text. The package's declarations are those that
 * can be reached from here.
 */
export { Malformed, Refused, SyscallFailed, VswitchError } from '../base/errors.ts';
export type { WaitOptions } from '../base/waiting.ts';
export type { FieldName } from '../flow/fields/index.ts';
export type { Mask } from '../flow/mask.ts';
export type { Match } from '../flow/match.ts';
export type { OptionMatch } from '../flow/tunnel-options.ts';
export type { TlsConfig } from '../net/tls-config.ts';
export type {
  CheckPacketLargerArguments,
  DeleteFieldArguments,
} from './actions/bit-actions.ts';
export type { BundleArguments } from './actions/bundle.ts';
export type { CloneArguments } from './actions/clone.ts';
export type { ControllerArguments } from './actions/controller.ts';
export type { CtArguments } from './actions/ct.ts';
export type { AnyAction, WithoutArguments } from './actions/declare.ts';
export type {
  DecapArguments,
  EncapArguments,
  EncapHeader,
  EncapProperty,
} from './actions/encap.ts';
export type { SetFieldArguments } from './actions/field-value.ts';
export type { HashFields } from './actions/hash-fields.ts';
export type { IpAddressArguments, MacArguments } from './actions/header-actions.ts';
export type { EtherTypeArguments, NumberArguments } from './actions/header-value.ts';
export type { Action } from './actions/index.ts';
export type {
  GotoTableArguments,
  MeterArguments,
  WriteActionsArguments,
  WriteMetadataArguments,
} from './actions/instructions.ts';
export type { LearnArguments, LearnSpec } from './actions/learn-text.ts';
export type { MoveArguments, StackArguments } from './actions/move.ts';
export type { MultipathArguments } from './actions/multipath.ts';
export type { NatArguments, NatBounds, NatRange } from './actions/nat.ts';
export type {
  EnqueueArguments,
  GroupArguments,
  OutputArguments,
  OutputRegisterArguments,
  OutputTruncatedArguments,
  SetQueueArguments,
} from './actions/output-actions.ts';
export type {
  ConjunctionArguments,
  DecTtlArguments,
  FinTimeoutArguments,
  NoteArguments,
  ResubmitArguments,
  SetTunnelArguments,
  UnrollArguments,
} from './actions/pipeline-actions.ts';
export type { SampleArguments } from './actions/sample.ts';
export type { Subfield } from './actions/subfield.ts';
export type { ActionArguments } from './actions/values.ts';
export type { PopVlanArguments, SetVlanArguments } from './actions/vlan-actions.ts';
export {
  decodeMessage,
  type EntryOf,
  type ListName,
  messageBytes,
  type Received,
  type Sent,
} from './codec.ts';
export type { Connection } from './connection/connection.ts';
export {
  ErrorReply,
  type ReplyName,
  type ReplyTo,
  type Request,
  type RequestName,
} from './connection/replies.ts';
export { type ErrorCode, type ErrorName, OpenFlowError } from './errors.ts';
export type { Counts, Duration } from './layout.ts';
export { connect, type OpenFlowConnectOptions } from './library/connect.ts';
export type { ConversationOptions } from './library/converse.ts';
export { type Listener, type ListenOptions, listen } from './library/listen.ts';
export { flowMod, flowRequest, packetOut } from './library/messages.ts';
export {
  actionsText,
  type MatchedField,
  type MessageTextOptions,
  matchedField,
  matchText,
  messageText,
  readActions,
  readMatch,
  type TextOptions,
} from './library/text.ts';
export type { ActionAbility, InstructionAbility } from './messages/ability-bits.ts';
export type { AggregateStats } from './messages/aggregate.ts';
export type { AsyncConfig, AsyncMasks } from './messages/async.ts';
export type { Bucket } from './messages/buckets.ts';
export type { BundleAdd, BundleControl, RequestForward } from './messages/bundles.ts';
export type { FragmentHandling, SwitchConfig } from './messages/configuration.ts';
export type { CtFlush, CtTuple } from './messages/ct-flush.ts';
export type { SwitchDescription } from './messages/description.ts';
export type {
  FlowModTableId,
  Numbered,
  PacketInFormat,
  SetFlowFormat,
  SetPacketInFormat,
} from './messages/extensions.ts';
export type { SwitchFeatures } from './messages/features.ts';
export type { FieldSet } from './messages/field-sets.ts';
export type { FlowCommand, FlowMod } from './messages/flow-mod.ts';
export type { FlowRemoved, FlowRemovedReason } from './messages/flow-removed.ts';
export type { FlowRequest } from './messages/flow-request.ts';
export type { FlowStats } from './messages/flows.ts';
export type { GroupDesc } from './messages/group-desc.ts';
export type { GroupFeatures } from './messages/group-features.ts';
export type { GroupMod } from './messages/group-mod.ts';
export type { GroupRequest } from './messages/group-request.ts';
export type { HashedField, SelectionMethod } from './messages/group-selection.ts';
export type { BucketStats, GroupStats } from './messages/group-stats.ts';
export type { GroupCommand, GroupType } from './messages/group-values.ts';
export type { Message } from './messages/index.ts';
export type { IpfixStats } from './messages/ipfix.ts';
export type {
  MeterBand,
  MeterBandStats,
  MeterCommand,
  MeterConfig,
  MeterFeatures,
  MeterMod,
  MeterRequest,
  MeterStats,
} from './messages/meters.ts';
export type { FlowMonitorCancel, FlowMonitorRequest } from './messages/monitor-request.ts';
export type { FlowChange, FlowUpdate } from './messages/monitor-updates.ts';
export type { PacketIn, PacketInReason } from './messages/packet-in.ts';
export type { PacketOut } from './messages/packet-out.ts';
export type { PortDescription } from './messages/port-description.ts';
export type { CustomCounter, PortStats, Rfc2819Counts } from './messages/port-stats.ts';
export type { PortMod, PortRequest, PortStatus } from './messages/ports.ts';
export type { QueueConfig, QueueConfigs, QueueRequest, QueueStats } from './messages/queues.ts';
export type { Role, RoleMessage, RoleStatus } from './messages/roles.ts';
export type { Echo, ErrorMessage, Hello } from './messages/symmetric.ts';
export type { TableCounts } from './messages/table-features-text.ts';
export type { TableStats } from './messages/table-stats.ts';
export type { ActionFeatures, InstructionFeatures, TableFeatures } from './messages/table-values.ts';
export type { Eviction, TableDesc, TableMiss, TableMod, TableStatus, Vacancy } from './messages/tables.ts';
export type { TlvMapping, TlvTableMod, TlvTableReply } from './messages/tlv-table.ts';
export type { MessageValues } from './messages/values.ts';
export type { NamedPacketInReason } from './packet-in-reasons.ts';
export { reservedPorts } from './ports.ts';
export type { WireVersion } from './versions.ts';
