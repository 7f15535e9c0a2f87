/**
 * Link Layer Discovery Protocol data units: what follows the Ethernet header. IEEE 802.1AB-2009 clauses 8 and 9. Read and
 * written by `protocols/lldp`. Of what organizations add, Auto Attach alone is understood (auto-attach.ts).
 */
import { Malformed } from '../base/errors.ts';
import { decodeCString, encodeText } from '../base/text.ts';
import {
  type AutoAttachElement,
  emitAssignments,
  emitElement,
  maxAssignments,
  parseAssignments,
  parseElement,
  type ServiceAssignment,
} from './auto-attach.ts';

/** The bridge at the other end of the link, and no further: table 7-1. */
export const lldpAddress = '01:80:c2:00:00:0e';

/** Clause 8.4.1. */
const tlvType = {
  end: 0,
  chassisId: 1,
  portId: 2,
  timeToLive: 3,
  portDescription: 4,
  systemName: 5,
  systemDescription: 6,
  capabilities: 7,
  managementAddress: 8,
  organization: 127,
} as const;

/** What the reference says of those whose places are fixed, and are elsewhere. */
const misplaced: Readonly<Record<number, string>> = {
  1: 'first TLV should be a chassis ID',
  2: 'second TLV should be a port ID',
  3: 'third TLV should be a TTL',
};

const avaya = 0x00040d;
const avayaSubtypes = { element: 11, assignments: 12 } as const;
/** The longest value: the length has 9 bits. */
const maxTlvSize = 511;
/** Of names and descriptions. */
const maxTextSize = 255;
const organizationSize = 4;
const maxAddressSize = 32;

/** What a chassis or a port is called: the bytes are as the subtype, 1..7, says. */
export interface LldpId {
  readonly subtype: number;
  readonly bytes: Uint8Array;
}

export const chassisIdMac = 4;
export const portIdInterfaceName = 5;
/** Bit of capabilities. */
export const bridgeCapability = 0x04;

export interface LldpUnit {
  readonly chassis: LldpId;
  readonly port: LldpId;
  /** Seconds for which this holds. */
  readonly ttl: number;
  readonly portDescription?: string;
  readonly systemName?: string;
  readonly systemDescription?: string;
  readonly capabilities?: { readonly available: number; readonly enabled: number };
  readonly element?: AutoAttachElement;
  readonly assignments: readonly ServiceAssignment[];
}

type Growing = { -readonly [K in keyof LldpUnit]?: LldpUnit[K] } & { assignments: ServiceAssignment[] };

/**
 * `unrecognized` hears of each part that means nothing here, in the reference's words.
 * Throws Malformed, its reason in those words too.
 */
export function parseLldp(payload: Uint8Array, unrecognized: (what: string) => void = () => {}): LldpUnit {
  const unit: Growing = { assignments: [] };
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  let at = 0;
  for (let count = 1; at < payload.length; count++) {
    if (payload.length - at < 2) throw new Malformed('lldp', at, 'tlv header too short received');
    const word = view.getUint16(at);
    const type = word >>> 9;
    const end = at + 2 + (word & 0x1ff);
    if (end > payload.length) throw new Malformed('lldp', at, 'frame too short for tlv received');
    const place = misplaced[type];
    if (place !== undefined && type !== count) throw new Malformed('lldp', at, `${place}, not ${type}`);
    const value = payload.subarray(at + 2, end);
    if (type === tlvType.end) {
      if (value.length > 0) throw new Malformed('lldp', at, 'lldp end received with size not null');
      return checkWhole(unit, at);
    }
    parseTlv(unit, type, value, unrecognized);
    at = end;
  }
  throw new Malformed('lldp', at, 'some mandatory tlv are missing for frame received');
}

function checkWhole({ chassis, port, ttl, ...rest }: Growing, at: number): LldpUnit {
  if (chassis === undefined || port === undefined || ttl === undefined)
    throw new Malformed('lldp', at, 'some mandatory tlv are missing for frame received');
  return { chassis, port, ttl, ...rest };
}

function parseTlv(
  unit: Growing,
  type: number,
  value: Uint8Array,
  unrecognized: (what: string) => void,
): void {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  switch (type) {
    case tlvType.chassisId:
      unit.chassis = parseId(value);
      break;
    case tlvType.portId:
      unit.port = parseId(value);
      break;
    case tlvType.timeToLive:
      needs(value, 2, 'TTL');
      unit.ttl = view.getUint16(0);
      break;
    case tlvType.portDescription:
      if (value.length > 0) unit.portDescription = decodeCString(value);
      break;
    case tlvType.systemName:
      if (value.length > 0) unit.systemName = decodeCString(value);
      break;
    case tlvType.systemDescription:
      if (value.length > 0) unit.systemDescription = decodeCString(value);
      break;
    case tlvType.capabilities:
      needs(value, 4, 'System capabilities');
      unit.capabilities = { available: view.getUint16(0), enabled: view.getUint16(2) };
      break;
    case tlvType.managementAddress:
      checkManagementAddress(value);
      break;
    case tlvType.organization:
      parseOrganization(unit, value, unrecognized);
      break;
    default:
      unrecognized(`unknown tlv (${type})`);
      throw new Malformed('lldp', 0, `unknown tlv (${type}) received`);
  }
}

