/** Tables and what they can do as text: what is as in the table before is said in a word. */
import { hexOrZero } from '../../base/numbers.ts';
import { formatAbilities } from './ability-bits.ts';
import { formatFieldSet } from './field-sets.ts';
import type { ActionFeatures, InstructionFeatures, TableFeatures } from './table-values.ts';

export interface TableCounts {
  readonly active: number;
  readonly lookups: bigint;
  readonly matches: bigint;
}

/** A table with what is told of it. */
interface ListedTable {
  readonly features: TableFeatures;
  readonly counts?: TableCounts;
}

/** Each table; a run of tables without a name that are all as the one before is one line. */
export function formatTableList(tables: readonly ListedTable[]): string {
  let text = '';
  let dittos: number[] = [];
  const finishDittos = (): void => {
    const [first] = dittos;
    const last = dittos.at(-1);
    if (first !== undefined)
      text += `\n  table${first === last ? ` ${first}` : `s ${first}...${last}`}: ditto\n`;
    dittos = [];
  };
  let before: ListedTable | undefined;
  for (const table of tables) {
    const { features, counts } = table;
    if (before === undefined && features.command !== 'replace') text += `\n  command: ${features.command}`;
    const hasSameCounts = counts === undefined || (before !== undefined && isSame(counts, before.counts));
    const hasSameFeatures = before !== undefined && isSameTable(features, before.features);
    if (hasSameCounts && hasSameFeatures && features.name === '') {
      dittos.push(features.table);
    } else {
      finishDittos();
      text += `\n  table ${features.table}${features.name === '' ? '' : ` ("${features.name}")`}:`;
      if (hasSameCounts && hasSameFeatures) text += ' ditto';
      else text += `\n${formatCounts(counts)}${formatFeatures(features, before?.features, hasSameFeatures)}`;
    }
    before = table;
  }
  finishDittos();
  return text;
}

function formatCounts(counts: TableCounts | undefined): string {
  if (counts === undefined) return '';
  return `    active=${counts.active}, lookup=${counts.lookups}, matched=${counts.matches}\n`;
}

/** Plain data of the same shape. */
function isSame(a: unknown, b: unknown): boolean {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
  return text(a) === text(b);
}

/** No table can go on to itself, so that the next one cannot either makes no difference between two neighbours. */
function hasSameNext(a: readonly number[], aTable: number, b: readonly number[], bTable: number): boolean {
  if (aTable === bTable + 1) return hasSameNext(b, bTable, a, aTable);
  const isNeighbour = bTable === aTable + 1 && a.includes(bTable) && !b.includes(bTable);
  return isSame(isNeighbour ? a.filter((table) => table !== bTable) : a, b);
}

function isSameInstructions(
  a: InstructionFeatures,
  aTable: number,
  b: InstructionFeatures,
  bTable: number,
): boolean {
  const { nextTables: aNext, ...aRest } = a;
  const { nextTables: bNext, ...bRest } = b;
  return hasSameNext(aNext, aTable, bNext, bTable) && isSame(aRest, bRest);
}

function isSameTable(a: TableFeatures, b: TableFeatures): boolean {
  const fixed = (of: TableFeatures): unknown => [
    of.metadataMatch,
    of.metadataWrite,
    of.miss ?? '',
    of.supportsEviction ?? '',
    of.supportsVacancyEvents ?? '',
    of.maxEntries,
    of.match,
  ];
  return (
    isSame(fixed(a), fixed(b)) &&
    isSameInstructions(a.flows, a.table, b.flows, b.table) &&
    isSameInstructions(a.missFlow, a.table, b.missFlow, b.table)
  );
}

function isEmptyActions({ actions, setFields }: ActionFeatures): boolean {
  return actions.length === 0 && setFields.length === 0;
}

function isEmptyInstructions({ nextTables, instructions, write, apply }: InstructionFeatures): boolean {
  const isEmpty = isEmptyActions(write) && isEmptyActions(apply);
  return nextTables.length === 0 && instructions.length === 0 && isEmpty;
}

function isEmptyTable(features: TableFeatures): boolean {
  return (
    features.metadataMatch === 0n &&
    features.metadataWrite === 0n &&
    features.miss === undefined &&
    features.supportsEviction === undefined &&
    features.supportsVacancyEvents === undefined &&
    features.maxEntries === 0 &&
    isEmptyInstructions(features.flows) &&
    isEmptyInstructions(features.missFlow) &&
    features.match.length === 0
  );
}

