/** What each action says besides its name: the type of its arguments. Each is declared beside what reads and writes it. */
import type { CheckPacketLarger, DeleteField } from './bit-actions.ts';
import type { Bundle } from './bundle.ts';
import type { Clone } from './clone.ts';
import type { Controller } from './controller.ts';
import type { Ct } from './ct.ts';
import type { WithoutArguments } from './declare.ts';
import type { Decap, Encap } from './encap.ts';
import type { SetField } from './field-value.ts';
import type { Address, Mac } from './header-actions.ts';
import type { EtherType, Value } from './header-value.ts';
import type { GotoTable, Meter, WriteActions, WriteMetadata } from './instructions.ts';
import type { Learn } from './learn-text.ts';
import type { Move, Stacked } from './move.ts';
import type { Multipath } from './multipath.ts';
import type { Nat } from './nat.ts';
import type {
  Enqueue,
  GroupNumber,
  Output,
  OutputRegister,
  OutputTruncated,
  QueueNumber,
} from './output-actions.ts';
import type { Conjunction, DecTtl, FinTimeout, Note, Resubmit, Tunnel } from './pipeline-actions.ts';
import type { Sample } from './sample.ts';
import type { PopVlan, VlanValue } from './vlan-actions.ts';

export interface ActionArguments {
  readonly output: Output;
  readonly group: GroupNumber;
  readonly controller: Controller;
  readonly enqueue: Enqueue;
  readonly output_reg: OutputRegister;
  readonly output_trunc: OutputTruncated;
  readonly bundle: Bundle;
  readonly set_field: SetField;
  readonly set_vlan_vid: VlanValue;
  readonly set_vlan_pcp: VlanValue;
  readonly pop_vlan: PopVlan;
  readonly push_vlan: EtherType;
  readonly set_eth_src: Mac;
  readonly set_eth_dst: Mac;
  readonly set_nw_src: Address;
  readonly set_nw_dst: Address;
  readonly set_nw_tos: Value;
  readonly set_nw_ecn: Value;
  readonly set_nw_ttl: Value;
  readonly set_tp_src: Value;
  readonly set_tp_dst: Value;
  readonly move: Move;
  readonly push: Stacked;
  readonly pop: Stacked;
  readonly dec_ttl: DecTtl;
  readonly set_mpls_label: Value;
  readonly set_mpls_tc: Value;
  readonly set_mpls_ttl: Value;
  readonly dec_mpls_ttl: WithoutArguments;
  readonly push_mpls: EtherType;
  readonly pop_mpls: EtherType;
  readonly dec_nsh_ttl: WithoutArguments;
  readonly delete_field: DeleteField;
  readonly encap: Encap;
  readonly decap: Decap;
  readonly set_tunnel: Tunnel;
  readonly set_queue: QueueNumber;
  readonly pop_queue: WithoutArguments;
  readonly fin_timeout: FinTimeout;
  readonly resubmit: Resubmit;
  readonly learn: Learn;
  readonly conjunction: Conjunction;
  readonly multipath: Multipath;
  readonly note: Note;
  readonly exit: WithoutArguments;
  readonly sample: Sample;
  readonly ct: Ct;
  readonly ct_clear: WithoutArguments;
  readonly nat: Nat;
  readonly clone: Clone;
  readonly check_pkt_larger: CheckPacketLarger;
  readonly debug_recirc: WithoutArguments;
  readonly debug_slow: WithoutArguments;
  readonly meter: Meter;
  readonly clear_actions: WithoutArguments;
  readonly write_actions: WriteActions;
  readonly write_metadata: WriteMetadata;
  readonly goto_table: GotoTable;
}
