/**
 * What the log says, at level "dbg", of packets that come up and of flows: module "dpif_netdev" of what a datapath
 * itself does, "dpif" of what it is asked. Costs nothing while nobody listens.
 */
import { LimitedSite, logger } from '../base/log.ts';
import { formatMatch } from '../flow/format-match.ts';
import { getSlot, newKey, setSlot } from '../flow/key.ts';
import { unpackKey, valuesUnder } from '../flow/match.ts';
import { formatPacket } from '../flow/packet-text.ts';
import { vlanPresent } from '../wire/ethernet.ts';
import type { Datapath, DpFlow, Upcall } from './provider.ts';
import { formatDpActions } from './text/actions.ts';
import { formatKey } from './text/key.ts';
import { formatDpFlowStats, type ShownFlowStats } from './text/stats.ts';
import { type Ufid, ufidOf } from './ufid.ts';

const engineLog = logger('dpif_netdev');
const engineSite = new LimitedSite({ perMinute: 600, burst: 600 });
const callLog = logger('dpif');
const callSite = new LimitedSite({ perMinute: 600, burst: 600 });

export function logUpcalls({ name }: Pick<Datapath, 'name'>, batch: readonly Upcall[]): void {
  if (!engineLog.isEnabled('dbg')) return;
  for (const { reason, key, bytes } of batch) {
    engineLog.limited('dbg', engineSite, () => {
      const why = reason === 'miss' ? 'miss' : 'action';
      const words = newKey();
      words.set(key);
      const packet = formatPacket(bytes, getSlot(words, 'packet_type')).trimEnd();
      return `${name}: ${why} upcall:\n${formatWholeKey(words)}\n${packet}`;
    });
  }
}

/** A flow is new, or does something else than `before`. */
export function logFlowChange(flow: DpFlow, before: DpFlow | undefined): void {
  if (!engineLog.isEnabled('dbg')) return;
  const { ufid, mask, actions } = flow;
  const key = unpackKey(flow.key);
  const bits = mask.unpack();
  engineLog.limited('dbg', engineSite, () => {
    const change = before === undefined ? 'flow_add' : 'flow_mod';
    const old = before === undefined ? '' : `, old_actions:${formatDpActions(before.actions)}`;
    return `${change}: ufid:${ufid} mega_ufid:${megaUfidOf(flow)} ${formatKey(key, bits)}${old}, actions:${formatDpActions(actions)}`;
  });
  engineLog.dbg(() => `flow match: ${formatMegaflow(flow, { hasPort: false })}`);
}

/** What a flow is called by all that it matches, whichever packet it was made for. */
export function megaUfidOf({ key, mask }: DpFlow): Ufid {
  return ufidOf({ mask, values: valuesUnder(key, mask) });
}

/** As a match of OpenFlow. Of tags one that is not there says all. */
export function formatMegaflow(flow: DpFlow, { hasPort }: { hasPort: boolean }): string {
  const key = unpackKey(flow.key);
  const mask = flow.mask.unpack();
  if (!hasPort) setSlot(mask, 'in_port', 0);
  if (getSlot(key, 'vlan_tci') === 0) setSlot(mask, 'vlan_tci', vlanPresent | 0xfff);
  else if (getSlot(key, 'vlan_tci2') === 0) setSlot(mask, 'vlan_tci2', 0);
  const under = key.map((word, n) => word & (mask[n] ?? 0));
  return formatMatch(under, mask, { ports: { read: Number, format: String } });
}

/** How much of a flow each call tells: of its match, "packet" is the one that it was made for. */
const calls = {
  dumpTersely: { operation: 'flow_dump', shows: 'nothing', hasActions: false },
  dump: { operation: 'flow_dump', shows: 'match', hasActions: true },
  get: { operation: 'flow_get', shows: 'nothing', hasActions: true },
  modify: { operation: 'put[modify]', shows: 'match', hasActions: true },
  delete: { operation: 'flow_del', shows: 'packet', hasActions: false },
} as const;

/** `stats` is asked when somebody listens. */
export function logFlowCall(
  { type, name }: Pick<Datapath, 'type' | 'name'>,
  call: keyof typeof calls,
  flow: DpFlow,
  stats?: () => ShownFlowStats,
): void {
  callLog.limited('dbg', callSite, () => {
    const { operation, shows, hasActions } = calls[call];
    const key = unpackKey(flow.key);
    const match =
      shows === 'nothing'
        ? '<empty>'
        : shows === 'packet'
          ? formatWholeKey(key)
          : formatKey(key, flow.mask.unpack(), { isVerbose: true });
    const counted = stats === undefined ? '' : `, ${formatDpFlowStats(stats())}`;
    const actions = hasActions ? `, actions:${formatDpActions(flow.actions)}` : '';
    return `${type}@${name}: ${operation} ufid:${flow.ufid} ${match}${counted}${actions}`;
  });
}

function formatWholeKey(key: Uint32Array): string {
  const mask = newKey().fill(0xffffffff);
  if (getSlot(key, 'tcp_flags') === 0) setSlot(mask, 'tcp_flags', 0); // not worth a word
  return formatKey(key, mask, { isVerbose: true });
}
