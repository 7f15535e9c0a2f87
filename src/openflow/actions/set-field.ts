/**
 * Fields set to constants: OpenFlow 1.5.1 section 7.2.6.7, Nicira's reg_load and reg_load2, and the actions of 1.0 and
 * 1.1 that set one field each; ovs-actions(7).
 */
import { hexOrZero } from '../../base/numbers.ts';
import { type FieldName, fieldNamed } from '../../flow/fields/index.ts';
import { integerOf, readIntegerAhead } from '../../flow/fields/integer.ts';
import { isMetByPacket } from '../../flow/fields/prerequisites.ts';
import type { PortText } from '../../flow/fields/text.ts';
import { vlanPresent } from '../../wire/ethernet.ts';
import type { Reader, Writer } from '../bytes.ts';
import { OpenFlowError, warningsOf } from '../errors.ts';
import { hasShortHeader, readFieldEntry, writeFieldEntry } from '../match/oxm.ts';
import { protocolSets, protocolsOfField } from '../protocols/protocols.ts';
import type { WireVersion } from '../versions.ts';
import { checkZero, wrong } from './arguments.ts';
import { type ActionForm, type ActionPlace, type AnyAction, defineAction, instead } from './declare.ts';
import { bitsOf, bytesWith, runsOf } from './field-bits.ts';
import {
  formatFieldValue,
  isPossible,
  loading,
  readFieldValue,
  type SetFieldArguments,
} from './field-value.ts';
import {
  setEthDst,
  setEthSrc,
  setIpDst,
  setIpSrc,
  setNwEcn,
  setNwTos,
  setTpDst,
  setTpSrc,
} from './header-actions.ts';
import type { PacketShape } from './packet-shape.ts';
import {
  checkDestination,
  decodeShortSubfield,
  encodeShortSubfield,
  fieldOf,
  formatSubfield,
  readSubfield,
  refuse,
  type Subfield,
} from './subfield.ts';
import { popVlan, pushVlan, setVlanPcp, setVlanVid } from './vlan-actions.ts';

const warn = warningsOf('ofp_actions');

/** Bits that one load can write. */
const loadWidth = 64;

interface Load {
  readonly subfield: Subfield;
  readonly bits: bigint;
}

/** The loads that together say the same, in the order of the bits. */
function loadsOf({ field, value, mask }: SetFieldArguments): Load[] {
  return runsOf(mask, fieldOf(field).width, loadWidth).map(({ low, width }) => ({
    subfield: { field, low, width },
    bits: bitsOf(value, low, width),
  }));
}

function isWhole({ mask }: SetFieldArguments): boolean {
  return mask.every((byte) => byte === 0xff);
}

/** Fields whose header is too long for a load, or whose place is not fixed, are loaded by the second form. */
function canBeLoaded(name: FieldName): boolean {
  const field = fieldOf(name);
  return hasShortHeader(field) && field.slot !== 'tun_metadata';
}

function setForm(wire: ActionPlace, hasMasks: boolean): ActionForm<SetFieldArguments> {
  return {
    wire,
    size: () => [4, 8],
    decode(body): SetFieldArguments {
      const entry = readEntry(body, hasMasks);
      checkSettable(entry);
      return { field: entry.field.name, value: entry.value, mask: entry.mask, saidAs: 'set_field' };
    },
    encode: (set, to, version) => writeEntry(to, set, version),
    canSay: (set) => hasMasks || (set.saidAs === 'set_field' && isWhole(set)),
  };
}

type Entry = ReturnType<typeof readFieldEntry>;

function readEntry(body: Reader, hasMasks: boolean): Entry {
  const entry = readFieldEntry(body);
  if (entry.hasMask && !hasMasks)
    throw new OpenFlowError('OFPBAC_BAD_SET_MASK', `a mask of ${entry.field.name}`);
  checkZero(body.octets(body.left), 'OFPBAC_BAD_SET_ARGUMENT');
  return entry;
}

