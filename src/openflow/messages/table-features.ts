/** What flow tables can do: OpenFlow 1.3.5 section 7.3.5.5, 1.5.1 section 7.3.5.18. */
import { type Reader, recordSize, type Writer } from '../bytes.ts';
import { defineMessage, listForm, type Recipient } from '../declare.ts';
import { OpenFlowError, refusalsOf } from '../errors.ts';
import { pad, struct, text, u8, u32, u64 } from '../layout.ts';
import { readProperty, unknownPropertyOf, writeProperty } from '../properties.ts';
import type { WireVersion } from '../versions.ts';
import {
  type ActionAbility,
  actionBits,
  instructionBits,
  readActionBits,
  readInstructionBits,
} from './ability-bits.ts';
import {
  type FieldSet,
  fieldSet,
  readExactHeaders,
  readFieldHeaders,
  writeFieldHeaders,
} from './field-sets.ts';
import { formatTableList } from './table-features-text.ts';
import {
  tableFeatureCommands as commands,
  type InstructionFeatures,
  type TableFeatures,
} from './table-values.ts';
import { evictionFlag, vacancyFlag } from './tables.ts';

const head = struct({
  padSize: pad(2),
  table: u8,
  command: u8,
  pad: pad(4),
  name: text(32),
  metadataMatch: u64,
  metadataWrite: u64,
  capabilities: u32,
  maxEntries: u32,
});

/** Numbers of properties: those of the table miss flow are one higher. */
const property = {
  instructions: 0,
  nextTables: 2,
  writeActions: 4,
  applyActions: 6,
  match: 8,
  wildcards: 10,
  writeSetField: 12,
  applySetField: 14,
} as const;
const experimenterProperty = 0xfffe;

/** The properties of one table as they come in, by number. */
interface Properties {
  readonly lists: Map<number, readonly number[]>;
  readonly fields: Map<number, FieldSet>;
  mask: FieldSet;
}

function readProperties(from: Reader, isStrict: boolean): Properties {
  const found: Properties = { lists: new Map(), fields: new Map(), mask: [] };
  const seen = new Set<number>();
  while (from.left > 0) {
    const property = readProperty(from, 8, experimenterProperty + 1);
    const { experimenter, type, body } = property;
    if (isStrict && (experimenter !== 0 || !isKnown(type))) throw unknownProperty(property);
    if (experimenter !== 0) continue;
    if (type < 32 && seen.has(type)) throw badFeatures(`property ${type} comes twice`);
    seen.add(type);
    takeProperty(found, type, body, isStrict);
  }
  return found;
}

const unknownProperty = unknownPropertyOf('ofp_table', 'table features');

/** Matching is the same for the table miss flow. */
function isKnown(type: number): boolean {
  return type <= 15 && type !== property.match + 1 && type !== property.wildcards + 1;
}

function takeProperty(found: Properties, type: number, body: Reader, isStrict: boolean): void {
  const kind = type & ~1;
  if (type === property.match) {
    const { exact, masked } = readFieldHeaders(body, isStrict);
    found.mask = masked;
    found.fields.set(type, fieldSet([...exact, ...masked]));
  } else if (
    type === property.wildcards ||
    kind === property.writeSetField ||
    kind === property.applySetField
  ) {
    found.fields.set(type, readExactHeaders(body, isStrict));
  } else if (kind === property.nextTables) {
    found.lists.set(type, readTables(body));
  } else if (kind < property.match) {
    found.lists.set(type, readIds(body, isStrict && kind === property.instructions));
  }
}

function isInstruction(id: number): boolean {
  return readInstructionBits(bitsOf([id]), 5).length > 0;
}

/** Numbers of tables, ascending. */
function readTables(body: Reader): number[] {
  const tables = [...body.octets(body.left)];
  if (tables.includes(0xff)) throw new OpenFlowError('OFPBPC_BAD_VALUE', 'table 255 follows no table');
  return [...new Set(tables)].sort((a, b) => a - b);
}

/** Numbers of actions or instructions, each with a length. */
function readIds(body: Reader, areKnownInstructions: boolean): number[] {
  const ids: number[] = [];
  while (body.left > 0) {
    const { type } = readProperty(body, 1, 0x10000);
    if (areKnownInstructions && !isInstruction(type))
      throw new OpenFlowError('OFPBIC_UNKNOWN_INST', `instruction ${type}`);
    ids.push(type);
  }
  return ids;
}

const refused = refusalsOf('ofp_table');

const required: readonly number[] = [
  property.instructions,
  property.nextTables,
  property.writeActions,
  property.applyActions,
  property.match,
  property.wildcards,
  property.writeSetField,
  property.applySetField,
];

function badFeatures(why: string): OpenFlowError {
  return new OpenFlowError('OFPTFFC_BAD_FEATURES', why);
}

