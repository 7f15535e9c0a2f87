/** A datapath and its ports as `dpif/show`, `dpctl/show`, `dpif/show-dp-features` and `upcall/show` show them. */
import { compareBytes } from '../../base/text.ts';
import { type DpPort, dpPort } from '../../base/units.ts';
import type { Datapath, DpPortInfo } from '../../datapath/provider.ts';
import { configOf, type Netdev, type NetdevStats } from '../../netdev/provider.ts';
import { showSharedPort } from '../../netdev/tunnel/show-options.ts';
import { type AbilityName, abilityNames, titleOf } from '../abilities.ts';
import type { Backer } from '../backer.ts';
import type { Ofproto } from '../ofproto.ts';
import type { OfprotoPort } from '../port.ts';

/** A datapath, of bridges or made by hand, and what is known about it besides. */
export interface OwnedDatapath {
  readonly datapath: Datapath;
  /** Misses that found the queue of their port full. */
  readonly refusedUpcallCount: number;
  netdevOf(port: DpPort): Netdev | undefined;
}

/** "netdev@ovs-netdev" */
export function datapathName({ datapath }: Pick<OwnedDatapath, 'datapath'>): string {
  return `${datapath.type}@${datapath.name}`;
}

interface PortRow {
  readonly name: string;
  readonly ofPort: number;
  /** undefined for a patch port. */
  readonly dpPort: number | undefined;
  readonly type: string;
  readonly config: Readonly<Record<string, string>>;
}

export interface BackerRow {
  readonly name: string;
  readonly hits: number;
  readonly misses: number;
  readonly bridges: readonly { readonly name: string; readonly ports: readonly PortRow[] }[];
}

/** For `dpif/show`; bridges and ports by name. */
export function showBacker(backer: Backer): BackerRow {
  const { hitCount, missCount } = backer.datapath.stats();
  const bridges = [...backer.bridges.values()].sort(byName).map((bridge) => ({
    name: bridge.name,
    ports: portsByName(bridge).map((port) => ({
      name: port.name,
      ofPort: port.ofPort,
      dpPort: port.dpPort,
      type: shownType(backer.datapath, port.netdev.type),
      config: {
        ...Object.fromEntries(configOf(port.netdev)),
        ...(port.patchPeer === undefined ? {} : { peer: port.patchPeer }),
      },
    })),
  }));
  return { name: datapathName(backer), hits: hitCount, misses: missCount, bridges };
}