function checkSettable({ field, value, mask }: Entry): void {
  const isTag = field.name === 'vlan_vid';
  const saysTag = (bytes: Uint8Array): boolean => ((bytes[0] ?? 0) & 0x10) !== 0;
  if (
    field.name === 'in_port_oxm' ||
    !field.isWritable ||
    !isPossible(field, value) ||
    (isTag && !(saysTag(value) && saysTag(mask)))
  )
    throw new OpenFlowError('OFPBAC_BAD_SET_ARGUMENT', `${field.name} can't be set to that value`);
}

function writeEntry(
  to: Writer,
  { field: name, value, mask }: SetFieldArguments,
  version: WireVersion | 0,
): void {
  writeFieldEntry(to, fieldOf(name), value, mask, version);
}

const loadForm: ActionForm<SetFieldArguments> = {
  wire: 'NX 1.0-1.4 7 NXAST_REG_LOAD',
  size: () => [14, 0],
  decode(body): SetFieldArguments {
    const subfield = decodeShortSubfield(body);
    refuse(checkDestination(subfield), `a load into ${subfield.field}`);
    const value = body.u64();
    if (value >> BigInt(subfield.width) !== 0n)
      throw new OpenFlowError('OFPBAC_BAD_ARGUMENT', `a value that ${subfield.width} bits do not hold`);
    const { do: _, ...set } = loading(subfield, value);
    return set;
  },
  encode(set, to) {
    for (const { subfield, bits } of loadsOf(set)) {
      encodeShortSubfield(to, subfield);
      to.u64(bits);
    }
  },
  canSay: (set) => set.saidAs === 'load' && canBeLoaded(set.field) && loadsOf(set).length === 1,
};

const secondLoadForm: ActionForm<SetFieldArguments> = {
  wire: 'NX 1.0-1.4 33 NXAST_REG_LOAD2',
  size: () => [6, 8],
  decode(body): SetFieldArguments {
    const { field, value, mask } = readEntry(body, true);
    if (!field.isWritable) throw new OpenFlowError('OFPBAC_BAD_SET_ARGUMENT', `${field.name} can't be set`);
    return { field: field.name, value, mask, saidAs: 'load2' };
  },
  encode: (set, to) => writeEntry(to, set, 0),
  canSay: ({ saidAs }) => saidAs === 'load2',
};

/** What OpenFlow 1.0 and 1.1 have for the whole of a field; undefined for one that they have no action for. */
function oldActions(
  { field, value: bytes }: SetFieldArguments,
  version: WireVersion,
  packet: PacketShape,
): readonly AnyAction[] | undefined {
  const value = bytes.length > 4 ? 0 : Number(integerOf(bytes));
  const addsTag = version === 1;
  switch (field) {
    case 'vlan_tci':
      if ((value & vlanPresent) === 0) return [instead(popVlan, { isStrip: addsTag })];
      return [
        ...(addsTag || packet.isTagged ? [] : [instead(pushVlan, { etherType: 0x8100 })]),
        instead(setVlanVid, { value: value & 0xfff, addsTag }),
        instead(setVlanPcp, { value: value >>> 13, addsTag }),
      ];
    case 'vlan_vid':
      return [instead(setVlanVid, { value: value & 0xfff, addsTag })];
    case 'vlan_pcp':
      return [instead(setVlanPcp, { value, addsTag })];
    case 'eth_src':
      return [instead(setEthSrc, { mac: bytes })];
    case 'eth_dst':
      return [instead(setEthDst, { mac: bytes })];
    case 'ip_src':
      return [instead(setIpSrc, { address: bytes })];
    case 'ip_dst':
      return [instead(setIpDst, { address: bytes })];
    case 'nw_tos':
      return [instead(setNwTos, { value })];
    case 'ip_dscp':
      return [instead(setNwTos, { value: value << 2 })];
    case 'nw_ecn':
      return [instead(setNwEcn, { value })];
    case 'tcp_src':
    case 'udp_src':
      return [instead(setTpSrc, { value })];
    case 'tcp_dst':
    case 'udp_dst':
      return [instead(setTpDst, { value })];
    default:
      return undefined;
  }
}

