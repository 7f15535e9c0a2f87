/** Datapath flows as `dpctl/dump-flows` and `dpif/dump-flows` show them. */
import { dpPort } from '../../base/units.ts';
import type { DpAction } from '../../datapath/actions.ts';
import type { Datapath, DpFlow, DpFlowStats } from '../../datapath/provider.ts';
import { formatActions } from '../../datapath/text/actions.ts';
import { formatKey } from '../../datapath/text/key.ts';
import { type Match, unpackKey } from '../../flow/match.ts';
import type { Backer } from '../backer.ts';
import type { Ofproto } from '../ofproto.ts';

/** One datapath flow. */
export interface FlowRow {
  /** 128 bits in the form of a UUID; the same for the same packet headers. */
  readonly ufid: string;
  /** The headers of the packet that it was made for, and which of their bits count. */
  readonly key: Uint32Array;
  readonly mask: Uint32Array;
  readonly actions: readonly DpAction[];
  readonly packets: number;
  readonly bytes: number;
  /** Milliseconds since the last packet; undefined = never. */
  readonly idle: number | undefined;
  readonly tcpFlags: number;
}

export interface FlowTextOptions {
  /** -m: also what the mask leaves out, and the ufid. */
  readonly isVerbose: boolean;
  /** --names: ports by name. */
  readonly isNamed: boolean;
  readonly omitsPacketType?: boolean;
  /** dpctl says which datapath layer has the flow. */
  readonly style: 'dpctl' | 'dpif';
}

/** All flows, or those of packets that came in by a port of `of`. */
export function listFlows(backer: Backer, now: number, of?: Ofproto): FlowRow[] {
  const rows: FlowRow[] = [];
  const stats: DpFlowStats = { packetCount: 0, byteCount: 0, usedAt: 0, tcpFlags: 0 };
  for (const flow of backer.flows) {
    if (of !== undefined && flow.input.ofproto !== of) continue;
    if (backer.datapath.readFlowStats(flow.id, stats)) rows.push(flowRow(ufidOf(flow.key), flow, stats, now));
  }
  return rows;
}

export function flowRow(
  ufid: string,
  { key, mask, actions }: DpFlow,
  { packetCount, byteCount, usedAt, tcpFlags }: DpFlowStats,
  now: number,
): FlowRow {
  const idle = usedAt === 0 ? undefined : Math.max(0, Math.round(now - usedAt));
  const whole = { key: unpackKey(key), mask: mask.unpack() };
  return { ufid, ...whole, actions, packets: packetCount, bytes: byteCount, idle, tcpFlags };
}

export function formatFlows(datapath: Datapath, rows: readonly FlowRow[], options: FlowTextOptions): string {
  return rows.map((row) => `${formatFlow(datapath, row, options)}\n`).join('');
}

export function formatFlow(datapath: Datapath, row: FlowRow, options: FlowTextOptions): string {
  const { isVerbose, isNamed, style, omitsPacketType = false } = options;
  const portName = (number: number): string | undefined => datapath.ports().get(dpPort(number))?.name;
  const text = { isVerbose, omitsPacketType, ...(isNamed ? { portName } : {}) };
  const ufid = isVerbose ? `ufid:${row.ufid}${style === 'dpctl' ? ', ' : ' '}` : '';
  const layer = isVerbose && style === 'dpctl' ? ', dp:ovs' : '';
  const key = formatKey(row.key, row.mask, text);
  return `${ufid}${key}, ${formatFlowStats(row)}${layer}, actions:${formatActions(row.actions, text)}`;
}

export function formatFlowStats({
  packets,
  bytes,
  idle,
  tcpFlags,
}: Pick<FlowRow, 'packets' | 'bytes' | 'idle' | 'tcpFlags'>): string {
  const used = idle === undefined ? 'never' : `${(idle / 1000).toFixed(3)}s`;
  const flags = tcpFlags === 0 ? '' : `, flags:${formatTcpFlags(tcpFlags)}`;
  return `packets:${packets}, bytes:${bytes}, used:${used}${flags}`;
}

const tcpFlagLetters: readonly (readonly [number, string])[] = [
  [0x002, 'S'],
  [0x001, 'F'],
  [0x008, 'P'],
  [0x004, 'R'],
  [0x020, 'U'],
  [0x010, '.'],
  [0x040, 'E'],
  [0x080, 'C'],
  [0x100, 'N'],
  [0x200, '[200]'],
  [0x400, '[400]'],
  [0x800, '[800]'],
];

function formatTcpFlags(flags: number): string {
  return tcpFlagLetters
    .filter(([bit]) => (flags & bit) !== 0)
    .map(([, letter]) => letter)
    .join('');
}

/** Four independent 32-bit hashes of a packed key, in the form of a UUID. */
export function ufidOf(key: Match): string {
  const hex = [0x9e3779b9, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f]
    .map((seed) => keyHash(key, seed).toString(16).padStart(8, '0'))
    .join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function keyHash({ mask, values }: Match, seed: number): number {
  let hash = seed;
  for (let n = 0; n < values.length; n++) {
    hash = Math.imul(hash ^ (mask.words[n] ?? 0), 0xcc9e2d51);
    hash = Math.imul(hash ^ (hash >>> 16) ^ (values[n] ?? 0), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
  return (hash ^ (hash >>> 13)) >>> 0;
}
