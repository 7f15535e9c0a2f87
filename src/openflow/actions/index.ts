/** All actions. A new one is a declaration in a file of this folder, and a line here. */
import { checkPacketLarger, deleteField } from './bit-actions.ts';
import { bundle } from './bundle.ts';
import { clone } from './clone.ts';
import { controller } from './controller.ts';
import { ct } from './ct.ts';
import type { AnyAction } from './declare.ts';
import { decap, encap } from './encap.ts';
import {
  decNshTtl,
  setEthDst,
  setEthSrc,
  setIpDst,
  setIpSrc,
  setNwEcn,
  setNwTos,
  setNwTtl,
  setTpDst,
  setTpSrc,
} from './header-actions.ts';
import { clearActions, gotoTable, meter, writeActionSet, writeMetadata } from './instructions.ts';
import { learn } from './learn.ts';
import { move, pop, push } from './move.ts';
import { decMplsTtl, popMpls, pushMpls, setMplsLabel, setMplsTc, setMplsTtl } from './mpls-actions.ts';
import { multipath } from './multipath.ts';
import { nat } from './nat.ts';
import {
  enqueue,
  group,
  output,
  outputRegister,
  outputTruncated,
  popQueue,
  setQueue,
} from './output-actions.ts';
import {
  conjunction,
  ctClear,
  debugRecirculation,
  debugSlowPath,
  decTtl,
  exit,
  finTimeout,
  note,
  resubmit,
  setTunnel,
} from './pipeline-actions.ts';
import { sample } from './sample.ts';
import { setField } from './set-field.ts';
import { popVlan, pushVlan, setVlanPcp, setVlanVid } from './vlan-actions.ts';

export const actions = [
  output,
  group,
  controller,
  enqueue,
  outputRegister,
  outputTruncated,
  bundle,
  setField,
  setVlanVid,
  setVlanPcp,
  popVlan,
  pushVlan,
  setEthSrc,
  setEthDst,
  setIpSrc,
  setIpDst,
  setNwTos,
  setNwEcn,
  setNwTtl,
  setTpSrc,
  setTpDst,
  move,
  push,
  pop,
  decTtl,
  setMplsLabel,
  setMplsTc,
  setMplsTtl,
  decMplsTtl,
  pushMpls,
  popMpls,
  decNshTtl,
  deleteField,
  encap,
  decap,
  setTunnel,
  setQueue,
  popQueue,
  finTimeout,
  resubmit,
  learn,
  conjunction,
  multipath,
  note,
  exit,
  sample,
  ct,
  ctClear,
  nat,
  clone,
  checkPacketLarger,
  debugRecirculation,
  debugSlowPath,
  meter,
  clearActions,
  writeActionSet,
  writeMetadata,
  gotoTable,
] as const;

type Declaration = (typeof actions)[number];

/** The arguments of an action; lists inside of it are of actions that there are. */
type Arguments<V> = { readonly [K in keyof V]: V[K] extends readonly AnyAction[] ? readonly Action[] : V[K] };

/** An action by its name, with the arguments that its declaration gives it. */
export type Action = {
  readonly [D in Declaration as D['name']]: { readonly do: D['name'] } & Arguments<
    Parameters<D['format']>[0]
  >;
}[Declaration['name']];
