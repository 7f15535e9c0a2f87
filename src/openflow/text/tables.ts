/** What is set up of flow tables, as ovs-ofctl takes it (ovs-ofctl(8), "mod-table"). */

import { readCInteger, readTable, wrong } from '../actions/arguments.ts';
import type { ActionText } from '../actions/declare.ts';
import { allTables, type TableMiss } from '../messages/tables.ts';
import { allVersions, isWithin, readRange, type WireVersion } from '../versions.ts';

/** One thing of a table that changes; all else of a TableMod is as it was. */
export type TableSetting =
  | { readonly miss: TableMiss }
  | { readonly eviction: boolean }
  | { readonly vacancyEvents: boolean; readonly down: number; readonly up: number }
  | { readonly name: string };

export interface TableChange {
  /** `allTables` for all. */
  readonly table: number;
  readonly setting: TableSetting;
  /** Those that can say it. */
  readonly versions: readonly WireVersion[];
}

const lastTable = 0xfe;

/** Throws Malformed, whose `why` is the whole message. */
export function readTableChange(tableText: string, text: string, context: ActionText): TableChange {
  const table = tableText.toLowerCase() === 'all' ? allTables : readTable(tableText, context);
  if (table === undefined) throw wrong(`unknown table "${tableText}"`);
  const setting = readSetting(text);
  if (setting === undefined || ('name' in setting && table === allTables))
    throw wrong(`invalid table_mod setting ${text}`);
  if (table === lastTable && 'miss' in setting && setting.miss === 'continue')
    throw wrong("last table's flow miss handling can not be continue");
  return { table, setting, versions: versionsFor(setting) };
}

function versionsFor(setting: TableSetting): readonly WireVersion[] {
  const range = readRange('miss' in setting ? '1.1-1.2' : 'name' in setting ? '1.3+' : '1.4+');
  return allVersions.filter((version) => isWithin(range, version));
}

function readSetting(text: string): TableSetting | undefined {
  if (text === 'controller' || text === 'continue' || text === 'drop') return { miss: text };
  if (text === 'evict' || text === 'noevict') return { eviction: text === 'evict' };
  // What stands before the colon may be cut short, to nothing even.
  if ('vacancy'.startsWith(text.replace(/:.*$/s, ''))) return readVacancy(text);
  if (text === 'novacancy') return { vacancyEvents: false, down: 0, up: 0 };
  return text.startsWith('name:') ? { name: text.slice('name:'.length) } : undefined;
}

/** "vacancy:DOWN,UP". */
function readVacancy(text: string): TableSetting {
  const [downText, upText] = text
    .replace(/^:*[^:]*:?/, '')
    .split(',')
    .filter((part) => part !== '');
  const down = readPercent(downText, 'down');
  const up = readPercent(upText, 'up');
  if (down > up)
    throw wrong('Invalid vacancy range, vacancy up should be greater than vacancy down (OFPBPC_BAD_VALUE)');
  return { vacancyEvents: true, down, up };
}

function readPercent(text: string | undefined, which: string): number {
  if (text === undefined) throw wrong(`Vacancy ${which} value missing`);
  const value = readCInteger(text);
  if (value === undefined || value < 0n || value > 100n)
    throw wrong(`Invalid vacancy ${which} value "${text}"`);
  return Number(value);
}
