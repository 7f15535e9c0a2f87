/** `ovs/route/*`: where packets of tunnels go, by the host's own routes and by those that users add. */
import { readIpv4, readIpv6 } from '../../base/addresses.ts';
import { Malformed, Refused } from '../../base/errors.ts';
import { readIpv4Prefix, readIpv6Prefix } from '../../base/ip-prefix.ts';
import { type Command, defineCommand, told } from '../../daemon/unixctl.ts';
import { type HostAddress, hostAddress, mappedBits } from '../../ofproto/tunnels/host-address.ts';
import type { RouteTable } from '../../ofproto/tunnels/route-table.ts';
import { formatRoutes, formatWay, listRoutes, showWay } from '../../ofproto/views/tunnels.ts';
import { asJson } from './common.ts';

export function routeCommands(routes: RouteTable): Command[] {
  return [
    defineCommand({
      name: 'ovs/route/add',
      usage: 'ip_addr/prefix_len out_br_name [gw] [pkt_mark=mark]',
      minArgs: 2,
      maxArgs: 4,
      run([network = '', device = '', gatewayOrMark, markText]) {
        const to = readNetwork(network);
        const { gateway, mark } = readGatewayOrMark(gatewayOrMark, to.family);
        const route = { ...to, device, gateway, mark: markText === undefined ? mark : readMark(markText) };
        if (!routes.add(route)) throw refused('Error while inserting route.');
        return told('OK');
      },
    }),
    defineCommand({
      name: 'ovs/route/show',
      usage: '',
      minArgs: 0,
      maxArgs: 0,
      run() {
        const rows = listRoutes(routes);
        return { text: formatRoutes(rows), json: rows.map(asJson) };
      },
    }),
    defineCommand({
      name: 'ovs/route/del',
      usage: 'ip_addr/prefix_len [pkt_mark=mark]',
      minArgs: 1,
      maxArgs: 2,
      run([network = '', mark]) {
        const to = readNetwork(network);
        if (!routes.remove({ ...to, mark: readMark(mark) })) throw refused('Not found');
        return told('OK');
      },
    }),
    defineCommand({
      name: 'ovs/route/lookup',
      usage: 'ip_addr [pkt_mark=mark]',
      minArgs: 1,
      maxArgs: 2,
      run([address = '', mark]) {
        const { destination, prefix } = readNetwork(address);
        if (prefix !== wholeAddress) throw refused('Invalid parameters');
        const way = routes.find(destination, readMark(mark));
        if (way === undefined) throw refused('Not found');
        const row = showWay(way);
        return { text: formatWay(row), json: asJson(row) };
      },
    }),
  ];
}

const wholeAddress = 128;

interface Network {
  readonly family: 4 | 6;
  readonly destination: HostAddress;
  /** Bits of the destination, of IPv4 as of IPv6. */
  readonly prefix: number;
}

function readNetwork(text: string): Network {
  const ipv4 = attempt(() => readIpv4Prefix(text));
  if (ipv4 !== undefined)
    return { family: 4, destination: hostAddress(ipv4.address), prefix: ipv4.prefix + mappedBits };
  const ipv6 = attempt(() => readIpv6Prefix(text));
  if (ipv6 === undefined) throw refused('Invalid parameters');
  return { family: 6, destination: ipv6.address, prefix: ipv6.prefix };
}

function readGatewayOrMark(
  text: string | undefined,
  family: Network['family'],
): { readonly gateway: HostAddress | undefined; readonly mark: number } {
  if (text === undefined) return { gateway: undefined, mark: 0 };
  const mark = markIn(text);
  if (mark !== undefined) return { gateway: undefined, mark };
  const address = attempt(() => (family === 4 ? readIpv4(text) : readIpv6(text)));
  if (address === undefined) throw refused(`Invalid pkt_mark or ${family === 4 ? '' : 'IPv6 '}gateway`);
  return { gateway: hostAddress(address), mark: 0 };
}

function readMark(text: string | undefined): number {
  const mark = text === undefined ? 0 : markIn(text);
  if (mark === undefined) throw refused('Invalid pkt_mark');
  return mark;
}

/** Decimal, hexadecimal or octal; what follows it is passed over. */
function markIn(text: string): number | undefined {
  const [, sign, digits] = /^pkt_mark=\s*([-+]?)(0x[0-9a-f]+|\d+)/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const number = /^0\d/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return (sign === '-' ? -number : number) >>> 0;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (why) {
    if (why instanceof Malformed) return undefined;
    throw why;
  }
}

function refused(why: string): Refused {
  return new Refused('route', why);
}
