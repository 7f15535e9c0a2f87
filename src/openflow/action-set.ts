/**
 * The action set of a packet (OpenFlow 1.5.1 section 5.6): what `write_actions` may put in, and in what order it is done
 * at the end of the pipeline.
 */
import { isOneOf } from '../base/literals.ts';
import type { AnyAction } from './actions/declare.ts';
import type { Action } from './actions/index.ts';

/** Of each of them the last one in the set counts. In the order in which they are done. */
const once = [
  'pop_vlan',
  'pop_mpls',
  'decap',
  'encap',
  'push_mpls',
  'push_vlan',
  'dec_ttl',
  'dec_mpls_ttl',
  'dec_nsh_ttl',
] as const satisfies readonly Action['do'][];

/** All of them are done, as they come. */
const inOrder = [
  'set_field',
  'move',
  'set_eth_src',
  'set_eth_dst',
  'set_nw_tos',
  'set_nw_ecn',
  'set_nw_ttl',
  'set_nw_src',
  'set_nw_dst',
  'set_tp_src',
  'set_tp_dst',
  'set_mpls_label',
  'set_mpls_tc',
  'set_mpls_ttl',
  'set_queue',
  'set_tunnel',
  'set_vlan_vid',
  'set_vlan_pcp',
] as const satisfies readonly Action['do'][];

/** A set does nothing without one of them, and only one is done: the last of the kind that comes last here. */
const final = ['ct', 'ct_clear', 'resubmit', 'output', 'group'] as const satisfies readonly Action['do'][];

const names = new Set<string>([...once, ...inOrder, ...final]);

export function isInActionSet(action: AnyAction): boolean {
  return names.has(action.do);
}

/** The actions of a set as they are done; `set` is in the order in which they were written. */
export function actionSetOrder(set: readonly Action[]): Action[] {
  const last = (name: Action['do']): Action[] => set.filter((action) => action.do === name).slice(-1);
  const end = final.flatMap(last).at(-1);
  if (end === undefined) return [];
  return [...once.flatMap(last), ...set.filter((action) => isOneOf(inOrder, action.do)), end];
}
