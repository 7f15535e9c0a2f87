/** A dropped packet as `drops/monitor` shows it, and in one line as captures have it. */
import { strftime } from '../../base/strftime.ts';
import type { DroppedPacket } from '../drops/drop-stream.ts';

/** The same with its bytes in hexadecimal, at most so many of them. */
export interface ShownDrop extends Omit<DroppedPacket, 'head' | 'time'> {
  /** UTC. */
  readonly time: string;
  readonly head: string;
}

export function showDrop({ head, time, ...rest }: DroppedPacket, headSize: number): ShownDrop {
  return {
    ...rest,
    time: strftime('%Y-%m-%dT%H:%M:%S.###Z', time, 'utc'),
    head: Buffer.from(head.subarray(0, headSize)).toString('hex'),
  };
}

export function formatDrop(shown: ShownDrop): string {
  const { time, flow, size, head } = shown;
  const lines = [`${time} ${whereAndWhy(shown)}`, ...stepsOf(shown), `flow: ${flow}`];
  if (head !== '') lines.push(`${size} bytes: ${head}${head.length < 2 * size ? '...' : ''}`);
  return lines.map((line, n) => `${n === 0 ? '' : '  '}${line}\n`).join('');
}

export function formatDropComment(packet: DroppedPacket): string {
  return [whereAndWhy(packet), ...stepsOf(packet)].join('; ');
}

type Explained = Pick<DroppedPacket, 'bridge' | 'port' | 'reason' | 'place' | 'text'>;

function whereAndWhy({ bridge = '-', port = '-', reason, place, text }: Explained): string {
  return `${bridge} ${port}: ${reason}, by the ${place}: ${text}`;
}

function stepsOf({ table, rule, action }: Pick<DroppedPacket, 'table' | 'rule' | 'action'>): string[] {
  const steps: string[] = [];
  if (table !== undefined) steps.push(`table ${table}: ${rule ?? 'no flow'}`);
  if (action !== undefined) steps.push(`action: ${action}`);
  return steps;
}