function formatFeatures(
  features: TableFeatures,
  before: TableFeatures | undefined,
  isSameAsBefore: boolean,
): string {
  if (isSameAsBefore) return isEmptyTable(features) ? '' : '    (same features)\n';
  const { metadataMatch, metadataWrite, miss, supportsEviction, supportsVacancyEvents, maxEntries } =
    features;
  const supported = (what: string, is: boolean | undefined): string =>
    is === undefined ? '' : `    ${what}: ${is ? '' : 'not '}supported\n`;
  return [
    metadataMatch === 0n && metadataWrite === 0n
      ? ''
      : `    metadata: match=${hexOrZero(metadataMatch)} write=${hexOrZero(metadataWrite)}\n`,
    miss === undefined ? '' : `    config=${miss}\n`,
    supported('eviction', supportsEviction),
    supported('vacancy events', supportsVacancyEvents),
    maxEntries === 0 ? '' : `    max_entries=${maxEntries}\n`,
    formatAllInstructions(features, before),
    formatMatching(features, before),
  ].join('');
}

function formatAllInstructions(features: TableFeatures, before: TableFeatures | undefined): string {
  const { table, flows, missFlow } = features;
  const isSameAsBefore =
    before !== undefined &&
    isSameInstructions(flows, table, before.flows, before.table) &&
    isSameInstructions(missFlow, table, before.missFlow, before.table);
  if (isSameAsBefore) return isEmptyInstructions(flows) ? '' : '    (same instructions)\n';
  const text = (what: string, of: InstructionFeatures, last: InstructionFeatures | undefined): string =>
    `    instructions (${what}):\n${formatInstructions(of, last)}`;
  if (!isSameInstructions(flows, table, missFlow, table))
    return (
      text('other than table miss', flows, before?.flows) + text('table miss', missFlow, before?.missFlow)
    );
  return isEmptyInstructions(flows) ? '' : text('table miss and others', flows, before?.flows);
}

function formatInstructions(
  { nextTables, instructions, write, apply }: InstructionFeatures,
  before: InstructionFeatures | undefined,
): string {
  const next = nextTables.length === 0 ? '' : `      next tables: ${formatRanges(nextTables)}\n`;
  const names = (): string =>
    before !== undefined && isSame(instructions, before.instructions)
      ? '      (same instructions)\n'
      : `      instructions: ${instructions.join(' ')}\n`;
  return next + (instructions.length === 0 ? '' : names()) + formatBothActions(write, apply, before);
}

function formatBothActions(
  write: ActionFeatures,
  apply: ActionFeatures,
  before: InstructionFeatures | undefined,
): string {
  const isSameAsBefore = before !== undefined && isSame(write, before.write) && isSame(apply, before.apply);
  if (isSameAsBefore && write.setFields.length > 0) return '      (same actions)\n';
  if (!isSame(write, apply))
    return `      Write-Actions features:\n${formatActions(write)}      Apply-Actions features:\n${formatActions(apply)}`;
  return isEmptyActions(write)
    ? ''
    : `      Write-Actions and Apply-Actions features:\n${formatActions(write)}`;
}

function formatActions({ actions, setFields }: ActionFeatures): string {
  const names = actions.length === 0 ? '' : `        actions: ${formatAbilities(actions)}\n`;
  return setFields.length === 0
    ? names
    : `${names}        supported on Set-Field:${formatFieldSet(setFields)}\n`;
}

/** "1-5,7" */
function formatRanges(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let at = 0; at < numbers.length; ) {
    const first = numbers[at] ?? 0;
    let end = at + 1;
    while (numbers[end] === first + end - at) end++;
    parts.push(end === at + 1 ? `${first}` : `${first}-${numbers[end - 1]}`);
    at = end;
  }
  return parts.join(',');
}

function formatMatching(features: TableFeatures, before: TableFeatures | undefined): string {
  const { match, mask, wildcard } = features;
  if (match.length === 0) return '';
  if (before !== undefined && isSame(match, before.match)) return '    (same matching)\n';
  const kinds = [
    ['arbitrary mask', match.filter((name) => mask.includes(name) && wildcard.includes(name))],
    ['exact match or wildcard', match.filter((name) => !mask.includes(name) && wildcard.includes(name))],
    ['must exact match', match.filter((name) => !mask.includes(name) && !wildcard.includes(name))],
  ] as const;
  const lines = kinds.map(([what, set]) =>
    set.length === 0 ? '' : `      ${what}:${formatFieldSet(set)}\n`,
  );
  return `    matching:\n${lines.join('')}`;
}
