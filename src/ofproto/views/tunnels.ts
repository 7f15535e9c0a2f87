/** What tunnels know of the host, as `ovs/route/*`, `tnl/neigh/*` and `tnl/ports/*` show it. */
import { formatMac } from '../../base/addresses.ts';
import { formatKey } from '../../datapath/text/key.ts';
import { unpackKey } from '../../flow/match.ts';
import { formatHostAddress, isSet } from '../tunnels/host-address.ts';
import type { ListeningPort, ListeningPorts } from '../tunnels/listening-ports.ts';
import type { NeighbourCache } from '../tunnels/neighbour-cache.ts';
import { type RouteTable, shownPrefix, type Way } from '../tunnels/route-table.ts';

interface RouteRow {
  readonly origin: 'Cached' | 'User';
  readonly destination: string;
  readonly prefix: number;
  readonly mark: number;
  readonly device: string;
  readonly gateway: string | undefined;
  readonly source: string;
  readonly isLocal: boolean;
}

export function listRoutes(routes: RouteTable): RouteRow[] {
  return Array.from({ [Symbol.iterator]: () => routes[Symbol.iterator]() }, (route) => ({
    origin: route.origin === 'user' ? 'User' : 'Cached',
    destination: formatHostAddress(route.destination),
    prefix: shownPrefix(route),
    mark: route.mark,
    device: route.device,
    gateway: shownGateway(route),
    source: formatHostAddress(route.source),
    isLocal: route.origin === 'local',
  }));
}

function shownGateway({ gateway }: Way): string | undefined {
  return gateway === undefined || !isSet(gateway) ? undefined : formatHostAddress(gateway);
}

export function formatRoutes(rows: readonly RouteRow[]): string {
  const lines = rows.map((row) => {
    const mark = row.mark === 0 ? '' : ` MARK ${row.mark}`;
    const gateway = row.gateway === undefined ? '' : ` GW ${row.gateway}`;
    const end = row.isLocal ? ' local' : '';
    return `${row.origin}: ${row.destination}/${row.prefix}${mark} dev ${row.device}${gateway} SRC ${row.source}${end}\n`;
  });
  return `Route Table:\n${lines.join('')}`;
}

interface WayRow {
  readonly source: string;
  readonly gateway: string | undefined;
  readonly device: string;
}

export function showWay(way: Way): WayRow {
  return { source: formatHostAddress(way.source), gateway: shownGateway(way), device: way.device };
}

export function formatWay({ source, gateway = '::', device }: WayRow): string {
  return `src ${source}\ngateway ${gateway}\ndev ${device}\n`;
}

interface NeighbourRow {
  readonly address: string;
  readonly mac: string;
  readonly bridge: string;
  /** Its time is up, and it goes at once. */
  readonly isStale: boolean;
}

export function listNeighbours(neighbours: NeighbourCache): NeighbourRow[] {
  return Array.from({ [Symbol.iterator]: () => neighbours[Symbol.iterator]() }, (neighbour) => ({
    address: formatHostAddress(neighbour.address),
    mac: formatMac(neighbour.mac),
    bridge: neighbour.bridge,
    isStale: neighbours.isExpired(neighbour),
  }));
}

const addressWidth = 46;

export function formatNeighbours(rows: readonly NeighbourRow[]): string {
  const head = `${'IP'.padEnd(addressWidth)}${'MAC'.padEnd(20)}Bridge\n${'='.repeat(74)}\n`;
  const lines = rows.map(
    ({ address, mac, bridge, isStale }) =>
      `${address.padEnd(addressWidth)}${mac}   ${bridge}${isStale ? ' STALE' : ''}\n`,
  );
  return head + lines.join('');
}

export function formatListeningPorts(ports: readonly ListeningPort[]): string {
  const lines = ports.map(({ name, dpPort, userCount }) => `${name} (${dpPort}) ref_cnt=${userCount}\n`);
  return `Listening ports:\n${lines.join('')}`;
}

interface ListeningRow {
  readonly name: string;
  readonly dpPort: number;
  /** As the datapath has it. */
  readonly match: string;
}

/** Which packets they are for. */
export function listListening(listening: ListeningPorts): ListeningRow[] {
  return [...listening.addresses()].map(([{ name, dpPort }, match]) => ({
    name,
    dpPort,
    match: formatKey(unpackKey(match), match.mask.unpack(), { masksPacketType: true }),
  }));
}

export function formatListening(rows: readonly ListeningRow[]): string {
  const lines = rows.map(({ name, dpPort, match }) => `${name} (${dpPort}) : ${match}\n`);
  return `Listening ports:\n${lines.join('')}`;
}
