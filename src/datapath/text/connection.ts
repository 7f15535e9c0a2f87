/** A tracked connection as `dpctl/dump-conntrack` shows it. */

import { formatIpv4, formatIpv6 } from '../../base/addresses.ts';
import { isIcmpProtocol } from '../../wire/ip.ts';
import type { ProtocolReport, TcpEndReport } from '../conntrack/protocol.ts';
import type { ConnectionReport, TupleWords } from '../conntrack/queries.ts';
import {
  destinationPortOf,
  icmpOf,
  ipVersionOf,
  sourcePortOf,
  tupleAddressOf,
  tupleProtocolOf,
  tupleWord,
  zoneOf,
} from '../conntrack/tuple.ts';
import {
  protocolName,
  type TcpStateName,
  tcpFlagsIn,
  tcpStateName,
  wholeTcpState,
} from './connection-names.ts';

export interface ShownConnection {
  /** Its name, or its number where it has none. */
  readonly protocol: string;
  /** Of the packet that began it. */
  readonly original: ShownTuple;
  /** Of packets that answer. */
  readonly reply: ShownTuple;
  readonly zone: number;
  readonly mark: number;
  /** 128 bits in hexadecimal: "0x12". */
  readonly labels: string;
  /** Seconds that it may still be silent. */
  readonly timeout: number;
  readonly tcp?: ShownTcp;
  readonly helper?: string;
  /** Of the connection that announced it. */
  readonly parent?: ShownTuple;
}

type ShownTuple = ShownAddresses & (ShownPorts | ShownIcmp);

interface ShownAddresses {
  readonly source: string;
  readonly destination: string;
}

interface ShownPorts {
  readonly sourcePort: number;
  readonly destinationPort: number;
}

interface ShownIcmp {
  readonly id: number;
  readonly type: number;
  readonly code: number;
}

interface ShownTcp {
  readonly state: TcpStateName;
  readonly original: ShownTcpEnd;
  readonly reply: ShownTcpEnd;
}

interface ShownTcpEnd {
  readonly state: TcpStateName;
  readonly windowScale: number;
  readonly flags: readonly string[];
}

export function showConnection(report: ConnectionReport): ShownConnection {
  const { original, reply, parent, mark, label, helper, timeout, state } = report;
  const first = Uint32Array.from(original);
  return {
    protocol: protocolName(tupleProtocolOf(first)),
    original: showTuple(original),
    reply: showTuple(reply),
    zone: zoneOf(first),
    mark,
    labels: showLabel(label),
    timeout,
    ...(state === undefined ? {} : { tcp: showTcp(state) }),
    ...(helper === undefined ? {} : { helper }),
    ...(parent === undefined ? {} : { parent: showTuple(parent) }),
  };
}

function showTuple(words: TupleWords): ShownTuple {
  const tuple = Uint32Array.from(words);
  const format = ipVersionOf(tuple) === 4 ? formatIpv4 : formatIpv6;
  const addresses = {
    source: format(tupleAddressOf(tuple, tupleWord.source)),
    destination: format(tupleAddressOf(tuple, tupleWord.destination)),
  };
  if (isIcmpProtocol(tupleProtocolOf(tuple))) return { ...addresses, ...icmpOf(tuple) };
  return { ...addresses, sourcePort: sourcePortOf(tuple), destinationPort: destinationPortOf(tuple) };
}

function showLabel(words: readonly number[]): string {
  return `0x${words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n).toString(16)}`;
}

function showTcp({ original, reply }: ProtocolReport): ShownTcp {
  const showEnd = ({ state, windowScale, flags }: TcpEndReport): ShownTcpEnd => ({
    state: tcpStateName(state),
    windowScale,
    flags: tcpFlagsIn(flags),
  });
  return {
    state: wholeTcpState(original.state, reply.state),
    original: showEnd(original),
    reply: showEnd(reply),
  };
}

export interface ConnectionTextOptions {
  /** Both ends of TCP, and the parent. Identifier and status are those of the kernel: always 0 here. */
  readonly isVerbose: boolean;
  /** With the timeout. */
  readonly hasStatistics: boolean;
}

/** One line, without its end. */
export function formatConnection(
  connection: ShownConnection,
  { isVerbose, hasStatistics }: ConnectionTextOptions,
): string {
  const { protocol, original, reply, zone, mark, labels, timeout, tcp, helper, parent } = connection;
  const parts: readonly (string | false)[] = [
    protocol,
    `orig=(${formatTuple(original)})`,
    `reply=(${formatTuple(reply)})`,
    isVerbose && 'id=0',
    zone !== 0 && `zone=${zone}`,
    isVerbose && 'status=0',
    hasStatistics && `timeout=${timeout}`,
    mark !== 0 && `mark=${mark}`,
    labels !== '0x0' && `labels=${labels}`,
    tcp !== undefined && `protoinfo=(${isVerbose ? formatBothEnds(tcp) : `state=${tcp.state}`})`,
    helper !== undefined && `helper=${helper}`,
    isVerbose && parent !== undefined && `parent=(${formatTuple(parent)})`,
  ];
  return parts.filter((part) => part !== false).join(',');
}

function formatTuple(tuple: ShownTuple): string {
  const addresses = `src=${tuple.source},dst=${tuple.destination}`;
  return 'id' in tuple
    ? `${addresses},id=${tuple.id},type=${tuple.type},code=${tuple.code}`
    : `${addresses},sport=${tuple.sourcePort},dport=${tuple.destinationPort}`;
}

function formatBothEnds({ original, reply }: ShownTcp): string {
  const hasScales = original.windowScale !== 0 || reply.windowScale !== 0;
  const scales = `,wscale_orig=${original.windowScale},wscale_reply=${reply.windowScale}`;
  const flagsOf = ({ flags }: ShownTcpEnd): string => (flags.length === 0 ? '0' : flags.join('|'));
  const flags = `,flags_orig=${flagsOf(original)},flags_reply=${flagsOf(reply)}`;
  return `state_orig=${original.state},state_reply=${reply.state}${hasScales ? scales : ''}${flags}`;
}
