/** All actions. A new one is a declaration in a file of this folder, and a line here. */
import {
  decMplsTtl,
  decNshTtl,
  popMpls,
  popVlan,
  pushMpls,
  pushVlan,
  setEthDst,
  setEthSrc,
  setIpDst,
  setIpSrc,
  setMplsLabel,
  setMplsTc,
  setMplsTtl,
  setNwEcn,
  setNwTos,
  setNwTtl,
  setTpDst,
  setTpSrc,
  setVlanPcp,
  setVlanVid,
} from './header-actions.ts';
import { enqueue, group, output, popQueue, setQueue } from './output-actions.ts';
import {
  conjunction,
  ctClear,
  decTtl,
  exit,
  finTimeout,
  note,
  resubmit,
  setTunnel,
} from './pipeline-actions.ts';

export const actions = [
  output,
  enqueue,
  setQueue,
  popQueue,
  group,
  setVlanVid,
  setVlanPcp,
  pushVlan,
  popVlan,
  setEthSrc,
  setEthDst,
  setIpSrc,
  setIpDst,
  setNwTos,
  setNwEcn,
  setNwTtl,
  setTpSrc,
  setTpDst,
  pushMpls,
  popMpls,
  setMplsLabel,
  setMplsTc,
  setMplsTtl,
  decMplsTtl,
  decTtl,
  decNshTtl,
  resubmit,
  setTunnel,
  note,
  finTimeout,
  conjunction,
  ctClear,
  exit,
] as const;

type Declaration = (typeof actions)[number];

/** An action by its name, with the arguments that its declaration gives it. */
export type Action = {
  readonly [D in Declaration as D['name']]: { readonly do: D['name'] } & ReturnType<D['read']>;
}[Declaration['name']];
