/** `dpif/show-drops`: how many packets were dropped, by bridge, port and reason. */
import { compareBytes } from '../../base/text.ts';
import { isActionDrop } from '../../datapath/drops.ts';
import type { DpFlowStats } from '../../datapath/provider.ts';
import type { PortCounters } from '../../netdev/provider.ts';
import type { Backer } from '../backer.ts';
import {
  type AnyDropReason,
  type DeviceDropReason,
  type DropPlace,
  explanationOf,
} from '../drops/drop-list.ts';
import type { DropOwner } from '../drops/drop-tally.ts';
import type { Ofproto } from '../ofproto.ts';
import type { OfprotoPort } from '../port.ts';
import type { PacketDrop } from '../translate/request.ts';

export interface DropRow {
  /** undefined where the packets came into no bridge. */
  readonly bridge: string | undefined;
  /**
   * The port that received the packet, or of a device that did not send it, that one; undefined where it is none of the
   * bridge's.
   */
  readonly port: string | undefined;
  readonly reason: AnyDropReason;
  /** Who dropped them. */
  readonly place: DropPlace;
  readonly packets: number;
  /** The reason in words. */
  readonly text: string;
}

type Where = Pick<DropRow, 'bridge' | 'port'>;

/** Of one bridge, or of all that share the datapath. By bridge, port and reason. */
export function listDrops(backer: Backer, only?: Ofproto): DropRow[] {
  const rows = new Map<string, DropRow>();
  const add = ({ bridge, port }: Where, place: DropPlace, reason: AnyDropReason, packets: number): void => {
    if (packets <= 0) return;
    const key = JSON.stringify([bridge, port, place, reason]);
    const before = rows.get(key)?.packets ?? 0;
    const { text } = explanationOf(place, reason);
    rows.set(key, { bridge, port, reason, place, packets: before + packets, text });
  };
  const addOfBridge = ({ ofproto, port }: DropOwner, reason: AnyDropReason, packets: number): void => {
    if (only === undefined || ofproto === only)
      add({ bridge: ofproto?.name, port: port?.name }, 'bridge', reason, packets);
  };
  for (const count of backer.drops) addOfBridge(count, count.reason, count.packets);
  for (const [{ reason, end }, packets] of pendingDrops(backer))
    addOfBridge(backer.drops.ownerOf(end), reason, packets);
  for (const ofproto of only === undefined ? backer.bridges.values() : [only])
    for (const port of ofproto.ports.values()) addPort(backer, ofproto, port, add);
  return [...rows.values()].sort(
    (a, b) => compare(a.bridge, b.bridge) || compare(a.port, b.port) || compareBytes(a.reason, b.reason),
  );
}

/** What flows have dropped since they were looked at last. */
function* pendingDrops({ flows, datapath }: Backer): IterableIterator<[PacketDrop, number]> {
  const stats: DpFlowStats = { packetCount: 0, byteCount: 0, usedAt: 0, tcpFlags: 0 };
  for (const { id, drop, creditedPackets } of flows)
    if (drop !== undefined && datapath.readFlowStats(id, stats))
      yield [drop, stats.packetCount - creditedPackets];
}

/** What the datapath and the device dropped. */
function addPort(
  { datapath }: Backer,
  ofproto: Ofproto,
  port: OfprotoPort,
  add: (where: Where, place: DropPlace, reason: AnyDropReason, packets: number) => void,
): void {
  if (port.dpPort === undefined) return;
  const where = { bridge: ofproto.name, port: port.name };
  for (const [reason, packets] of datapath.portDrops(port.dpPort))
    if (!isActionDrop(reason)) add(where, 'datapath', reason, packets); // a bridge said so, and counted it
  const counters = datapath.portCounters(port.dpPort);
  if (counters === undefined) return;
  for (const [reason, counter] of deviceCounters) add(where, 'device', reason, counters[counter]);
}

const deviceCounters: readonly (readonly [DeviceDropReason, keyof PortCounters])[] = [
  ['rxQueueFull', 'rxDropped'],
  ['rxUnusable', 'rxErrors'],
  ['txQueueFull', 'txDropped'],
  ['txRefused', 'txErrors'],
];

/** What is in no bridge, or by no port, comes last. */
function compare(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return compareBytes(a, b);
}

/** A table; nothing but its head when nothing was dropped. */
export function formatDrops(rows: readonly DropRow[]): string {
  const cells = rows.map(({ bridge = '-', port = '-', packets, reason, place, text }) => [
    bridge,
    port,
    String(packets),
    reason,
    place,
    text,
  ]);
  const all = [['bridge', 'port', 'packets', 'reason', 'by', 'explanation'], ...cells];
  const widths = [0, 1, 2, 3, 4].map((n) => Math.max(...all.map((row) => row[n]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, n) => (n === 2 ? cell.padStart(widths[n] ?? 0) : cell.padEnd(widths[n] ?? 0))).join('  ');
  return all.map((row) => `${line(row).trimEnd()}\n`).join('');
}
