/**
 * The whole Open_vSwitch schema, version 8.3.1, as the typed client, the embedded database and the planner see it.
 * A test compares it with the published `vswitch.ovsschema`.
 */
import { type Row, type RowChange, schema } from '../../ovsdb/schema-types.ts';
import { Controller, CT_Timeout_Policy, CT_Zone, Datapath, Manager, SSL } from './peers.ts';
import {
  AutoAttach,
  Flow_Sample_Collector_Set,
  IPFIX,
  Mirror,
  NetFlow,
  QoS,
  Queue,
  sFlow,
} from './services.ts';
import { Bridge, Flow_Table, Interface, Open_vSwitch, Port } from './switch.ts';

export const openVswitch = schema(
  'Open_vSwitch',
  '8.3.1',
  {
    Open_vSwitch,
    Bridge,
    Port,
    Interface,
    Flow_Table,
    QoS,
    Queue,
    Mirror,
    NetFlow,
    sFlow,
    IPFIX,
    Flow_Sample_Collector_Set,
    Controller,
    Manager,
    Datapath,
    CT_Zone,
    CT_Timeout_Policy,
    SSL,
    AutoAttach,
  },
  '3012963480 26720',
);

export type OvsTables = (typeof openVswitch)['tables'];
export type OvsRow<T extends keyof OvsTables> = Row<OvsTables[T]>;
export type OvsChange<T extends keyof OvsTables> = RowChange<OvsTables[T]>;

/** What the daemon sees of the database. */
export const daemonTables = {
  AutoAttach: true,
  CT_Timeout_Policy: true,
  CT_Zone: true,
  Datapath: true,
  Open_vSwitch: true,
  Bridge: true,
  Port: true,
  Interface: true,
  Flow_Sample_Collector_Set: true,
  Controller: true,
  Flow_Table: true,
  Mirror: true,
  NetFlow: true,
  sFlow: true,
  IPFIX: true,
  QoS: true,
  Queue: true,
  Manager: true,
  SSL: true,
} as const;
