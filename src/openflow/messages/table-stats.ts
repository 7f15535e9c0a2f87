/**
 * Counters of flow tables: OpenFlow 1.0.2 section 5.3.5.4, 1.1 to 1.5.1 section 7.3.5.3.
 * Differs: OpenFlow 1.1 is told by its own numbers what becomes of packets without a flow; the reference's are others.
 */
import type { FieldName } from '../../flow/fields/index.ts';
import { bareMessage, defineMessage, listForm } from '../declare.ts';
import { pad, struct, text, u8, u32, u64 } from '../layout.ts';
import type { WireVersion } from '../versions.ts';
import { actionBits, instructionBits, readActionBits, readInstructionBits } from './ability-bits.ts';
import {
  bits10,
  bits11,
  type FieldSet,
  fieldBits,
  fieldBits12,
  fieldSet,
  knownIn12,
  readFieldBits,
  readFieldBits12,
  readSetFieldBits12,
} from './field-sets.ts';
import { formatTableList, type TableCounts } from './table-features-text.ts';
import { noActions, noInstructions, type TableFeatures, untoldFeatures } from './table-values.ts';
import { readTableMiss, tableMissBits } from './tables.ts';

export interface TableStats extends TableCounts {
  /** What OpenFlow 1.0 to 1.2 tell along with it; since 1.3 only its number. */
  readonly features: TableFeatures;
}

const counts = { active: u32, lookups: u64, matches: u64 };
const stats10 = struct({
  table: u8,
  pad: pad(3),
  name: text(32),
  wildcards: u32,
  maxEntries: u32,
  ...counts,
});
const abilities = { instructions: u32, writeActions: u32, applyActions: u32 };
const stats11 = struct({
  table: u8,
  pad: pad(7),
  name: text(32),
  wildcards: u32,
  match: u32,
  ...abilities,
  config: u32,
  maxEntries: u32,
  ...counts,
});
const stats12 = struct({
  table: u8,
  pad: pad(7),
  name: text(32),
  match: u64,
  wildcards: u64,
  writeActions: u32,
  applyActions: u32,
  writeSetFields: u64,
  applySetFields: u64,
  metadataMatch: u64,
  metadataWrite: u64,
  instructions: u32,
  config: u32,
  maxEntries: u32,
  ...counts,
});
const stats13 = struct({ table: u8, pad: pad(3), ...counts });

const isIn =
  (set: FieldSet) =>
  (name: FieldName): boolean =>
    set.includes(name);

const form10 = listForm<TableStats>(
  'OFPST 1.0 3 reply',
  [0, stats10.size],
  (from) => {
    const { table, name, wildcards, maxEntries, ...rest } = stats10.read(from);
    const match = readFieldBits(wildcards, bits10);
    return { features: { ...untoldFeatures, table, name, maxEntries, match, wildcard: match }, ...rest };
  },
  (stats, to) => {
    const { features } = stats;
    stats10.write(to, { ...features, ...stats, wildcards: fieldBits(isIn(features.wildcard), bits10) });
  },
);

/** Differs: ovs-ofctl shows the actions of Write-Actions for those of Apply-Actions. */
const form11 = listForm<TableStats>(
  'OFPST 1.1 3 reply',
  [0, stats11.size],
  (from, version) => {
    const read = stats11.read(from);
    const { table, name, maxEntries, active, lookups, matches } = read;
    const wildcard = readFieldBits(read.wildcards, bits11);
    const flows = {
      ...noInstructions,
      instructions: readInstructionBits(read.instructions, version),
      write: { ...noActions, actions: readActionBits(read.writeActions, version) },
      apply: { ...noActions, actions: readActionBits(read.applyActions, version) },
    };
    const features: TableFeatures = {
      ...untoldFeatures,
      table,
      name,
      maxEntries,
      miss: readTableMiss(read.config, version),
      flows,
      missFlow: flows,
      match: fieldSet([...readFieldBits(read.match, bits11), ...wildcard]),
      wildcard,
    };
    return { features, active, lookups, matches };
  },
  (stats, to, version) => {
    const { features } = stats;
    const { flows, match, wildcard, miss } = features;
    stats11.write(to, {
      ...features,
      ...stats,
      wildcards: fieldBits(isIn(wildcard), bits11),
      match: fieldBits(isIn(match), bits11),
      instructions: instructionBits(flows.instructions, version),
      writeActions: actionBits(flows.write.actions, version),
      applyActions: actionBits(flows.apply.actions, version),
      config: tableMissBits(miss, version),
    });
  },
);

const form12 = listForm<TableStats>(
  'OFPST 1.2 3 reply',
  [0, stats12.size],
  (from, version) => {
    const read = stats12.read(from);
    const { table, name, maxEntries, metadataMatch, metadataWrite, active, lookups, matches } = read;
    const wildcard = readFieldBits12(read.wildcards);
    const flows = {
      ...noInstructions,
      instructions: readInstructionBits(read.instructions, version),
      write: {
        actions: readActionBits(read.writeActions, version),
        setFields: readSetFieldBits12(read.writeSetFields),
      },
      apply: {
        actions: readActionBits(read.applyActions, version),
        setFields: readSetFieldBits12(read.applySetFields),
      },
    };
    const features: TableFeatures = {
      ...untoldFeatures,
      table,
      name,
      maxEntries,
      metadataMatch,
      metadataWrite,
      miss: readTableMiss(read.config, version),
      flows,
      missFlow: flows,
      match: fieldSet([...readFieldBits12(read.match), ...wildcard]),
      wildcard,
    };
    return { features, active, lookups, matches };
  },
  (stats, to, version) => {
    const { features } = stats;
    const { flows, match, wildcard, miss } = features;
    stats12.write(to, {
      ...features,
      ...stats,
      match: fieldBits12(match),
      wildcards: fieldBits12(wildcard),
      instructions: instructionBits(flows.instructions, version),
      writeActions: actionBits(flows.write.actions, version),
      applyActions: actionBits(flows.apply.actions, version),
      writeSetFields: fieldBits12(flows.write.setFields),
      applySetFields: fieldBits12(flows.apply.setFields),
      config: tableMissBits(miss, version),
    });
  },
);

const form13 = listForm<TableStats>(
  'OFPST 1.3+ 3 reply',
  [0, stats13.size],
  (from) => {
    const { table, ...rest } = stats13.read(from);
    return { features: { ...untoldFeatures, table }, ...rest };
  },
  (stats, to) => stats13.write(to, { ...stats, table: stats.features.table }),
);

export const tableRequest = bareMessage('TABLE_REQUEST', 'OFPST 1.0+ 3 request');

function shown(features: TableFeatures, version: WireVersion): TableFeatures {
  if (version !== 3) return features;
  const { match, mask, wildcard } = features;
  return { ...features, match: knownIn12(match), mask: knownIn12(mask), wildcard: knownIn12(wildcard) };
}

export const tableReply = defineMessage('TABLE_REPLY', [form10, form11, form12, form13], (all, { version }) =>
  formatTableList(all.map(({ features, ...counts }) => ({ features: shown(features, version), counts }))),
);
