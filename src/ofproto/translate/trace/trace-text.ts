/**
 * A trace as the reference prints it: what follows a table or bridge that nothing comes after is not indented further.
 */
import { hexOrZero } from '../../../base/numbers.ts';
import { explainDrop } from '../drop-reasons.ts';
import type { MulticastTarget, TraceEvent, TraceNode } from './trace.ts';

type Kind = 'place' | 'bridge' | 'bucket' | 'action' | 'detail' | 'warning' | 'error';
type Line = readonly [kind: Kind, text: string];

const multicastFloods = {
  traffic: 'multicast traffic, flooding',
  query: 'MLD query, flooding',
  linkLocal: 'RFC4541: section 2.1.2, item 2, flooding',
  unregistered: 'unregistered multicast, flooding',
} as const;

/**
 * What it is called when something goes there; when it is of another VLAN; and when it is the port that the packet came
 * by.
 */
const multicastPorts: Readonly<Record<MulticastTarget, readonly [string, string, string]>> = {
  group: ['forwarding to mcast group port', '', 'mcast group port is input port, dropping'],
  router: [
    'forwarding to mcast router port',
    'mcast router is on another vlan, dropping',
    'mcast router port is input port, dropping',
  ],
  flood: ['forwarding to mcast flood port', '', 'mcast flood port is input port, dropping'],
  report: ['forwarding report to mcast flagged port', '', 'mcast port is input port, dropping the Report'],
};

function snooped(event: Extract<TraceEvent, { event: 'snooped' }>): string {
  switch (event.what) {
    case 'badChecksum':
      return `received bad ${event.protocol} checksum`;
    case 'joined':
      return `learned that ${event.group} is`;
    case 'left':
      return `leaving ${event.group} is`;
    case 'query':
      return event.source === undefined ? 'query' : `query from ${event.source} is`;
    case 'records':
      return `processed ${event.count} addresses`;
  }
}

/** One text for each event; most are one line. */
type Texts = {
  readonly [E in TraceEvent['event']]: (event: Extract<TraceEvent, { event: E }>) => readonly Line[];
};

const texts: Texts = {
  bridge: ({ name }) => [['bridge', `bridge("${name}")`]],
  rule: ({ table, match, priority, cookie }) => [
    [
      'place',
      `${numberOf(table)}${match === '' ? '' : `${match}, `}priority ${priority}${cookie === undefined ? '' : `, cookie ${cookie}`}`,
    ],
  ],
  tableMiss: ({ table, match, isTold }) => [
    [
      'place',
      `${numberOf(table)}${match === undefined ? `No match${isTold ? ', and a "packet-in" is called for' : ''}.` : `${match}, priority 0`}`,
    ],
  ],
  fragment: ({ table }) => [
    ['place', `${numberOf(table)}Packets are IP fragments and the fragment handling mode is "drop".`],
  ],
  action: ({ text }) => [['action', text]],
  written: ({ actions }) => [['detail', `action set is: ${actions}`]],
  cleared: ({ actions }) => [['detail', `action set was: ${actions}`]],
  actionSet: () => [['place', '--. Executing action set:']],
  learned: ({ mac, port, vlan }) => [['detail', `learned that ${mac} is on port ${port} in VLAN ${vlan}`]],
  learnedFlow: ({ flow }) => [['detail', flow]],
  learnFailed: () => [['detail', 'Limit exceeded, learn failed']],
  suppressed: () => [['warning', 'suppressing side effects, so learn action ignored']],
  forked: ({ table }) => [
    [
      'detail',
      `A clone of the packet is forked to recirculate. The forked pipeline will be resumed at table ${table}.`,
    ],
  ],
  untracked: () => [
    ['detail', 'Sets the packet to an untracked state, and clears all the conntrack fields.'],
  ],
  thaw: () => [['place', 'thaw']],
  restored: ({ what, actions }) => [['place', `Restoring ${what}: ${actions}`]],
  unrolled: ({ table, cookie }) => [
    ['place', `restored state: table=${table}, cookie=${hexOrZero(swapped(BigInt(cookie)))}`],
  ],
  resumed: ({ table }) => [['place', `Resuming from table ${table}`]],
  forwarding: () => [['detail', 'forwarding to learned port']],
  flooding: () => [['detail', 'no learned MAC for destination, flooding']],
  snooped: (event) => [
    ['detail', `multicast snooping ${snooped(event)} on port ${event.port} in VLAN ${event.vlan}`],
  ],
  multicastFlood: ({ why }) => [['detail', multicastFloods[why]]],
  multicastPort({ target, outcome }) {
    const [forwarding, otherVlan, isInput] = multicastPorts[target];
    return [['detail', { forwarding, otherVlan, isInput }[outcome]]];
  },
  queue: ({ priority }) => [['detail', `queue = ${hexOrZero(priority)}`]],
  ttlExpired: ({ header }) => [['warning', `${header} decrement TTL exception`]],
  tunnelled: ({ by }) => [['detail', `output to ${by === 'datapath' ? 'kernel' : 'native'} tunnel`]],
  tunnelRoute: ({ to, port }) => [['detail', `tunneling to ${to} via ${port}`]],
  neighbourUnknown: ({ address, bridge, protocol }) => [
    ['detail', `neighbor cache miss for ${address} on bridge ${bridge}, sending ${protocol} request`],
  ],
  tunnelEnds: ({ from, to }) => [
    ['detail', `tunneling from ${from.mac} ${from.address} to ${to.mac} ${to.address}`],
  ],
  outputPort: ({ port }) =>
    port > 0xffff
      ? [['warning', `output port ${port} is out of range`]]
      : [['detail', `output port is ${port}`]],
  bucket: ({ bucket }) => [['bucket', `bucket ${bucket}`]],
  bucketChosen: ({ bucket }) => [['detail', `using bucket ${bucket}`]],
  bucketScore: ({ bucket, score }) => [['detail', `bucket ${bucket}: score ${score}`]],
  bucketDead: ({ bucket, watched }) => [
    ['detail', `bucket ${bucket}: not live due to ${watched.map((name) => `port ${name}`).join(' and ')}`],
  ],
  value: ({ bits, value }) => [['detail', `${bits} is now ${value}`]],
  deleted: ({ field }) => [['detail', `delete ${field}`]],
  ignored: ({ action, field }) => [['warning', `unmet prerequisites for ${field}, ${action} ignored`]],
  misplaced: ({ what }) => [['error', what]],
  drop({ reason, detail }) {
    const { text, kind, detailKind = 'error' } = explainDrop(reason);
    const line: Line[] = kind === 'silent' ? [] : [[kind, text]];
    return detail === undefined ? line : [[detailKind, detail], ...line];
  },
};

