/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `ovs-ts/testing`: whole switches inside a test, with bridges, dummy ports and a clock that the test moves. The
 * package's declarations are those that can be reached from here; errors and types of OpenFlow and of the database are
 * exported by `ovs-ts/openflow`, `ovs-ts/ovsdb` and `ovs-ts/open-vswitch`.
 */
export { Malformed, Refused, SyscallFailed, VswitchError } from '../base/errors.ts';
export type { Unit } from '../base/units.ts';
export type { WaitOptions } from '../base/waiting.ts';
export type { SlowPathReason } from '../datapath/cookie.ts';
export type { ActionDropReason, DpDropReason } from '../datapath/drops.ts';
export type { AnyDropReason, DeviceDropReason, DropPlace } from '../ofproto/drops/drop-list.ts';
export type { DroppedPacket, DropStream } from '../ofproto/drops/drop-stream.ts';
export type { LearnedOfGroups } from '../ofproto/multicast/snooping.ts';
export type { DropReason } from '../ofproto/translate/drop-reasons.ts';
export type { MulticastTarget, TraceEvent, TraceNode } from '../ofproto/translate/trace/trace.ts';
export type { DropRow } from '../ofproto/views/drops.ts';
export type { TraceReport } from '../ofproto/views/trace.ts';
export type { Json, JsonObject } from '../rpc/channel.ts';
export type { JsonReal } from '../rpc/json-value.ts';
export type { OpenFlowOptions, TestBridge, TestTrace, TraceOptions } from './bridge.ts';
export type { BridgeOptions, InterfaceOptions, PortOptions } from './configuration.ts';
export type { TestCounts, TestFlow, TestGroup, TestMeter } from './flow-control.ts';
export type { HostOptions, PingOptions, PingResult, TestHost } from './host.ts';
export type { LinkCounts, LinkOptions, TestLink } from './link.ts';
export { createTestNetwork, type TestNetwork, type TestNetworkOptions } from './network.ts';
export { type Packet, packetBytes, packetText, type TestFrame } from './packets.ts';
export type { TestPort } from './port.ts';
export { createTestSwitch, type DropOptions, type TestSwitch, type TestSwitchOptions } from './switch.ts';
