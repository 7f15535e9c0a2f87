/** How many connections there are of each protocol, and in each state of TCP: what `dpctl/ct-stats-show` shows. */
import type { ConnectionReport } from '../../../datapath/conntrack/queries.ts';
import { tupleProtocolOf } from '../../../datapath/conntrack/tuple.ts';
import {
  protocolName,
  type TcpStateName,
  tcpStateNames,
  wholeTcpState,
} from '../../../datapath/text/connection-names.ts';

export interface ConnectionCounts {
  readonly total: number;
  /** By name; those without a name together as "other". */
  readonly protocols: Readonly<Record<string, number>>;
  /** Those of TCP. */
  readonly tcpStates: Readonly<Partial<Record<TcpStateName, number>>>;
}

export function countConnections(connections: readonly ConnectionReport[]): ConnectionCounts {
  const protocols: Record<string, number> = {};
  const tcpStates: Partial<Record<TcpStateName, number>> = {};
  for (const { original, state } of connections) {
    const name = protocolName(tupleProtocolOf(Uint32Array.from(original)));
    const group = /^\d/.test(name) ? 'other' : name;
    protocols[group] = (protocols[group] ?? 0) + 1;
    if (state === undefined) continue;
    const whole = wholeTcpState(state.original.state, state.reply.state);
    tcpStates[whole] = (tcpStates[whole] ?? 0) + 1;
  }
  return { total: connections.length, protocols, tcpStates };
}

/** In the order of the text; connections of ICMPv6 count for the total only, as in the reference. */
const titles: readonly (readonly [string, string])[] = [
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
  ['udplite', 'UDPLITE'],
  ['sctp', 'SCTP'],
  ['icmp', 'ICMP'],
  ['dccp', 'DCCP'],
  ['igmp', 'IGMP'],
  ['other', 'Other'],
];

export function formatCounts({ total, protocols, tcpStates }: ConnectionCounts, isVerbose: boolean): string {
  const lines = titles.flatMap(([name, title]) => {
    const count = protocols[name];
    if (count === undefined) return [];
    const line = `  ${title}: ${count}\n`;
    return name === 'tcp' && isVerbose ? [line, formatStates(tcpStates)] : [line];
  });
  return `Connections Stats:\n    Total: ${total}\n${lines.join('')}`;
}

function formatStates(counts: ConnectionCounts['tcpStates']): string {
  const lines = tcpStateNames.flatMap((name) =>
    counts[name] === undefined ? [] : [`\t  [${name}]=${counts[name]}\n`],
  );
  return `    Conn per TCP states:\n${lines.join('')}`;
}
