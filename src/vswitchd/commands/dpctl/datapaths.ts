/** Finding a datapath by what the `dpctl/*` commands call it: "netdev@ovs-netdev", or nothing when there is only one. */
import { errnos } from '../../../base/errno.ts';
import type { Backer } from '../../../ofproto/backer.ts';
import { datapathName, datapathPorts } from '../../../ofproto/views/datapath.ts';
import { BareDatapath } from '../../bare-datapath.ts';
import type { Switch } from '../../switch.ts';
import { allBackers } from '../common.ts';
import { failure } from './request.ts';

/** The bridges' own, or one made by hand. */
export type AnyDatapath = Backer | BareDatapath;

export function isBare(any: AnyDatapath): any is BareDatapath {
  return any instanceof BareDatapath;
}

/** Those of the bridges first. */
export function allDatapaths(aSwitch: Switch): AnyDatapath[] {
  return [...allBackers(aSwitch), ...aSwitch.bareDatapaths];
}

export function splitName(text: string): { type: string; name: string } {
  const at = text.indexOf('@');
  return at < 0 ? { type: 'system', name: text } : { type: text.slice(0, at), name: text.slice(at + 1) };
}

/** Throws Refused: WHAT, for the reasons of the reference. */
export function openDatapath(aSwitch: Switch, text: string, what = 'opening datapath'): AnyDatapath {
  const { type, name } = splitName(text);
  if (!aSwitch.providers.datapathTypes.includes(type)) throw failure(what, errnos.EAFNOSUPPORT);
  const ofName = allDatapaths(aSwitch).filter(({ datapath }) => datapath.name === name);
  const found = ofName.find(({ datapath }) => datapath.type === type);
  if (found === undefined) throw failure(what, ofName.length > 0 ? errnos.EINVAL : errnos.ENODEV);
  return found;
}

export function numberOfPort(any: AnyDatapath, name: string): number | undefined {
  for (const [number, port] of datapathPorts(any)) if (port.name === name) return number;
  return undefined;
}

export function isDatapath(aSwitch: Switch, text: string | undefined): boolean {
  return text !== undefined && allDatapaths(aSwitch).some((any) => datapathName(any) === text);
}

/**
 * The one that the first argument names, else the only one there is. With `maxArgs` arguments the first must be a
 * name. Throws Refused.
 */
export function optionalDatapath(aSwitch: Switch, args: readonly string[], maxArgs: number): AnyDatapath {
  const [first] = args;
  if (first !== undefined && isDatapath(aSwitch, first)) return openDatapath(aSwitch, first);
  const notFound = failure('datapath not found', errnos.EINVAL);
  if (args.length === maxArgs) throw notFound;
  const [only, ...others] = allDatapaths(aSwitch);
  if (only !== undefined && others.length === 0) return only;
  const why = only === undefined ? 'no datapaths exist' : 'multiple datapaths, specify one';
  throw failure(`${why}\novs-vswitchd: ${notFound.message}`);
}