function needs(value: Uint8Array, size: number, name: string): void {
  if (value.length < size) throw new Malformed('lldp', 0, `${name} TLV too short received`);
}

function parseId(value: Uint8Array): LldpId {
  needs(value, 2, 'Port/Chassis Id');
  if (value.length > 256) throw new Malformed('lldp', 0, 'Port/Chassis Id TLV too large received');
  const subtype = value[0] ?? 0;
  if (subtype === 0 || subtype > 7) throw new Malformed('lldp', 0, 'unknown subtype for tlv id received');
  return { subtype, bytes: value.slice(1) };
}

/** Nobody asks where a neighbour is managed, but that is to be well said. */
function checkManagementAddress(value: Uint8Array): void {
  needs(value, 1, 'Management address');
  const size = value[0] ?? 0;
  if (size > maxAddressSize) throw new Malformed('lldp', 0, 'too large management address');
  needs(value, 1 + size + 5, 'Management address');
}

/** What is said by the reference of those that it knows by name. */
const otherOrganizations: ReadonlyMap<number, string> = new Map([
  [0x0080c2, 'unsupported 802.1 tlv'],
  [0x00120f, 'unsupported 802.3 tlv'],
  [0x0012bb, 'unsupported LLDP-MED tlv'],
  [0x001b21, 'unsupported DCBX tlv'],
]);

function parseOrganization(unit: Growing, value: Uint8Array, unrecognized: (what: string) => void): void {
  needs(value, organizationSize, 'Organisational');
  const [a = 0, b = 0, c = 0, subtype] = value;
  const organization = (a << 16) | (b << 8) | c;
  const body = value.subarray(organizationSize);
  if (organization === avaya && subtype === avayaSubtypes.element) unit.element = parseElement(body);
  else if (organization === avaya && subtype === avayaSubtypes.assignments)
    unit.assignments.push(...parseAssignments(body));
  else if (organization === avaya) unrecognized('Unrecogised tlv subtype');
  else
    unrecognized(otherOrganizations.get(organization) ?? `unknown org tlv [${hexOf(value.subarray(0, 3))}]`);
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** Names and descriptions are cut where they are too long, and assignments are said in as many parts as they need. */
export function emitLldp(unit: LldpUnit): Uint8Array {
  const { chassis, port, ttl, capabilities, element, assignments } = unit;
  const parts = [
    emitTlv(tlvType.chassisId, emitId(chassis)),
    emitTlv(tlvType.portId, emitId(port)),
    emitTlv(tlvType.timeToLive, words(ttl)),
    emitText(tlvType.systemName, unit.systemName),
    emitText(tlvType.systemDescription, unit.systemDescription),
  ];
  if (capabilities !== undefined)
    parts.push(emitTlv(tlvType.capabilities, words(capabilities.available, capabilities.enabled)));
  parts.push(emitText(tlvType.portDescription, unit.portDescription));
  if (element !== undefined) parts.push(emitAvaya(avayaSubtypes.element, emitElement(element)));
  const step = maxAssignments(maxTlvSize - organizationSize);
  for (let n = 0; n < assignments.length; n += step)
    parts.push(emitAvaya(avayaSubtypes.assignments, emitAssignments(assignments.slice(n, n + step))));
  return Buffer.concat([...parts, emitTlv(tlvType.end, new Uint8Array(0))]);
}

function emitTlv(type: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([words((type << 9) | value.length), value]);
}

function emitId({ subtype, bytes }: LldpId): Uint8Array {
  return Uint8Array.of(subtype, ...bytes);
}

function emitText(type: number, text = ''): Uint8Array {
  return text === '' ? new Uint8Array(0) : emitTlv(type, encodeText(text).subarray(0, maxTextSize));
}

function emitAvaya(subtype: number, body: Uint8Array): Uint8Array {
  const organization = Uint8Array.of(avaya >>> 16, (avaya >>> 8) & 0xff, avaya & 0xff, subtype);
  return emitTlv(tlvType.organization, Buffer.concat([organization, body]));
}

function words(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >>> 8, value & 0xff]));
}
