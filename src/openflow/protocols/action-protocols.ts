/**
 * In which protocols a list of actions is sent, by their declarations.
 * Differs: what stands before a `clone` counts too; the reference forgets it.
 */

import { declarationOf, type ListPlace } from '../action-rules.ts';
import type { AnyAction } from '../actions/declare.ts';
import { type ProtocolSet, protocolSets } from './protocols.ts';

/** The protocols that can say each of the actions, in a list that allows such instructions. */
export function protocolsOfActions(list: readonly AnyAction[], allows: ListPlace['allows']): ProtocolSet {
  let set: ProtocolSet = protocolSets.any;
  for (const action of list) {
    const { name, usableIn, inner } = declarationOf(action);
    if (usableIn !== undefined) set &= usableIn(action);
    // Among actions it is one itself, which is new in OpenFlow 1.5.
    if (name === 'meter' && allows !== 'instructions') set &= protocolSets.since15;
    if (inner !== undefined) set &= protocolsOfActions(inner(action), 'actions');
  }
  return set;
}
