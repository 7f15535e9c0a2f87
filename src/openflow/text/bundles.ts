/**
 * Lines of a bundle: flows, groups and packets that are to be sent, each behind a word that says which (ovs-ofctl(8),
 * "bundle").
 */
import { wrong } from '../actions/arguments.ts';
import type { ActionText } from '../actions/declare.ts';
import { type FlowSaid, readFlow } from './flows.ts';
import { type ReadGroup, readGroupLine } from './groups.ts';
import { type ReadPacketOut, readPacketOut } from './packet-out.ts';

export type BundleLine =
  | ({ readonly kind: 'flow' } & FlowSaid)
  | ({ readonly kind: 'group' } & ReadGroup)
  | ({ readonly kind: 'packet-out' } & ReadPacketOut);

const kinds = ['flow', 'group', 'packet-out'] as const;

/** The word may be cut short. Throws Malformed, whose `why` is the whole message. */
export function readBundleLine(line: string, context: ActionText): BundleLine {
  const text = line.replace(/^[ \t\r\n]+/, '');
  const [word = ''] = /^[^, \t\r\n]*/.exec(text) ?? [];
  const kind = kinds.find((name) => name.startsWith(word));
  const rest = text.slice(word.length);
  if (kind === 'flow') return { ...readFlow(rest, 'any', context), kind };
  if (kind === 'group') return { ...readGroupLine(rest, context), kind };
  if (kind === 'packet-out') return { ...readPacketOut(rest, context), kind };
  throw wrong(`Unsupported bundle message type: ${word}`);
}
