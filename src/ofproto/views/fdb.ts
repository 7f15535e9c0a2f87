/** The learned addresses of a bridge, as `fdb/*` shows and changes them. */
import { Refused } from '../../base/errors.ts';
import { formatMacNumber, type Mac, readMacNumber } from '../../flow/mac.ts';
import { portText } from '../../openflow/ports.ts';
import type { Ofproto } from '../ofproto.ts';

/** One line of `fdb/show`. */
export interface FdbRow {
  /** A number, or LOCAL. */
  readonly port: string;
  readonly vlan: number;
  readonly mac: string;
  /** Seconds; undefined for a static entry. */
  readonly age: number | undefined;
}

export interface FdbStats {
  readonly bridge: string;
  readonly current: number;
  readonly maximum: number;
  readonly static: number;
  readonly learned: number;
  readonly expired: number;
  readonly evicted: number;
  readonly moved: number;
}

/** Least recently seen first. */
export function listFdb(ofproto: Ofproto): FdbRow[] {
  const rows: FdbRow[] = [];
  for (const entry of ofproto.macs.entries()) {
    const [port] = entry.port.members;
    rows.push({
      port: port === undefined ? '-1' : portText.format(port.ofPort),
      vlan: entry.vlan,
      mac: formatMacNumber(entry.mac),
      age: entry.isStatic ? undefined : ofproto.macs.age(entry),
    });
  }
  return rows;
}

export function formatFdb(rows: readonly FdbRow[]): string {
  const lines = rows.map(({ port, vlan, mac, age }) => {
    const shownAge = age === undefined ? 'static' : String(age).padStart(3);
    return `${port.padStart(5)}  ${String(vlan).padStart(4)}  ${mac}  ${shownAge}\n`;
  });
  return ` port  VLAN  MAC                Age\n${lines.join('')}`;
}

export function fdbStats(ofproto: Ofproto): FdbStats {
  const { macs } = ofproto;
  const { learnedCount, expiredCount, evictedCount, movedCount } = macs.stats;
  return {
    bridge: ofproto.name,
    current: macs.size,
    maximum: macs.maxSize,
    static: macs.staticCount,
    learned: learnedCount,
    expired: expiredCount,
    evicted: evictedCount,
    moved: movedCount,
  };
}

export function formatFdbStats(stats: FdbStats): string {
  return `Statistics for bridge "${stats.bridge}":
  Current/maximum MAC entries in the table: ${stats.current}/${stats.maximum}
  Current static MAC entries in the table : ${stats.static}
  Total number of learned MAC entries     : ${stats.learned}
  Total number of expired MAC entries     : ${stats.expired}
  Total number of evicted MAC entries     : ${stats.evicted}
  Total number of port moved MAC entries  : ${stats.moved}
`;
}

/** `fdb/add`: returns what to say about an entry that it replaced. Throws Refused. */
export function addStaticMac(ofproto: Ofproto, portName: string, vlan: number, macText: string): string {
  const mac = macArgument(macText);
  const port = [...ofproto.ports.values()].find(({ name }) => name === portName);
  if (port === undefined) {
    throw new Refused('fdb', 'software error, odp port is present but no ofp port');
  }
  const { bundle } = port;
  if (bundle === undefined) throw new Refused('fdb', 'could not add static mac entry\n');
  const before = ofproto.macs.lookup(mac, vlan);
  let said = '';
  if (before !== undefined && (before.port.name !== portName || !before.isStatic)) {
    const [old] = before.port.members;
    const kind = before.isStatic ? 'static' : 'dynamic';
    said = `Overriding already existing ${kind} entry on ${portText.format(old?.ofPort ?? -1)}\n`;
  }
  ofproto.macs.addStatic(mac, vlan, bundle);
  return said;
}

/** `fdb/del`. Throws Refused. */
export function removeStaticMac(ofproto: Ofproto, vlan: number, macText: string): void {
  if (!ofproto.macs.removeStatic(macArgument(macText), vlan)) {
    throw new Refused('fdb', 'could not find static mac entry\n');
  }
}

function macArgument(text: string): Mac {
  try {
    return readMacNumber(text);
  } catch {
    throw new Refused('fdb', 'bad MAC address');
  }
}
