/** What is told of the abilities of a flow table. */
import type { ActionAbility, InstructionAbility } from './ability-bits.ts';
import type { FieldSet } from './field-sets.ts';
import type { TableMiss } from './tables.ts';

export interface ActionFeatures {
  readonly actions: readonly ActionAbility[];
  readonly setFields: FieldSet;
}

export interface InstructionFeatures {
  /** Ascending. */
  readonly nextTables: readonly number[];
  readonly instructions: readonly InstructionAbility[];
  readonly write: ActionFeatures;
  readonly apply: ActionFeatures;
}

export const tableFeatureCommands = ['replace', 'modify', 'enable', 'disable'] as const;

export interface TableFeatures {
  /** Of a request of OpenFlow 1.5; all others replace. */
  readonly command: (typeof tableFeatureCommands)[number];
  readonly table: number;
  readonly name: string;
  readonly metadataMatch: bigint;
  readonly metadataWrite: bigint;
  /** OpenFlow 1.1 and 1.2. */
  readonly miss: TableMiss | undefined;
  /** OpenFlow 1.4 and later. */
  readonly supportsEviction: boolean | undefined;
  readonly supportsVacancyEvents: boolean | undefined;
  readonly maxEntries: number;
  /** Is any of what follows told? */
  readonly hasProperties: boolean;
  readonly flows: InstructionFeatures;
  readonly missFlow: InstructionFeatures;
  /** Fields that can be matched on, those of them with any mask, those that need not be matched on. */
  readonly match: FieldSet;
  readonly mask: FieldSet;
  readonly wildcard: FieldSet;
}

export const noActions: ActionFeatures = { actions: [], setFields: [] };
export const noInstructions: InstructionFeatures = {
  nextTables: [],
  instructions: [],
  write: noActions,
  apply: noActions,
};

/** What is told of a table by those who tell nothing. */
export const untoldFeatures = {
  command: 'replace',
  name: '',
  metadataMatch: 0n,
  metadataWrite: 0n,
  miss: undefined,
  supportsEviction: undefined,
  supportsVacancyEvents: undefined,
  maxEntries: 0,
  hasProperties: false,
  flows: noInstructions,
  missFlow: noInstructions,
  match: [],
  mask: [],
  wildcard: [],
} as const;