/** What is not known is passed over by all but a switch, which would change tables by it. Throws OpenFlowError. */
function readTableFeatures(from: Reader, version: WireVersion, recipient?: Recipient): TableFeatures {
  const size = recordSize(from, 0, head.size, 'OFPBPC_BAD_LEN');
  if (size % 8 !== 0) throw new OpenFlowError('OFPBPC_BAD_LEN', `a table in ${size} bytes`);
  const { capabilities, command: number, ...fixed } = head.read(from);
  const command = version < 6 ? 'replace' : commands[number];
  if (command === undefined)
    throw new OpenFlowError('OFPTFFC_BAD_COMMAND', `command ${number} of table features`);
  if (fixed.table === 0xff) throw new OpenFlowError('OFPTFFC_BAD_TABLE', 'features of table 255');
  const rest = from.part(size - head.size, 'OFPBPC_BAD_LEN');
  const hasProperties = rest.left > 0;
  const found = readProperties(rest, recipient !== undefined);
  const { lists, fields, mask } = found;
  const missing = required.filter((type) => !lists.has(type) && !fields.has(type));
  if (missing.length > 0 && (hasProperties || version < 6))
    throw refused(
      'OFPTFFC_BAD_FEATURES',
      `table features message missing ${missing.length} required properties, including property ${missing[0]}`,
    );
  const match = fields.get(property.match) ?? [];
  const wildcard = fieldSet([...(fields.get(property.wildcards) ?? []), ...mask]);
  const flows = instructionFeatures(found, 0, version);
  return {
    ...fixed,
    command,
    miss: undefined,
    supportsEviction: version < 5 ? undefined : (capabilities & evictionFlag) !== 0,
    supportsVacancyEvents: version < 5 ? undefined : (capabilities & vacancyFlag) !== 0,
    hasProperties,
    flows,
    missFlow: instructionFeatures(found, 1, version),
    match,
    mask,
    wildcard: wildcard.filter((name) => match.includes(name)),
  };
}

/** What is not told of the table miss flow is as for others. */
function instructionFeatures(
  { lists, fields }: Properties,
  miss: 0 | 1,
  version: WireVersion,
): InstructionFeatures {
  const list = (type: number): readonly number[] => lists.get(type | miss) ?? lists.get(type) ?? [];
  const set = (type: number): FieldSet => fields.get(type | miss) ?? fields.get(type) ?? [];
  const actions = (type: number): ActionAbility[] => readActionBits(bitsOf(list(type)), version);
  return {
    nextTables: list(property.nextTables),
    instructions: readInstructionBits(bitsOf(list(property.instructions)), 5),
    write: { actions: actions(property.writeActions), setFields: set(property.writeSetField) },
    apply: { actions: actions(property.applyActions), setFields: set(property.applySetField) },
  };
}

function bitsOf(ids: readonly number[]): number {
  return ids.reduce((bits, id) => (id < 32 ? bits | (1 << id) : bits), 0);
}

function writeTableFeatures(features: TableFeatures, to: Writer, version: WireVersion): void {
  const start = to.size;
  const { supportsEviction, supportsVacancyEvents, flows, missFlow, match, mask, wildcard } = features;
  const isTold = version > 4;
  const eviction = isTold && supportsEviction === true ? evictionFlag : 0;
  const vacancy = isTold && supportsVacancyEvents === true ? vacancyFlag : 0;
  head.write(to, {
    ...features,
    command: version < 6 ? 0 : commands.indexOf(features.command),
    capabilities: eviction | vacancy,
  });
  if (features.hasProperties) {
    writeInstructionFeatures(flows, 0, to, version);
    writeInstructionFeatures(missFlow, 1, to, version);
    writeProperty(to, property.match, () => writeFieldHeaders(to, match, mask, version));
    writeProperty(to, property.wildcards, () => writeFieldHeaders(to, wildcard, [], version));
  }
  to.setU16(start, to.size - start);
}

function writeInstructionFeatures(
  { nextTables, instructions, write, apply }: InstructionFeatures,
  miss: 0 | 1,
  to: Writer,
  version: WireVersion,
): void {
  const ids = (type: number, bits: number): void =>
    writeProperty(to, type | miss, () => {
      for (let id = 0; id < 32; id++) {
        if (((bits >>> id) & 1) === 0) continue;
        to.u16(id);
        to.u16(4);
      }
    });
  const set = (type: number, fields: FieldSet): void =>
    writeProperty(to, type | miss, () => writeFieldHeaders(to, fields, [], version));
  ids(property.instructions, instructionBits(instructions, version));
  writeProperty(to, property.nextTables | miss, () => to.octets(Uint8Array.from(nextTables)));
  ids(property.writeActions, actionBits(write.actions, version));
  set(property.writeSetField, write.setFields);
  ids(property.applyActions, actionBits(apply.actions, version));
  set(property.applySetField, apply.setFields);
}

export const tableFeaturesRequest = defineMessage(
  'TABLE_FEATURES_REQUEST',
  [listForm('OFPST 1.3+ 12 request', [0, 8], readTableFeatures, writeTableFeatures)],
  (all) => formatTableList(all.map((features) => ({ features }))),
);

export const tableFeaturesReply = defineMessage(
  'TABLE_FEATURES_REPLY',
  [listForm('OFPST 1.3+ 12 reply', [head.size, 8], readTableFeatures, writeTableFeatures)],
  (all) => formatTableList(all.map((features) => ({ features }))),
);
