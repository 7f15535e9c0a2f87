/** All actions. A new one is a declaration in a file of this folder, a line here and one in `values.ts`. */
import { checkPacketLarger, deleteField } from './bit-actions.ts';
import { bundle } from './bundle.ts';
import { clone } from './clone.ts';
import { controller } from './controller.ts';
import { ct } from './ct.ts';
import type { ActionDeclaration, AnyAction } from './declare.ts';
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
  unroll,
} from './pipeline-actions.ts';
import { sample } from './sample.ts';
import { setField } from './set-field.ts';
import type { ActionArguments } from './values.ts';
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
  unroll,
  meter,
  clearActions,
  writeActionSet,
  writeMetadata,
  gotoTable,
] as const satisfies readonly Declared[];

type Declared = {
  [N in keyof ActionArguments]: ActionDeclaration<N, ActionArguments[N]>;
}[keyof ActionArguments];

/** Lists inside of an action are of actions that there are. */
type Arguments<V> = { readonly [K in keyof V]: V[K] extends readonly AnyAction[] ? readonly Action[] : V[K] };

/** An action by its name, with the arguments that `ActionArguments` gives it. */
export type Action = {
  [N in keyof ActionArguments]: { readonly do: N } & Arguments<ActionArguments[N]>;
}[keyof ActionArguments];
