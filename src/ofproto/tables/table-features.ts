/**
 * What the flow tables of a switch can do: OpenFlow 1.5.1 section 7.3.5.18. All are alike, but for where they can go
 * on.
 */
import { type Field, fields } from '../../flow/fields/index.ts';
import { fieldSet } from '../../openflow/messages/field-sets.ts';
import type { InstructionFeatures, TableFeatures } from '../../openflow/messages/table-values.ts';
import type { FlowTable } from './flow-table.ts';
import { visibleTableCount } from './flow-tables.ts';

/** So many flows a table is said to hold that has no limit. */
const untoldLimit = 1_000_000;
const wholeMetadata = 0xffff_ffff_ffff_ffffn;

const onWire = [...fields.values()].filter(({ numbers }) => numbers.length > 0);
const namesOf = (some: readonly Field[]): TableFeatures['match'] => fieldSet(some.map(({ name }) => name));
const match = namesOf(onWire);
const mask = namesOf(onWire.filter((field) => field.mask === 'bits' || field.mask === 'cidr'));

/** Those that flows and groups can do. */
export const tableActions: InstructionFeatures['apply']['actions'] = [
  'output',
  'enqueue',
  'group',
  'set_field',
  'set_vlan_vid',
  'set_vlan_pcp',
  'strip_vlan',
  'push_vlan',
  'mod_dl_src',
  'mod_dl_dst',
  'mod_nw_src',
  'mod_nw_dst',
  'mod_nw_tos',
  'mod_nw_ecn',
  'mod_nw_ttl',
  'mod_tp_src',
  'mod_tp_dst',
  'dec_ttl',
  'set_mpls_label',
  'set_mpls_tc',
  'set_mpls_ttl',
  'dec_mpls_ttl',
  'push_mpls',
  'pop_mpls',
  'set_queue',
];

const actions: InstructionFeatures['apply'] = {
  actions: tableActions,
  setFields: namesOf(onWire.filter(({ isWritable }) => isWritable)),
};

const usual: InstructionFeatures['instructions'] = [
  'meter',
  'apply_actions',
  'clear_actions',
  'write_actions',
  'write_metadata',
];

/** Of each table: packets can go on to any later one that controllers may use. */
const instructions: readonly InstructionFeatures[] = Array.from({ length: visibleTableCount }, (_, n) => ({
  nextTables: Array.from({ length: visibleTableCount - n - 1 }, (_next, more) => n + 1 + more),
  instructions: n + 1 < visibleTableCount ? [...usual, 'goto_table'] : usual,
  write: actions,
  apply: actions,
}));

const none: InstructionFeatures = { nextTables: [], instructions: [], write: actions, apply: actions };

export function featuresOf({ number, name, miss, flowLimit }: FlowTable): TableFeatures {
  const able = instructions[number] ?? none;
  return {
    command: 'replace',
    table: number,
    name,
    metadataMatch: wholeMetadata,
    metadataWrite: wholeMetadata,
    miss: miss === 'default' ? 'controller' : miss,
    supportsEviction: false,
    supportsVacancyEvents: false,
    maxEntries: flowLimit ?? untoldLimit,
    hasProperties: true,
    flows: able,
    missFlow: able,
    match,
    mask,
    wildcard: match,
  };
}
