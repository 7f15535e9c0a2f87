/**
 * What each action says besides its name: the type of its arguments. Each is declared beside what reads and writes it.
 */
import type { CheckPacketLargerArguments, DeleteFieldArguments } from './bit-actions.ts';
import type { BundleArguments } from './bundle.ts';
import type { CloneArguments } from './clone.ts';
import type { ControllerArguments } from './controller.ts';
import type { CtArguments } from './ct.ts';
import type { WithoutArguments } from './declare.ts';
import type { DecapArguments, EncapArguments } from './encap.ts';
import type { SetFieldArguments } from './field-value.ts';
import type { IpAddressArguments, MacArguments } from './header-actions.ts';
import type { EtherTypeArguments, NumberArguments } from './header-value.ts';
import type {
  GotoTableArguments,
  MeterArguments,
  WriteActionsArguments,
  WriteMetadataArguments,
} from './instructions.ts';
import type { LearnArguments } from './learn-text.ts';
import type { MoveArguments, StackArguments } from './move.ts';
import type { MultipathArguments } from './multipath.ts';
import type { NatArguments } from './nat.ts';
import type {
  EnqueueArguments,
  GroupArguments,
  OutputArguments,
  OutputRegisterArguments,
  OutputTruncatedArguments,
  SetQueueArguments,
} from './output-actions.ts';
import type {
  ConjunctionArguments,
  DecTtlArguments,
  FinTimeoutArguments,
  NoteArguments,
  ResubmitArguments,
  SetTunnelArguments,
  UnrollArguments,
} from './pipeline-actions.ts';
import type { SampleArguments } from './sample.ts';
import type { PopVlanArguments, SetVlanArguments } from './vlan-actions.ts';

export interface ActionArguments {
  readonly output: OutputArguments;
  readonly group: GroupArguments;
  readonly controller: ControllerArguments;
  readonly enqueue: EnqueueArguments;
  readonly output_reg: OutputRegisterArguments;
  readonly output_trunc: OutputTruncatedArguments;
  readonly bundle: BundleArguments;
  readonly set_field: SetFieldArguments;
  readonly set_vlan_vid: SetVlanArguments;
  readonly set_vlan_pcp: SetVlanArguments;
  readonly pop_vlan: PopVlanArguments;
  readonly push_vlan: EtherTypeArguments;
  readonly set_eth_src: MacArguments;
  readonly set_eth_dst: MacArguments;
  readonly set_nw_src: IpAddressArguments;
  readonly set_nw_dst: IpAddressArguments;
  readonly set_nw_tos: NumberArguments;
  readonly set_nw_ecn: NumberArguments;
  readonly set_nw_ttl: NumberArguments;
  readonly set_tp_src: NumberArguments;
  readonly set_tp_dst: NumberArguments;
  readonly move: MoveArguments;
  readonly push: StackArguments;
  readonly pop: StackArguments;
  readonly dec_ttl: DecTtlArguments;
  readonly set_mpls_label: NumberArguments;
  readonly set_mpls_tc: NumberArguments;
  readonly set_mpls_ttl: NumberArguments;
  readonly dec_mpls_ttl: WithoutArguments;
  readonly push_mpls: EtherTypeArguments;
  readonly pop_mpls: EtherTypeArguments;
  readonly dec_nsh_ttl: WithoutArguments;
  readonly delete_field: DeleteFieldArguments;
  readonly encap: EncapArguments;
  readonly decap: DecapArguments;
  readonly set_tunnel: SetTunnelArguments;
  readonly set_queue: SetQueueArguments;
  readonly pop_queue: WithoutArguments;
  readonly fin_timeout: FinTimeoutArguments;
  readonly resubmit: ResubmitArguments;
  readonly learn: LearnArguments;
  readonly conjunction: ConjunctionArguments;
  readonly multipath: MultipathArguments;
  readonly note: NoteArguments;
  readonly exit: WithoutArguments;
  readonly sample: SampleArguments;
  readonly ct: CtArguments;
  readonly ct_clear: WithoutArguments;
  readonly nat: NatArguments;
  readonly clone: CloneArguments;
  readonly check_pkt_larger: CheckPacketLargerArguments;
  readonly debug_recirc: WithoutArguments;
  readonly debug_slow: WithoutArguments;
  readonly unroll_xlate: UnrollArguments;
  readonly meter: MeterArguments;
  readonly clear_actions: WithoutArguments;
  readonly write_actions: WriteActionsArguments;
  readonly write_metadata: WriteMetadataArguments;
  readonly goto_table: GotoTableArguments;
}
