/**
 * What Auto Attach says in LLDP: what a device is, and to which service of the network each of its VLANs is to be
 * joined. draft-unbehagen-lldp-spb; `body` is what follows the organization (Avaya) and the subtype of a unit. Nothing
 * is signed, and no signature is looked at.
 */
import { formatMac, readMac } from '../base/addresses.ts';
import { Malformed } from '../base/errors.ts';
import { bytes as byteField, header, u16, u24, u32 } from '../base/header.ts';

const element = header('auto attach element', {
  digest: byteField(32),
  description: u32, // type << 26 | state << 20 | management VLAN << 8
  systemMac: byteField(6),
  connection: u16, // type << 13 | 10 bits of nothing
  reserved: u16,
});

const digestSize = 32;
const assignment = header('auto attach assignment', { statusVlan: u16, service: u24 });

/** The numbers that a system is known by. */
export interface AutoAttachSystem {
  /** "xx:xx:xx:xx:xx:xx" */
  readonly mac: string;
  /** 0..7 */
  readonly connectionType: number;
  /** 10 bits. */
  readonly reserved1: number;
  /** 16 bits. */
  readonly reserved2: number;
}

export interface AutoAttachElement {
  /** What kind of device it is: 0..63. */
  readonly type: number;
  readonly tagsLinks: boolean;
  /** 0..3 */
  readonly provisioningMode: number;
  readonly managementVlan: number;
  readonly system: AutoAttachSystem;
}

/** The type of a switch of virtual machines. */
export const virtualSwitch = 14;

/** A VLAN that is to be joined to a service, and what has become of that: 0..15. */
export interface ServiceAssignment {
  readonly status: number;
  readonly vlan: number;
  /** 24 bits: the I-SID. */
  readonly service: number;
}

export function parseElement(body: Uint8Array): AutoAttachElement {
  if (body.length < element.size) throw new Malformed('lldp', 0, 'ELEMENT TLV too short received');
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const { get, offset } = element;
  const description = get.description(view, 0);
  const connection = get.connection(view, 0);
  return {
    type: description >>> 26,
    tagsLinks: ((description >>> 25) & 1) === 1,
    provisioningMode: (description >>> 23) & 3,
    managementVlan: (description >>> 8) & 0xfff,
    system: {
      mac: formatMac(body.subarray(offset.systemMac, offset.connection)),
      connectionType: connection >>> 13,
      reserved1: connection & 0x3ff,
      reserved2: get.reserved(view, 0),
    },
  };
}

export function emitElement(value: AutoAttachElement): Uint8Array {
  const { type, tagsLinks, provisioningMode, managementVlan, system } = value;
  const body = new Uint8Array(element.size);
  const view = new DataView(body.buffer);
  const { set, offset } = element;
  const state = (Number(tagsLinks) << 25) | (provisioningMode << 23);
  set.description(view, 0, ((type << 26) | state | (managementVlan << 8)) >>> 0);
  body.set(readMac(system.mac), offset.systemMac);
  set.connection(view, 0, (system.connectionType << 13) | system.reserved1);
  set.reserved(view, 0, system.reserved2);
  return body;
}

export function parseAssignments(body: Uint8Array): ServiceAssignment[] {
  if (body.length < digestSize) throw new Malformed('lldp', 0, 'ISID_VLAN_ASGNS TLV too short received');
  if ((body.length - digestSize) % assignment.size !== 0)
    throw new Malformed('lldp', 0, 'malformed vlan-isid mappings tlv received');
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const assignments: ServiceAssignment[] = [];
  for (let at = digestSize; at < body.length; at += assignment.size) {
    const word = assignment.get.statusVlan(view, at);
    assignments.push({ status: word >>> 12, vlan: word & 0xfff, service: assignment.get.service(view, at) });
  }
  return assignments;
}

/** As many as fit in one unit. */
export function maxAssignments(size: number): number {
  return Math.floor((size - digestSize) / assignment.size);
}

export function emitAssignments(assignments: readonly ServiceAssignment[]): Uint8Array {
  const body = new Uint8Array(digestSize + assignments.length * assignment.size);
  const view = new DataView(body.buffer);
  for (const [n, { status, vlan, service }] of assignments.entries()) {
    const at = digestSize + n * assignment.size;
    assignment.set.statusVlan(view, at, (status << 12) | vlan);
    assignment.set.service(view, at, service);
  }
  return body;
}
