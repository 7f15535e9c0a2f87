/**
 * Link Aggregation Control Protocol data units: what follows the Ethernet header of a frame of the Slow Protocols.
 * IEEE 802.1AX-2008 clauses 5.4.2 and 5.5.3. Read and written by `protocols/lacp`.
 */
import { formatMac, readMac } from '../base/addresses.ts';
import { Malformed } from '../base/errors.ts';
import { bytes, header, u8, u16 } from '../base/header.ts';

/** Where frames of the Slow Protocols go: the other end of the link, and no further. */
export const slowProtocolsAddress = '01:80:c2:00:00:02';

/** Fields in wire order. The values of those named length are the standard's, with the two bytes before them. */
const unit = header('lacp', {
  subtype: u8,
  version: u8,
  actorType: u8,
  actorLength: u8,
  actor: bytes(15),
  reserved1: bytes(3),
  partnerType: u8,
  partnerLength: u8,
  partner: bytes(15),
  reserved2: bytes(3),
  collectorType: u8,
  collectorLength: u8,
  collectorDelay: u16,
  reserved3: bytes(64), // with the terminator, which is zero
});

/** What is said of one end of a link. */
const end = header('lacp end', {
  systemPriority: u16,
  systemId: bytes(6),
  key: u16,
  portPriority: u16,
  portId: u16,
  state: u8,
});

const subtypes = { lacp: 1, marker: 2 };
const endLength = 20;
const collectorLength = 16;

/** Bits of `LacpEnd.state`, clause 5.4.2.2 r. */
export const lacpState = {
  activity: 0x01,
  timeout: 0x02,
  aggregation: 0x04,
  synchronized: 0x08,
  collecting: 0x10,
  distributing: 0x20,
  defaulted: 0x40,
  expired: 0x80,
} as const;

export interface LacpEnd {
  readonly systemPriority: number;
  /** "xx:xx:xx:xx:xx:xx" */
  readonly systemId: string;
  readonly key: number;
  readonly portPriority: number;
  readonly portId: number;
  readonly state: number;
}

export interface LacpUnit {
  readonly actor: LacpEnd;
  readonly partner: LacpEnd;
}

export const lacpUnitSize = unit.size;

/** A unit of the marker protocol asks for one of its own; nothing is said of links. Throws Malformed. */
export function parseLacp(payload: Uint8Array): LacpUnit | 'marker' {
  if (payload.length < unit.size) throw new Malformed('lacp', payload.length, 'cut short');
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const { get, offset } = unit;
  if (get.subtype(view, 0) === subtypes.marker) return 'marker';
  if (get.subtype(view, 0) !== subtypes.lacp) throw new Malformed('lacp', 0, 'a subtype of none');
  const isActor = get.actorType(view, 0) === 1 && get.actorLength(view, 0) === endLength;
  if (!isActor) throw new Malformed('lacp', offset.actorType, 'no actor');
  const isPartner = get.partnerType(view, 0) === 2 && get.partnerLength(view, 0) === endLength;
  if (!isPartner) throw new Malformed('lacp', offset.partnerType, 'no partner');
  return { actor: parseEnd(view, offset.actor), partner: parseEnd(view, offset.partner) };
}

function parseEnd(view: DataView, at: number): LacpEnd {
  const { get } = end;
  return {
    systemPriority: get.systemPriority(view, at),
    systemId: formatMac(new Uint8Array(view.buffer, view.byteOffset + at + end.offset.systemId, 6)),
    key: get.key(view, at),
    portPriority: get.portPriority(view, at),
    portId: get.portId(view, at),
    state: get.state(view, at),
  };
}

export function emitLacp({ actor, partner }: LacpUnit): Uint8Array {
  const payload = new Uint8Array(unit.size);
  const view = new DataView(payload.buffer);
  const { set, offset } = unit;
  set.subtype(view, 0, subtypes.lacp);
  set.version(view, 0, 1);
  set.actorType(view, 0, 1);
  set.actorLength(view, 0, endLength);
  emitEnd(view, offset.actor, actor);
  set.partnerType(view, 0, 2);
  set.partnerLength(view, 0, endLength);
  emitEnd(view, offset.partner, partner);
  set.collectorType(view, 0, 3);
  set.collectorLength(view, 0, collectorLength);
  set.collectorDelay(view, 0, 0xffff);
  return payload;
}

function emitEnd(view: DataView, at: number, from: LacpEnd): void {
  const { set } = end;
  set.systemPriority(view, at, from.systemPriority);
  new Uint8Array(view.buffer).set(readMac(from.systemId), at + end.offset.systemId);
  set.key(view, at, from.key);
  set.portPriority(view, at, from.portPriority);
  set.portId(view, at, from.portId);
  set.state(view, at, from.state);
}
