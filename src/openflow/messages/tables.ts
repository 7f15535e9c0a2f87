/** How flow tables are set up: OpenFlow 1.1 section A.3.4.3 (table miss), 1.4.1 section 7.3.4.2 (eviction, vacancy). */
import { type Reader, recordSize, type Writer } from '../bytes.ts';
import { bareMessage, defineMessage, listForm, type MessageForm } from '../declare.ts';
import { OpenFlowError, refusalsOf, warningsOf } from '../errors.ts';
import { pad, struct, u8, u32 } from '../layout.ts';
import {
  checkBody,
  type Property,
  readProperties,
  readWord,
  writeProperty,
  writeWord,
} from '../properties.ts';
import type { TableText } from '../text/names.ts';
import type { WireVersion } from '../versions.ts';
import { type BitNames, formatBits } from './text.ts';

const misses = ['controller', 'continue', 'drop'] as const;
/** What becomes of packets that no flow matches. */
export type TableMiss = (typeof misses)[number];

const warn = warningsOf('ofp_table');
const refused = refusalsOf('ofp_table');

/** OpenFlow 1.1 and 1.2 only; undefined for other versions. */
export function readTableMiss(config: number, version: WireVersion): TableMiss | undefined {
  if (version !== 2 && version !== 3) return undefined;
  const miss = misses[config & 3];
  if (miss === undefined) warn(`bad table miss config ${config}`);
  return miss ?? 'controller';
}

export function tableMissBits(miss: TableMiss | undefined, version: WireVersion): number {
  return miss === undefined || (version !== 2 && version !== 3) ? 0 : misses.indexOf(miss);
}

export const evictionFlag = 4;
export const vacancyFlag = 8;

/** In percent. */
export interface Vacancy {
  /** An event is due when less than `down` is free, and again when more than `up` is. */
  readonly down: number;
  readonly up: number;
  /** What is free now; in a description only. */
  readonly now: number;
}

export interface Eviction {
  /** undefined: not told, or left as it is. */
  readonly eviction: boolean | undefined;
  /** Bits of `evictionNames`; undefined: the default. */
  readonly evictionFlags: number | undefined;
  readonly vacancyEvents: boolean | undefined;
  readonly vacancy: Vacancy | undefined;
}

/** All tables. */
export const allTables = 0xff;

export interface TableMod extends Eviction {
  /** `allTables` for all. */
  readonly table: number;
  readonly miss: TableMiss | undefined;
}

export interface TableDesc extends Eviction {
  readonly table: number;
}

const evictionNames: BitNames = ['OTHER', 'IMPORTANCE', 'LIFETIME'];
const evictionProperty = 2;
const vacancyProperty = 3;
const vacancyLayout = struct({ down: u8, up: u8, now: u8, pad: pad(1) });

interface ReadEviction {
  evictionFlags: number | undefined;
  vacancy: Vacancy | undefined;
}

function takeProperty(property: Property, into: ReadEviction): boolean {
  const { experimenter, type, body } = property;
  if (experimenter !== 0) return false;
  if (type === evictionProperty) {
    into.evictionFlags = readWord(property);
  } else if (type === vacancyProperty) {
    checkBody(property, vacancyLayout.size);
    into.vacancy = vacancyLayout.read(body);
  } else {
    return false;
  }
  return true;
}

function readFlags(config: number): Pick<Eviction, 'eviction' | 'vacancyEvents'> {
  return { eviction: (config & evictionFlag) !== 0, vacancyEvents: (config & vacancyFlag) !== 0 };
}

function flagBits({ eviction, vacancyEvents }: Eviction): number {
  return (eviction === true ? evictionFlag : 0) | (vacancyEvents === true ? vacancyFlag : 0);
}

function writeEviction({ evictionFlags, vacancyEvents, vacancy }: Eviction, to: Writer): void {
  if (evictionFlags !== undefined) writeWord(to, evictionProperty, evictionFlags);
  if (vacancyEvents === true && vacancy !== undefined)
    writeProperty(to, vacancyProperty, () => vacancyLayout.write(to, vacancy));
}

const modLayout = struct({ table: u8, pad: pad(3), config: u32 });

const untold = {
  eviction: undefined,
  evictionFlags: undefined,
  vacancyEvents: undefined,
  vacancy: undefined,
};

const tableModForm: MessageForm<TableMod> = {
  wire: 'OFPT 1.1-1.3 17',
  size: [modLayout.size, 0],
  decode(body, version) {
    const { table, config } = modLayout.read(body);
    return { table, miss: readTableMiss(config, version), ...untold };
  },
  encode: ({ table, miss }, to, version) =>
    modLayout.write(to, { table, config: tableMissBits(miss, version) }),
};

function checkVacancy({ down, up, now }: Vacancy): void {
  const bad = (why: string): OpenFlowError => refused('OFPBPC_BAD_VALUE', why);
  if (down > up) throw bad('Value of vacancy_down is greater than vacancy_up');
  if (up > 100) throw bad('Vacancy threshold percentage should not be greater than 100');
  if (now !== 0) throw bad('Vacancy value should be zero for table-mod messages');
}