/** Splits "value->field". */
export function splitArrow(text: string): { value: string; key: string } {
  const arrow = text.indexOf('->');
  if (arrow < 0) throw wrong(`${text}: missing \`->'`);
  const key = text.slice(arrow + 2);
  if (key === '') throw wrong(`${text}: missing field name following \`->'`);
  return { value: text.slice(0, arrow), key };
}

function readSet(text: string, ports: PortText): SetFieldArguments {
  const { value: valueText, key } = splitArrow(text);
  const field = fieldNamed(key);
  if (field === undefined) throw wrong(`${key} is not a valid OXM field name`);
  if (!field.isWritable) throw wrong(`${key} is read-only`);
  const { value, mask } = readFieldValue(field, valueText, ports);
  if (!isPossible(field, value)) throw wrong(`${valueText} is not a valid value for field ${key}`);
  return { field: field.name, value, mask, saidAs: 'set_field' };
}

function readLoad(text: string, ports: PortText): SetFieldArguments {
  const { value: valueText, key } = splitArrow(text);
  const subfield = readSubfield(key);
  const field = fieldOf(subfield.field);
  const read = readIntegerAhead(valueText, field.bytes);
  if (read?.value === undefined) throw wrong(`${text}: cannot parse integer value`);
  if (read.value >> BigInt(subfield.width) !== 0n) {
    const shown = formatFieldValue(field, bytesWith(read.value, 0, field.bytes), undefined, ports);
    throw wrong(`${text}: value ${shown} does not fit into ${subfield.width} bits`);
  }
  return loading(subfield, read.value);
}

function formatLoad({ subfield, bits }: Load): string {
  return `load:${hexOrZero(bits)}->${formatSubfield(subfield)}`;
}

/**
 * Differs: a field of which only some bits are set is loaded in OpenFlow 1.0 and 1.1 too; the reference sets all of it
 * where these have an action for it.
 */
export const setField = defineAction('set_field', {
  forms: [
    loadForm,
    secondLoadForm,
    setForm('OF 1.2-1.4 25 OFPAT_SET_FIELD', false),
    setForm('OF 1.5+ 25 OFPAT_SET_FIELD', true),
  ],
  words: ['set_field', 'load'],
  read: (text, { ports }, word) => (word === 'load' ? readLoad(text, ports) : readSet(text, ports)),
  format(set, { ports }) {
    if (set.saidAs === 'load') return loadsOf(set).map(formatLoad).join(',');
    return `set_field:${formatFieldValue(fieldOf(set.field), set.value, set.mask, ports)}->${set.field}`;
  },
  // A load is written as a load wherever no other way is left.
  usableIn: ({ field, saidAs }) =>
    saidAs === 'set_field' ? protocolsOfField(fieldOf(field)) : protocolSets.any,
  sentAs(set, version, packet) {
    if (version === 6 || set.saidAs === 'load2') return undefined;
    if (set.saidAs === 'set_field' && isWhole(set)) {
      if (version >= 3) return undefined;
      const old = oldActions(set, version, packet);
      if (old !== undefined) return old;
    }
    if (!canBeLoaded(set.field)) return [{ do: 'set_field', ...set, saidAs: 'load2' }];
    const loads = loadsOf(set);
    if (set.saidAs === 'load' && loads.length === 1) return undefined;
    return loads.map(({ subfield, bits }) => loading(subfield, bits));
  },
  changes({ field, value }, packet) {
    if (field === 'vlan_tci') packet.tag16 = Number(integerOf(value));
  },
  check({ field: name }, packet) {
    const field = fieldOf(name);
    const isMet = field.needs === undefined || isMetByPacket(field.needs, packet.values);
    if (isMet && (name !== 'vlan_vid' || packet.isTagged)) return undefined;
    warn(`set_field ${name} lacks correct prerequisites`);
    return 'OFPBAC_MATCH_INCONSISTENT';
  },
});