export function formatBacker({ name, hits, misses, bridges }: BackerRow): string {
  const lines = [`${name}: hit:${hits} missed:${misses}`];
  for (const bridge of bridges) {
    lines.push(`  ${bridge.name}:`);
    for (const { name: port, ofPort, dpPort, type, config } of bridge.ports) {
      lines.push(`    ${port} ${ofPort}/${dpPort ?? 'none'}: (${formatType(type, config)})`);
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

function formatType(type: string, config: PortRow['config']): string {
  const settings = Object.entries(config)
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([key, value]) => `${key}=${value}`);
  return settings.length === 0 ? type : `${type}: ${settings.join(', ')}`;
}

export interface DatapathRow {
  readonly name: string;
  readonly hits: number;
  readonly misses: number;
  readonly lost: number;
  readonly flows: number;
  readonly ports: readonly DatapathPortRow[];
}

interface DatapathPortRow {
  readonly number: number;
  readonly name: string;
  readonly type: string;
  readonly config: PortRow['config'];
  /** Only where asked for. */
  readonly statistics: NetdevStats | undefined;
}

/** For `dpctl/show`; ports by number. With `-s`, asks every device for its counters. */
export async function showDatapath(owned: OwnedDatapath, hasStatistics: boolean): Promise<DatapathRow> {
  const { datapath, refusedUpcallCount } = owned;
  const stats = datapath.stats();
  const rows = [...datapathPorts(owned)].map(async ([number, { name, type }]) => ({
    number,
    name,
    type,
    config: Object.fromEntries(configOfPort(owned, number, { name, type })),
    statistics: hasStatistics ? await statisticsOf(owned, number) : undefined,
  }));
  return {
    name: datapathName(owned),
    hits: stats.hitCount,
    misses: stats.missCount,
    lost: stats.lostCount + refusedUpcallCount,
    flows: stats.flowCount,
    ports: await Promise.all(rows),
  };
}

/** No device of a bridge is behind the port that tunnels share. */
function configOfPort(
  owned: OwnedDatapath,
  number: number,
  { name, type }: Pick<DpPortInfo, 'name' | 'type'>,
): ReadonlyMap<string, string> {
  const netdev = owned.netdevOf(dpPort(number));
  return netdev === undefined ? showSharedPort(type, name) : configOf(netdev);
}

/** Its ports by number, with their types as dpctl names them; a dummy datapath has one of its own name, number 0. */
export function datapathPorts({
  datapath,
}: Pick<OwnedDatapath, 'datapath'>): ReadonlyMap<number, DpPortInfo> {
  const ports = [...datapath.ports()].map(([number, { name, type, ifindex }]): [number, DpPortInfo] => [
    number,
    { name, type: shownType(datapath, type), ifindex },
  ]);
  const { name, internalType } = datapath;
  const hasOwn = internalType !== 'dummy-internal' || ports.some(([number]) => number === 0);
  if (!hasOwn) ports.push([0, { name, type: internalType, ifindex: 0 }]);
  return new Map(ports.sort(([a], [b]) => a - b));
}

export function formatDatapath({ name, hits, misses, lost, flows, ports }: DatapathRow): string {
  const lines = [`${name}:`, `  lookups: hit:${hits} missed:${misses} lost:${lost}`, `  flows: ${flows}`];
  for (const port of ports) {
    const type = port.type === 'system' ? '' : ` (${formatType(port.type, port.config)})`;
    lines.push(`  port ${port.number}: ${port.name}${type}`);
    if (port.statistics !== undefined) lines.push(...formatStatistics(port.statistics));
  }
  return lines.map((line) => `${line}\n`).join('');
}

function formatStatistics(statistics: NetdevStats): string[] {
  const shown = (key: string): string => String(statistics.get(key) ?? '?');
  const size = (key: string): string => shown(key) + formatHumanSize(statistics.get(key) ?? 0);
  return [
    `    RX packets:${shown('rx_packets')} errors:${shown('rx_errors')} dropped:${shown('rx_dropped')} overruns:${shown('rx_over_err')} frame:${shown('rx_frame_err')}`,
    `    TX packets:${shown('tx_packets')} errors:${shown('tx_errors')} dropped:${shown('tx_dropped')} aborted:${shown('tx_aborted_err')} carrier:${shown('tx_carrier_err')}`,
    `    collisions:${shown('collisions')}`,
    `    RX bytes:${size('rx_bytes')}  TX bytes:${size('tx_bytes')}`,
  ];
}

/** " (1.5 KiB)"; nothing below one KiB. */
function formatHumanSize(bytes: number): string {
  for (const [unit, exponent] of [
    ['TiB', 40],
    ['GiB', 30],
    ['MiB', 20],
    ['KiB', 10],
  ] as const) {
    if (bytes >= 2 ** exponent) return ` (${(bytes / 2 ** exponent).toFixed(1)} ${unit})`;
  }
  return '';
}

async function statisticsOf(owned: OwnedDatapath, number: number): Promise<NetdevStats> {
  return (await owned.netdevOf(dpPort(number))?.stats()) ?? noTraffic;
}

/** Of the datapath's own port, which nothing uses. */
const noTraffic: NetdevStats = new Map(
  ['rx_packets', 'tx_packets', 'rx_bytes', 'tx_bytes'].map((key) => [key, 0]),
);

export interface UpcallRow {
  readonly name: string;
  readonly current: number;
  readonly average: number;
  readonly maximum: number;
  readonly limit: number;
  /** Milliseconds. */
  readonly dumpDuration: number;
  /** See `Revalidator.readsTersely`. */
  readonly isTerse: boolean;
}

export function showUpcalls(backer: Backer): UpcallRow {
  const { averageFlows, mostFlows, flowLimit, duration } = backer.revalidator.stats;
  return {
    name: datapathName(backer),
    current: backer.flows.count,
    average: averageFlows,
    maximum: mostFlows,
    limit: flowLimit,
    dumpDuration: duration,
    isTerse: backer.revalidator.readsTersely,
  };
}

/** Revalidation is one thread here, so there is one line of keys. */
export function formatUpcalls(rows: readonly UpcallRow[]): string {
  return rows
    .map(
      ({ name, current, average, maximum, limit, dumpDuration, isTerse }) => `${name}:
  flows         : (current ${current}) (avg ${average}) (max ${maximum}) (limit ${limit})
  dump duration : ${dumpDuration}ms
  ufid enabled : ${isTerse}

  1: (keys ${current})
`,
    )
    .join('');
}

/** What the datapath can do, under the names of `dpif/show-dp-features`. */
export function datapathFeatures(backer: Backer): ReadonlyMap<string, boolean | number> {
  return new Map(abilityNames.map((name) => [titleOf(name), abilityOf(backer, name)]));
}

/** As bridges use it: they may have keys show fewer tags than the datapath can. */
export function abilityOf({ abilities, tagLimit }: Backer, name: AbilityName): boolean | number {
  return name === 'max_vlan_headers' ? Math.min(abilities.limit(name), tagLimit) : abilities.get(name);
}

export interface AbilityRow {
  readonly name: AbilityName;
  readonly title: string;
  /** What it is asked for. */
  readonly value: boolean | number;
  /** What the datapath can. */
  readonly ofDatapath: boolean | number;
}

/** For `dpif/set-dp-features`. */
export function showDatapathAbilities({ abilities }: Backer, names: readonly AbilityName[]): AbilityRow[] {
  return names.map((name) => ({
    name,
    title: titleOf(name),
    value: abilities.get(name),
    ofDatapath: abilities.ofDatapath(name),
  }));
}

export function formatDatapathAbilities(rows: readonly AbilityRow[]): string {
  return rows
    .map(
      ({ name, title, value, ofDatapath }) =>
        `${name} (${title}) : [run time]:${value}, [boot time]:${ofDatapath}\n`,
    )
    .join('');
}

export function formatDatapathFeatures(features: ReadonlyMap<string, boolean | number>): string {
  return [...features]
    .map(([name, value]) => `${name}: ${typeof value === 'number' ? value : value ? 'Yes' : 'No'}\n`)
    .join('');
}

function portsByName(bridge: Ofproto): OfprotoPort[] {
  return [...bridge.ports.values()].sort(byName);
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return compareBytes(a.name, b.name);
}

function shownType({ internalType }: Datapath, type: string): string {
  return type === 'internal' ? internalType : type;
}