/** What an event says is wrong. */
export function errorsOf(event: TraceEvent): string[] {
  return linesOf(event).flatMap(([kind, text]) => (kind === 'error' ? text : []));
}

/** The reference shows the bytes of the wire as its host reads them. */
function swapped(cookie: bigint): bigint {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(cookie);
  return bytes.readBigUInt64LE();
}

function numberOf(table: number): string {
  return `${String(table).padStart(2)}. `;
}

/** With a newline at the end of each line. */
export function formatTrace(nodes: readonly TraceNode[]): string {
  return formatNodes(nodes, 0);
}

interface Shown {
  readonly line: Line;
  readonly children: readonly TraceNode[];
}

function formatNodes(nodes: readonly TraceNode[], level: number): string {
  const shown = nodes.flatMap(flatten);
  return shown
    .map(({ line: [kind, text], children }, n) => {
      const isInner = n < shown.length - 1 || !isPlace(kind);
      const indent = ' '.repeat(4 * (level + (isInner ? 1 : 0)));
      return formatLine(kind, text, indent) + formatNodes(children, level + (isInner ? 2 : 0));
    })
    .join('');
}

/** What an action led to is shown after it, not inside. */
function flatten({ event, children }: TraceNode): Shown[] {
  const lines = linesOf(event);
  const [first] = lines;
  if (first !== undefined && hasInside(first[0])) return [{ line: first, children }];
  return [...lines.map((line) => ({ line, children: [] })), ...children.flatMap(flatten)];
}

function linesOf<E extends TraceEvent['event']>(event: Extract<TraceEvent, { event: E }>): readonly Line[] {
  const name: E = event.event;
  return texts[name](event);
}

/** What follows from it is shown inside. */
function hasInside(kind: Kind): boolean {
  return isPlace(kind) || kind === 'bucket';
}

function isPlace(kind: Kind): boolean {
  return kind === 'place' || kind === 'bridge';
}

function formatLine(kind: Kind, text: string, indent: string): string {
  switch (kind) {
    case 'bridge':
      return `\n${indent}${text}\n${indent}${'-'.repeat(text.length)}\n`;
    case 'detail':
      return `${indent} -> ${text}\n`;
    case 'warning':
      return `${indent} >> ${text}\n`;
    case 'error':
      return `${indent} >>>> ${text} <<<<\n`;
    case 'place':
    case 'bucket':
    case 'action':
      return `${indent}${text}\n`;
  }
}
