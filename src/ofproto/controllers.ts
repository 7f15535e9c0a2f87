/** What a switch needs of those that it talks OpenFlow with; `connections/` is what stands behind it. */
import type { Ms } from '../base/units.ts';
import type { Match } from '../flow/match.ts';
import type { ReconnectState } from '../net/reconnect.ts';
import type { Continuation } from '../openflow/messages/continuation.ts';
import type { Message } from '../openflow/messages/index.ts';
import type { Role } from '../openflow/messages/roles.ts';
import type { TableStatus } from '../openflow/messages/tables.ts';
import type { PacketInCounts } from './connections/packet-in-queue.ts';
import type { OfprotoPort } from './port.ts';
import type { Requester } from './requester.ts';
import type { FlowEvent } from './tables/flow-events.ts';

/** A packet that an action, or the lack of a rule, sends to controllers. */
export interface PacketForController {
  readonly bytes: Uint8Array;
  /** Where it came from, which is whose share of the queue it takes. */
  readonly inPort: number;
  readonly table: number;
  /** Of the rule that sent it; undefined for none. */
  readonly cookie: bigint | undefined;
  /** OFPR_*, and `packetInReason` where a version has none. */
  readonly reason: number;
  /** What the pipeline knows of it besides its headers. */
  readonly metadata: Match;
  readonly userdata: Uint8Array;
  /** For connections of this id only. */
  readonly controllerId: number;
  /** What a controller hands back to have the packet go on; undefined where it does not wait. */
  readonly continuation: Continuation | undefined;
}

export type ForwardedRequest = Extract<Message, { name: 'GROUP_MOD' | 'METER_MOD' }>;

/** What became of a controller that is connected to. */
export interface ControllerStatus {
  readonly state: ReconnectState;
  /** Undefined while it is not connected. */
  readonly role: Exclude<Role, 'nochange'> | undefined;
  /** Why the last connection, or attempt, came to its end; undefined while none has. */
  readonly lastError: string | undefined;
  /** Undefined for never. */
  readonly connectedAt: Ms | undefined;
  readonly disconnectedAt: Ms | undefined;
  /** Where it gets no more than so many packets in a second: of misses, and of what actions send. */
  readonly packetIns: { readonly miss: PacketInCounts; readonly action: PacketInCounts } | undefined;
}

export interface Controllers {
  /** Somebody is there who is told of packets that no rule is for, as is usual in OpenFlow 1.2 and before. */
  readonly wantsMisses: boolean;
  /** Does as the switch's configuration says; resolves when it listens where it is to. What cannot be is logged. */
  configure(): Promise<void>;
  /** One of those that decide about flows is there, and has taken charge. */
  readonly isInCharge: boolean;
  /** It could not listen everywhere: another `configure` tries again. */
  readonly isIncomplete: boolean;
  /** Ends all conversations with controllers that are connected to, and connects anew. */
  reconnect(): void;
  /** By target: of those that are connected to. */
  statuses(): ReadonlyMap<string, ControllerStatus>;
  /** Ends all conversations, and listens no longer. */
  close(): void;
  /** False when nobody is there who is to have it. */
  packetIn(packet: PacketForController): boolean;
  flowsChanged(events: readonly FlowEvent[], by: Requester | undefined): void;
  portAdded(port: OfprotoPort): void;
  /** Its device's state changed. */
  portChanged(port: OfprotoPort): void;
  /** A request is about to give it that `PortDescription.config`. */
  portConfigured(port: OfprotoPort, config: number, by: Requester | undefined): void;
  portRemoved(port: OfprotoPort): void;
  tableChanged(status: TableStatus): void;
  /** A change that others than `by` may want to know of. */
  requestForwarded(request: ForwardedRequest, by: Requester): void;
}
