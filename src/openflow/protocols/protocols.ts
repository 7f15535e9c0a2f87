/**
 * Protocols: a version of OpenFlow with one of the ways in which it says flows. OpenFlow 1.0 has its own fixed matches
 * and Nicira's extensible ones (NXM), each with or without the table in changes of flows; every later version has one
 * way. `ovs-ofctl -F` takes their names (ovs-ofctl(8) "Flow formats").
 */
import { Malformed } from '../../base/errors.ts';
import type { Field } from '../../flow/fields/index.ts';
import { allVersions, type WireVersion } from '../versions.ts';

/** Bits, one a protocol: those that can say something, or that somebody allows. */
export type ProtocolSet = number;

/** One protocol: a set that has only it. From the most widely known to the one that can say most. */
export const protocols = {
  openflow10: 0x01,
  openflow10TableId: 0x02,
  nxm: 0x04,
  nxmTableId: 0x08,
  openflow11: 0x10,
  openflow12: 0x20,
  openflow13: 0x40,
  openflow14: 0x80,
  openflow15: 0x100,
} as const;

export type Protocol = (typeof protocols)[keyof typeof protocols];

/** In the order of their bits. */
const allProtocols: readonly Protocol[] = Object.values(protocols);
const names: readonly string[] = [
  'OpenFlow10-table_id',
  'OpenFlow10+table_id',
  'NXM-table_id',
  'NXM+table_id',
  'OpenFlow11',
  'OXM-OpenFlow12',
  'OXM-OpenFlow13',
  'OXM-OpenFlow14',
  'OXM-OpenFlow15',
];

const { openflow10, openflow10TableId, nxm, nxmTableId, openflow11 } = protocols;
const fixed10: ProtocolSet = openflow10 | openflow10TableId;
const anyNxm: ProtocolSet = nxm | nxmTableId;
const any: ProtocolSet = 0x1ff;
const oxm: ProtocolSet = any & ~(fixed10 | anyNxm | openflow11);

/** Sets that things are said in. */
export const protocolSets = {
  none: 0,
  any,
  /** Of OpenFlow 1.0. */
  openflow10: fixed10 | anyNxm,
  /** Those of lists of TLVs. */
  extensible: anyNxm | oxm,
  /** All but those of OpenFlow 1.0 and its own matches. */
  nxmOrLater: any & ~fixed10,
  since11: openflow11 | oxm,
  since12: oxm,
  since13: oxm & ~protocols.openflow12,
  since14: protocols.openflow14 | protocols.openflow15,
  since15: protocols.openflow15,
  /** Those where a change of flows tells its table. */
  tableId: openflow10TableId | nxmTableId | openflow11 | oxm,
} as const satisfies Record<string, ProtocolSet>;

/** Several at once, by one name. */
const abbreviations: readonly (readonly [name: string, set: ProtocolSet])[] = [
  ['any', any],
  ['OpenFlow10', fixed10],
  ['NXM', anyNxm],
  ['OXM', oxm],
];

/** "OpenFlow10,NXM+table_id", with as few names as will do; "none". */
export function formatProtocols(set: ProtocolSet): string {
  if (set === 0) return 'none';
  const found: string[] = [];
  let left = set;
  const take = (name: string | undefined, part: ProtocolSet): void => {
    if (name === undefined || (left & part) !== part) return;
    found.push(name);
    left &= ~part;
  };
  // What has a common name comes first.
  for (const [name, part] of abbreviations) take(name, part);
  for (const [n, part] of allProtocols.entries()) take(names[n], part);
  return found.join(',');
}

/** Reads a list of such names, in any case. Throws Malformed, whose `why` is the whole message. */
export function readProtocols(text: string): ProtocolSet {
  const set = text
    .split(',')
    .filter((name) => name !== '')
    .reduce((before, name) => before | readProtocol(name), 0);
  if (set === 0) throw new Malformed('flow protocols', 0, `${text}: no flow protocol specified`);
  return set;
}

function readProtocol(text: string): ProtocolSet {
  const isText = (name: string): boolean => name.toLowerCase() === text.toLowerCase();
  const set = allProtocols[names.findIndex(isText)] ?? abbreviations.find(([name]) => isText(name))?.[1];
  if (set === undefined) throw new Malformed('flow protocols', 0, `${text}: unknown flow protocol`);
  return set;
}

/** The single protocols of a set, in the order of their bits. */
export function protocolsIn(set: ProtocolSet): Protocol[] {
  return allProtocols.filter((one) => (one & set) !== 0);
}

export function versionOf(protocol: Protocol): WireVersion {
  return allVersions[Math.max(0, allProtocols.indexOf(protocol) - 3)] ?? 1;
}

export function versionsOf(set: ProtocolSet): WireVersion[] {
  return [...new Set(protocolsIn(set).map(versionOf))];
}

function protocolsOfVersion(version: WireVersion): ProtocolSet {
  return version === 1 ? protocolSets.openflow10 : (allProtocols[version + 2] ?? 0);
}

export function protocolsOfVersions(versions: readonly WireVersion[]): ProtocolSet {
  return versions.reduce<ProtocolSet>((set, version) => set | protocolsOfVersion(version), 0);
}

/** What a connection of that version begins with. */
export function initialProtocol(version: WireVersion): Protocol {
  return protocolsIn(protocolsOfVersion(version))[0] ?? openflow10;
}

/** Are matches of the protocol those of Nicira? */
export function isNxm(protocol: Protocol): boolean {
  return (protocol & anyNxm) !== 0;
}

/** Does a change of flows tell its table? */
export function hasTableId(protocol: Protocol): boolean {
  return (protocol & protocolSets.tableId) !== 0;
}

/** The protocols that can say a match on a field; `mask` is of its bytes, none for one on all of it. */
export function protocolsOfField(field: Field, mask?: Uint8Array): ProtocolSet {
  const { inMatch10, inMatch11, numbers, slot, mask: maskable } = field;
  const isExact = mask === undefined || mask.every((byte) => byte === 0xff);
  // Options of tunnels are matched on by their mere presence.
  if (!isExact && slot !== 'tun_metadata' && mask.every((byte) => byte === 0)) return any;
  if (!isExact && maskable === 'exact') return 0;
  const holds = (what: Field['inMatch10']): boolean =>
    what !== undefined && (isExact || what === 'bits' || (what === 'cidr' && isPrefix(mask)));
  // What TLVs have no number for they say by another field of the same bits.
  const isInTlvs = numbers.length > 0 || inMatch10 !== undefined;
  return (
    (holds(inMatch10) ? fixed10 : 0) |
    (holds(inMatch11) ? openflow11 : 0) |
    (isInTlvs ? protocolSets.extensible : 0)
  );
}

function isPrefix(mask: Uint8Array): boolean {
  let hasEnded = false;
  for (const byte of mask) {
    if (hasEnded && byte !== 0) return false;
    if (byte === 0xff) continue;
    hasEnded = true;
    const free = ~byte & 0xff;
    if ((free & (free + 1)) !== 0) return false;
  }
  return true;
}
