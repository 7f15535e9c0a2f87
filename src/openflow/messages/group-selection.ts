/** How a select group chooses a bucket: Netronome's extension (OpenFlow 1.5; ovs-ofctl(8), "selection_method"). */
import { type FieldName, fields } from '../../flow/fields/index.ts';
import { formatFieldText } from '../../flow/fields/text.ts';
import type { Reader, Writer } from '../bytes.ts';
import { OpenFlowError, refusalsOf, warningsOf } from '../errors.ts';
import { numberInActions, oxmPayloadSize, readOxmField, writeOxmHeader } from '../match/oxm.ts';
import { skipValue } from '../match/oxm-match.ts';
import { portText } from '../ports.ts';
import { type Property, readProperties, unknownPropertyOf, writeProperty } from '../properties.ts';
import type { WireVersion } from '../versions.ts';
import { fieldSet } from './field-sets.ts';
import type { GroupCommand, GroupType } from './group-values.ts';

/** A field that takes part, and its bits that do, as bytes. */
export interface HashedField {
  readonly field: FieldName;
  readonly mask: Uint8Array;
}

export interface SelectionMethod {
  /** "hash", "dp_hash", or what no switch knows, at most 15 bytes. */
  readonly method: string;
  readonly parameter: bigint;
  /** For `hash`; none for those that the switch chooses itself. */
  readonly fields: readonly HashedField[];
}

const netronome = 0x0000154d;
/** What version 2.4 of the reference said by mistake. */
const netronomeBefore = 0x00001540;
const unknownProperty = unknownPropertyOf('ofp_group', 'group');
const selectionType = 1;
const methodSize = 16;
const fixedSize = 4 + methodSize + 8;

/** From the properties of a group, which have no others. Throws OpenFlowError. */
export function readSelection(
  from: Reader,
  type: GroupType,
  command: GroupCommand | undefined,
): SelectionMethod | undefined {
  let selection: SelectionMethod | undefined;
  const take = (property: Property): boolean => {
    const { experimenter, type: number } = property;
    if ((experimenter !== netronome && experimenter !== netronomeBefore) || number !== selectionType)
      return false;
    checkPlace(type, command);
    selection = readMethod(property);
    return true;
  };
  readProperties(from, take, unknownProperty);
  return selection;
}

const commandsWithSelection: readonly (GroupCommand | undefined)[] = ['add', 'modify', 'add_or_modify'];

const refused = refusalsOf('ofp_group');
const warn = warningsOf('ofp_group');

function badValue(why: string): OpenFlowError {
  return refused('OFPBPC_BAD_VALUE', why);
}

function checkPlace(type: GroupType, command: GroupCommand | undefined): void {
  if (typeof type === 'number') throw new OpenFlowError('OFPGMFC_BAD_TYPE', `a group of type ${type}`);
  if (type !== 'select') throw badValue('ntr selection method property is only allowed for select groups');
  if (command === undefined) throw new OpenFlowError('OFPGMFC_BAD_COMMAND', 'an unknown command for groups');
  if (!commandsWithSelection.includes(command))
    throw badValue('ntr selection method property is only allowed for add and delete group modifications');
}

function readMethod({ body }: Property): SelectionMethod {
  if (body.left < fixedSize)
    throw refused('OFPBPC_BAD_LEN', `ntr selection method property length ${body.left} is not valid`);
  body.skip(4);
  const end = body.bytes[body.at + methodSize - 1];
  const method = body.text(methodSize);
  if (end !== 0 && method.length === methodSize)
    throw badValue('ntr selection method is not null terminated');
  if (method !== 'hash' && method !== 'dp_hash')
    throw badValue(`ntr selection method '${method}' is not supported`);
  const parameter = body.u64();
  if (body.left > 0 && method !== 'hash')
    throw badValue(`ntr selection method ${method} does not support fields`);
  return { method, parameter, fields: readFieldsOrWarn(body) };
}

function readFieldsOrWarn(body: Reader): HashedField[] {
  try {
    return readFields(body.rest('OFPBMC_BAD_LEN'));
  } catch (why) {
    if (why instanceof OpenFlowError) warn('ntr selection method fields are invalid');
    throw why;
  }
}

function readFields(body: Reader): HashedField[] {
  const masks = new Map<FieldName, Uint8Array>();
  while (body.left > 0) {
    const header = body.u32();
    const size = oxmPayloadSize(header);
    const field = readOxmField(body, header);
    if ((header & 0x100) !== 0) {
      skipValue(body, header, size);
      throw new OpenFlowError('OFPBMC_BAD_MASK', 'a field has a mask of its mask');
    }
    if (size > body.left) throw new OpenFlowError('OFPBMC_BAD_LEN', `a field of ${size} bytes`);
    if (field === undefined) throw new OpenFlowError('OFPBMC_BAD_FIELD', 'a field that is not known');
    if (masks.has(field.name)) throw new OpenFlowError('OFPBMC_DUP_FIELD', `${field.name} comes twice`);
    const mask = body.octets(size);
    const isWhole = mask.every((byte) => byte === 0xff);
    if (field.mask === 'exact' && !isWhole && mask.some((byte) => byte !== 0))
      throw new OpenFlowError('OFPBMC_BAD_MASK', `${field.name} takes part as a whole or not at all`);
    masks.set(field.name, mask);
  }
  return fieldSet(masks.keys()).map((name) => ({ field: name, mask: masks.get(name) ?? new Uint8Array(0) }));
}

export function writeSelection(selection: SelectionMethod, to: Writer, version: WireVersion): void {
  writeProperty(
    to,
    selectionType,
    () => {
      to.u32(0);
      to.text(selection.method, methodSize);
      to.u64(selection.parameter);
      for (const { field: name, mask } of selection.fields) {
        const field = fields.get(name);
        const number = field && numberInActions(field, version);
        if (number === undefined) continue;
        writeOxmHeader(to, number, mask.length, false);
        to.octets(mask);
      }
    },
    netronome,
  );
}

/** ",selection_method=hash,fields(ip_src,ip_dst)" */
export function formatSelection({ method, parameter, fields: chosen }: SelectionMethod): string {
  const text = formatHashedFields(chosen);
  const list = chosen.length > 1 ? `,fields(${text})` : chosen.length === 1 ? `,fields=${text}` : '';
  return `,selection_method=${method}${parameter === 0n ? '' : `,selection_method_param=${parameter}`}${list}`;
}

/** "ip_src=255.0.0.0,ip_dst" */
export function formatHashedFields(chosen: readonly HashedField[]): string {
  const text = chosen.map(({ field: name, mask }) => {
    const field = fields.get(name);
    const isWhole = mask.every((byte) => byte === 0xff);
    return isWhole || field === undefined
      ? name
      : `${name}=${formatFieldText(field, mask, undefined, portText)}`;
  });
  return text.join(',');
}
