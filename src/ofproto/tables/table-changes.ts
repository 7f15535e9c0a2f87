/** What controllers may change of the features of tables: their names (OpenFlow 1.5.1 section 7.3.5.18.1). */
import { LimitedSite, logger } from '../../base/log.ts';
import { type ErrorName, OpenFlowError } from '../../openflow/errors.ts';
import type {
  ActionFeatures,
  InstructionFeatures,
  TableFeatures,
} from '../../openflow/messages/table-values.ts';
import { type FlowTables, visibleTableCount } from './flow-tables.ts';
import { featuresOf } from './table-features.ts';

const log = logger('ofproto');
const refusal = new LimitedSite({ perMinute: 1, burst: 5 });
/** With the one that only the switch uses. */
const tableCount = visibleTableCount + 1;

/** Throws OpenFlowError, and changes nothing then. */
export function changeTableFeatures(tables: FlowTables, wanted: readonly TableFeatures[]): void {
  const [first] = wanted;
  if (first === undefined) return;
  refuseDuplicates(wanted);
  const byTable = new Map(wanted.map((features) => [features.table, features]));
  if (byTable.has(visibleTableCount))
    throw refused('OFPTFFC_EPERM', `can't modify hidden table ${visibleTableCount}`);
  if (first.command === 'enable' || first.command === 'disable')
    throw new OpenFlowError('OFPTFFC_EPERM', `tables cannot be ${first.command}d`);
  if (first.command === 'replace') checkTables(byTable);
  for (const [number, features] of byTable) {
    const current = featuresOf(tables.table(number));
    if (features.maxEntries !== current.maxEntries)
      throw refused('OFPTFFC_EPERM', "can't change max_entries");
  }
  for (const [number, { name }] of byTable) {
    const table = tables.table(number);
    if (!table.mayBeNamed(name))
      throw refused(
        'OFPTFFC_EPERM',
        `can't change name of table ${number} to ${name} because it is already set to ${table.name} via OVSDB`,
      );
  }
  for (const [number, features] of byTable) {
    if (!includes(featuresOf(tables.table(number)), features))
      throw refused('OFPTFFC_EPERM', `can't increase table features for table ${number}`);
  }
  for (const [number, { name }] of byTable) tables.table(number).giveName(name);
}

/** Throws OpenFlowError where a table comes twice. */
export function refuseDuplicates(wanted: readonly TableFeatures[]): void {
  const seen = new Set<number>();
  for (const { table } of wanted) {
    if (seen.has(table)) throw refused('NXTFFC_DUP_TABLE', `duplicate table ${table}`);
    seen.add(table);
  }
}

/** All tables must be there, and no others. */
function checkTables(byTable: ReadonlyMap<number, TableFeatures>): void {
  const isThere = (number: number): boolean => number === visibleTableCount || byTable.has(number);
  let first = 0;
  while (first < tableCount && isThere(first)) first++;
  if (first < tableCount) throw refused('OFPTFFC_EPERM', `can't disable table ${first}`);
}

function includes(all: TableFeatures, some: TableFeatures): boolean {
  if ((some.metadataMatch & ~all.metadataMatch) !== 0n || (some.metadataWrite & ~all.metadataWrite) !== 0n)
    return false;
  if (some.supportsEviction === true && all.supportsEviction !== true) return false;
  if (some.supportsVacancyEvents === true && all.supportsVacancyEvents !== true) return false;
  return (
    includesInstructions(all.flows, some.flows) &&
    includesInstructions(all.missFlow, some.missFlow) &&
    includesAll(all.match, some.match) &&
    includesAll(all.mask, some.mask) &&
    includesAll(all.wildcard, some.wildcard)
  );
}

function includesInstructions(all: InstructionFeatures, some: InstructionFeatures): boolean {
  return (
    includesAll(all.nextTables, some.nextTables) &&
    includesAll(all.instructions, some.instructions) &&
    includesActions(all.write, some.write) &&
    includesActions(all.apply, some.apply)
  );
}

function includesActions(all: ActionFeatures, some: ActionFeatures): boolean {
  return includesAll(all.actions, some.actions) && includesAll(all.setFields, some.setFields);
}

function includesAll<T>(all: readonly T[], some: readonly T[]): boolean {
  const known = new Set(all);
  return some.every((one) => known.has(one));
}

function refused(name: ErrorName, why: string): OpenFlowError {
  log.limited('info', refusal, why);
  return new OpenFlowError(name, why);
}