const tableModForm14: MessageForm<TableMod> = {
  wire: 'OFPT 1.4+ 17',
  size: [modLayout.size, 8],
  decode(body) {
    const { table, config } = modLayout.read(body);
    const read: ReadEviction = { evictionFlags: undefined, vacancy: undefined };
    const take = (property: Property): boolean => {
      if (!takeProperty(property, read))
        throw new OpenFlowError('OFPBRC_BAD_TYPE', `property ${property.type} of a table`);
      if (read.vacancy !== undefined) checkVacancy(read.vacancy);
      return true;
    };
    readProperties(body, take, 'passed over');
    return { table, miss: undefined, ...readFlags(config), ...read };
  },
  encode(mod, to) {
    modLayout.write(to, { table: mod.table, config: flagBits(mod) });
    writeEviction(mod, to);
  },
};

const onOff = (value: boolean): string => (value ? 'on' : 'off');

/** Differs: the flags of eviction are shown; ovs-ofctl takes them for whether there is any, and shows an error. */
export const tableMod = defineMessage(
  'TABLE_MOD',
  [tableModForm, tableModForm14],
  ({ table, miss, eviction, evictionFlags, vacancyEvents, vacancy }, { tables }) => {
    const { down, up } = vacancy ?? { down: 0, up: 0 };
    return [
      table === allTables ? ' table_id: ALL_TABLES' : ` table_id=${tables.format(table)}`,
      miss === undefined ? '' : `, flow_miss_config=${miss}`,
      eviction === undefined ? '' : `, eviction=${onOff(eviction)}`,
      evictionFlags === undefined ? '' : `, eviction_flags=${formatEviction(evictionFlags)}`,
      vacancyEvents === undefined ? '' : `, vacancy=${onOff(vacancyEvents)}`,
      vacancyEvents === true ? ` vacancy:${down},${up}` : '',
    ].join('');
  },
);

const descHead = struct({ padSize: pad(2), table: u8, pad: pad(1), config: u32 });

function badTableDesc(size: number, left: number): OpenFlowError {
  const why = left < descHead.size ? `has ${left} leftover bytes at end` : `claims invalid length ${size}`;
  return refused('OFPBRC_BAD_LEN', `OFP14_TABLE_DESC reply ${why}`);
}

/** Throws OpenFlowError. */
function readTableDesc(from: Reader): TableDesc {
  const size = recordSize(from, 0, descHead.size, badTableDesc);
  const { table, config } = descHead.read(from);
  const read: ReadEviction = { evictionFlags: undefined, vacancy: undefined };
  readProperties(from.part(size - descHead.size), (property) => takeProperty(property, read), 'passed over');
  return { table, ...readFlags(config), ...read };
}

function writeTableDesc(desc: TableDesc, to: Writer): void {
  const start = to.size;
  descHead.write(to, { table: desc.table, config: flagBits(desc) });
  writeEviction(desc, to);
  to.setU16(start, to.size - start);
}

export const tableDescRequest = bareMessage('TABLE_DESC_REQUEST', 'OFPST 1.4+ 14 request');

export const tableDescReply = defineMessage(
  'TABLE_DESC_REPLY',
  [listForm('OFPST 1.4+ 14 reply', [descHead.size, 8], readTableDesc, writeTableDesc)],
  (all, { tables }) => all.map((desc) => formatTableDesc(desc, tables)).join(''),
);

function formatTableDesc(desc: TableDesc, tables: TableText): string {
  const { table, eviction, evictionFlags, vacancyEvents, vacancy } = desc;
  const { down, up, now } = vacancy ?? { down: 0, up: 0, now: 0 };
  const percents = vacancyEvents === true ? ` vacancy_down=${down}% vacancy_up=${up}% vacancy=${now}%` : '';
  return `
  table ${tables.format(table)}:
   eviction=${onOff(eviction === true)} eviction_flags=${formatEviction(evictionFlags)}
   vacancy=${onOff(vacancyEvents === true)}${percents}
`;
}

function formatEviction(flags: number | undefined): string {
  return flags === undefined ? '(default)' : formatBits(flags, evictionNames, '|');
}

const statusReasons = new Map<number, 'vacancy_down' | 'vacancy_up'>([
  [3, 'vacancy_down'],
  [4, 'vacancy_up'],
]);

/** A table has got full, or empty again. */
export interface TableStatus {
  readonly reason: 'vacancy_down' | 'vacancy_up';
  readonly table: TableDesc;
}

export const tableStatus = defineMessage<'TABLE_STATUS', TableStatus>(
  'TABLE_STATUS',
  [
    {
      wire: 'OFPT 1.4+ 31',
      size: [8, 8],
      decode(body) {
        const number = body.u8();
        body.skip(7);
        const reason = statusReasons.get(number);
        if (reason === undefined)
          throw new OpenFlowError('OFPBPC_BAD_VALUE', `reason ${number} of a table status`);
        return { reason, table: readTableDesc(body) };
      },
      encode({ reason, table }, to) {
        to.u8(reason === 'vacancy_down' ? 3 : 4);
        to.room(7);
        writeTableDesc(table, to);
      },
    },
  ],
  ({ reason, table }, { tables }) =>
    ` reason=${reason.toUpperCase()}\ntable_desc:-${formatTableDesc(table, tables)}`,
);
