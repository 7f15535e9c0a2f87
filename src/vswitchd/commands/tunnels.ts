/**
 * `tnl/neigh/*` under its two names, `tnl/ports/show` and `tnl/egress_port_range`: whom tunnels send to, and what they
 * listen on.
 */
import { readIpv4, readIpv6, readMac } from '../../base/addresses.ts';
import { Malformed, Refused } from '../../base/errors.ts';
import { type Command, defineCommand, told } from '../../daemon/unixctl.ts';
import { type HostAddress, hostAddress } from '../../ofproto/tunnels/host-address.ts';
import type { TunnelHost } from '../../ofproto/tunnels/tunnel-host.ts';
import {
  formatListening,
  formatListeningPorts,
  formatNeighbours,
  listListening,
  listNeighbours,
} from '../../ofproto/views/tunnels.ts';
import { asJson } from './common.ts';

const none = { minArgs: 0, maxArgs: 0 };
/** Seconds. */
const longestAge = 3600;

export function tunnelCommands(host: TunnelHost): Command[] {
  return [
    ...['tnl/arp', 'tnl/neigh'].flatMap((prefix) => neighbourCommands(prefix, host)),
    defineCommand({
      name: 'tnl/ports/show',
      usage: '-v',
      minArgs: 0,
      maxArgs: 1,
      run([flag]) {
        const { listening, routes } = host;
        routes.refresh();
        if (flag?.toLowerCase() === '-v') {
          const rows = listListening(listening);
          return { text: formatListening(rows), json: rows.map(asJson) };
        }
        return { text: formatListeningPorts(listening.ports), json: listening.ports.map(asJson) };
      },
    }),
    defineCommand({
      name: 'tnl/egress_port_range',
      usage: 'min max',
      minArgs: 0,
      maxArgs: 2,
      run: ([first, last]) => portRange(host, first, last),
    }),
  ];
}

function portRange(
  host: TunnelHost,
  first: string | undefined,
  last: string | undefined,
): ReturnType<typeof told> {
  if (first === undefined || last === undefined) {
    const { sourcePorts: range } = host;
    return { text: `Tunnel UDP source port range: ${range.first}-${range.last}\n`, json: { ...range } };
  }
  const ends = [Number.parseInt(first, 10), Number.parseInt(last, 10)] as const;
  for (const [n, which] of ['min', 'max'].entries())
    if (!((ends[n] ?? 0) > 0 && (ends[n] ?? 0) <= 0xffff)) return told(`Invalid ${which}.`);
  host.sourcePorts = { first: Math.min(...ends), last: Math.max(...ends) };
  return told('OK');
}

function neighbourCommands(prefix: string, { neighbours }: TunnelHost): Command[] {
  return [
    defineCommand({
      name: `${prefix}/show`,
      usage: '',
      ...none,
      run() {
        const rows = listNeighbours(neighbours);
        return { text: formatNeighbours(rows), json: rows.map(asJson) };
      },
    }),
    defineCommand({
      name: `${prefix}/set`,
      usage: 'BRIDGE IP MAC',
      minArgs: 3,
      maxArgs: 3,
      run([bridge = '', address = '', mac = '']) {
        neighbours.set(bridge, readAddress(address), readEthernet(mac));
        return told('OK');
      },
    }),
    defineCommand({
      name: `${prefix}/flush`,
      usage: '',
      ...none,
      run() {
        neighbours.flush();
        return told('OK');
      },
    }),
    defineCommand({
      name: `${prefix}/aging`,
      usage: '[SECS]',
      minArgs: 0,
      maxArgs: 1,
      run([text]) {
        if (text === undefined) {
          const age = neighbours.age / 1000;
          return { text: String(age), json: age };
        }
        const age = Number.parseInt(text, 10);
        if (!(age > 0 && age <= longestAge)) throw new Refused('tunnel', 'bad aging value');
        neighbours.age = age * 1000;
        return told('OK');
      },
    }),
  ];
}

function readAddress(text: string): HostAddress {
  return hostAddress(readAs(text.includes(':') ? readIpv6 : readIpv4, text, 'bad IP address'));
}

function readEthernet(text: string): Uint8Array {
  return readAs(readMac, text, 'bad MAC address');
}

function readAs(read: (text: string) => Uint8Array, text: string, wrong: string): Uint8Array {
  try {
    return read(text);
  } catch (why) {
    throw why instanceof Malformed ? new Refused('tunnel', wrong) : why;
  }
}
