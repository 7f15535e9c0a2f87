/** What dumps of connections call protocols, states and flags. */
import { ipProtocol } from '../../wire/ip.ts';

/** A protocol that is not among them is told by its number. */
const protocolNames: ReadonlyMap<number, string> = new Map([
  [ipProtocol.icmp, 'icmp'],
  [ipProtocol.icmpv6, 'icmpv6'],
  [ipProtocol.tcp, 'tcp'],
  [ipProtocol.udp, 'udp'],
  [ipProtocol.sctp, 'sctp'],
  [136, 'udplite'],
  [33, 'dccp'],
  [ipProtocol.igmp, 'igmp'],
]);

export function protocolName(protocol: number): string {
  return protocolNames.get(protocol) ?? String(protocol);
}

/** Of one end of a TCP connection, by number. */
export const tcpStateNames = [
  'CLOSED',
  'LISTEN',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'CLOSE_WAIT',
  'FIN_WAIT_1',
  'CLOSING',
  'LAST_ACK',
  'FIN_WAIT_2',
  'TIME_WAIT',
] as const;

export type TcpStateName = (typeof tcpStateNames)[number];

/** The state of a connection as a whole is the later one of its ends', of which dumps do not show these. */
const shownInstead: Partial<Record<TcpStateName, TcpStateName>> = {
  SYN_RECV: 'ESTABLISHED',
  FIN_WAIT_2: 'TIME_WAIT',
};

export function wholeTcpState(original: number, reply: number): TcpStateName {
  const later = tcpStateName(Math.max(original, reply));
  return shownInstead[later] ?? later;
}

export function tcpStateName(state: number): TcpStateName {
  const name = tcpStateNames[state];
  if (name === undefined) throw new RangeError(`there is no state ${state} of TCP`);
  return name;
}

/** Of one end of a TCP connection, from the lowest bit on. */
const tcpFlagNames = [
  'WINDOW_SCALE',
  'SACK_PERM',
  'CLOSE_INIT',
  'BE_LIBERAL',
  'DATA_UNACKNOWLEDGED',
  'MAXACK_SET',
] as const;

export function tcpFlagsIn(flags: number): string[] {
  return tcpFlagNames.filter((_name, bit) => (flags & (1 << bit)) !== 0);
}
