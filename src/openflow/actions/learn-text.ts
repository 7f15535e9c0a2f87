/** The text of `learn`: what a flow to be learned matches and does, as ovs-actions(7) has it. */

import { Malformed } from '../../base/errors.ts';
import { hexOrZero } from '../../base/numbers.ts';
import type { Field } from '../../flow/fields/index.ts';
import { readIntegerAhead } from '../../flow/fields/integer.ts';
import type { PortText } from '../../flow/fields/text.ts';
import { keyValues } from '../../flow/key-values.ts';
import { hasShortHeader } from '../match/oxm.ts';
import { formatTable, readLeadingNumber, readTable, wrong } from './arguments.ts';
import type { ActionText } from './declare.ts';
import { bytesWith } from './field-bits.ts';
import { formatFieldValue, readFieldValue } from './field-value.ts';
import { readMove } from './move.ts';
import { fieldOf, formatSubfield, readSubfield, type Subfield } from './subfield.ts';

/** What goes from the packet, or from the action itself, into the learned flow. */
export type LearnSpec =
  | { readonly kind: 'match' | 'load'; readonly source: Subfield | bigint; readonly destination: Subfield }
  /** Output to the port that a field has. */
  | { readonly kind: 'output'; readonly source: Subfield };

export interface LearnArguments {
  readonly table: number;
  /** In seconds, 0 for never; as those below. */
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly finIdleTimeout: number;
  readonly finHardTimeout: number;
  readonly priority: number;
  readonly cookie: bigint;
  readonly sendsFlowRemoved: boolean;
  /** Learned flows go when the flow that has the action goes. */
  readonly deletesLearned: boolean;
  /** Most flows of the table and cookie; 0 for any number. */
  readonly limit: number;
  /** A bit that says whether there was room. */
  readonly result: Subfield | undefined;
  readonly specs: readonly LearnSpec[];
  /** In the form that has a limit and a result, though the other would do. */
  readonly isLong: boolean;
}

const defaultPriority = 0x8000;

const defaults: LearnArguments = {
  table: 1,
  idleTimeout: 0,
  hardTimeout: 0,
  finIdleTimeout: 0,
  finHardTimeout: 0,
  priority: defaultPriority,
  cookie: 0n,
  sendsFlowRemoved: false,
  deletesLearned: false,
  limit: 0,
  result: undefined,
  specs: [],
  isLong: false,
};

/** Throws Malformed. */
export function readLearn(text: string, context: ActionText): LearnArguments {
  let learn = defaults;
  for (const { name, value } of keyValues(text)) {
    const setting = readSetting(text, name, value, context);
    learn =
      setting === undefined
        ? { ...learn, specs: [...learn.specs, readSpec(text, name, value, context.ports)] }
        : { ...learn, ...setting };
  }
  return learn;
}

/** Settings of 16 bits that take whatever number their text begins with. */
const numbers: Readonly<
  Record<string, 'priority' | 'idleTimeout' | 'hardTimeout' | 'finIdleTimeout' | 'finHardTimeout'>
> = {
  priority: 'priority',
  idle_timeout: 'idleTimeout',
  hard_timeout: 'hardTimeout',
  fin_idle_timeout: 'finIdleTimeout',
  fin_hard_timeout: 'finHardTimeout',
};

/** undefined for a name that is no setting. */
function readSetting(
  all: string,
  name: string,
  value: string,
  context: ActionText,
): Partial<LearnArguments> | undefined {
  const number = Object.hasOwn(numbers, name) ? numbers[name] : undefined;
  if (number !== undefined) return { [number]: readLeadingNumber(value, 16) };
  switch (name) {
    case 'table': {
      const table = readTable(value, context);
      if (table === undefined) throw wrong(`unknown table "${value}"`);
      if (table === 0xff) throw wrong(`${all}: table id 255 not valid for \`learn' action`);
      return { table };
    }
    case 'cookie':
      return { cookie: readIntegerAhead(value, 8)?.value ?? 0n };
    case 'send_flow_rem':
      return { sendsFlowRemoved: true };
    case 'delete_learned':
      return { deletesLearned: true };
    case 'limit':
      return { limit: readLeadingNumber(value, 32) };
    case 'result_dst': {
      const result = readSubfield(value);
      if (!fieldOf(result.field).isWritable) throw wrong(`${value} is read-only`);
      if (result.width !== 1) throw wrong("result_dst in 'learn' action must be a single bit");
      return { result };
    }
    default:
      return undefined;
  }
}

function tryRead<T>(read: () => T): { value: T } | { why: string } {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof Malformed) return { why: error.why };
    throw error;
  }
}

function readSpec(all: string, name: string, value: string, ports: PortText): LearnSpec {
  const place = tryRead(() => readSubfield(name));
  if ('value' in place) return readMatchSpec(all, name, value, place.value, ports);
  if (name === 'load') return readLoadSpec(value);
  if (name === 'output') return { kind: 'output', source: readSubfield(value) };
  throw wrong(`${all}: unknown keyword ${name}`);
}

function checkShort(field: Field, all: string, name: string): void {
  if (!hasShortHeader(field)) throw wrong(`${all}: experimenter OXM field '${name}' not supported`);
}

function readMatchSpec(
  all: string,
  name: string,
  value: string,
  destination: Subfield,
  ports: PortText,
): LearnSpec {
  checkShort(fieldOf(destination.field), all, name);
  if (value === '') return { kind: 'match', source: destination, destination };
  const source = tryRead(() => readSubfield(value));
  if ('why' in source) {
    const immediate = tryRead(() => readImmediate(all, value, destination, ports));
    if ('value' in immediate) return { kind: 'match', source: immediate.value, destination };
    throw wrong(
      `${all}: ${name} value ${value} cannot be parsed as a subfield (${source.why}) or an immediate value (${immediate.why})`,
    );
  }
  const { width } = source.value;
  // The reference tells the two widths the wrong way round.
  if (width !== destination.width)
    throw wrong(`${all}: bit widths of ${name} (${width}) and ${value} (${destination.width}) differ`);
  return { kind: 'match', source: source.value, destination };
}

/** The value of a whole field as that field reads, or a number for some bits of it. */
function readImmediate(
  all: string,
  text: string,
  { field: name, low, width }: Subfield,
  ports: PortText,
): bigint {
  const field = fieldOf(name);
  if (low === 0 && width === field.width) {
    const { value, mask } = readFieldValue(field, text, ports);
    if (mask.some((byte) => byte !== 0xff)) throw wrong(`${text}: wildcards not allowed here`);
    return BigInt.asUintN(8 * Math.ceil(width / 8), numberIn(value));
  }
  const read = readIntegerAhead(text, field.bytes);
  if (read?.value === undefined || read.rest !== '') throw wrong(`${all}: cannot parse integer value`);
  if (read.value >> BigInt(width) !== 0n) {
    const shown = formatFieldValue(field, bytesWith(read.value, 0, field.bytes), undefined, ports);
    throw wrong(`${all}: value ${shown} does not fit into ${width} bits`);
  }
  return read.value;
}

function numberIn(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** Bytes of the largest value of a subfield. */
const mostBytes = 128;

function readLoadSpec(text: string): LearnSpec {
  const arrow = text.indexOf('->');
  if (arrow === 0) throw wrong(`load: missing source before \`->' in \`${text}'`);
  if (arrow < 0) throw wrong(`load: missing \`->' in \`${text}'`);
  const read = readIntegerAhead(text, mostBytes);
  if (read?.value === undefined) return { kind: 'load', ...readMove(text) };
  if (!read.rest.startsWith('->') || read.rest.length !== text.length - arrow)
    throw wrong(`load: garbage before \`->' in \`${text}'`);
  const name = text.slice(arrow + 2);
  const destination = readSubfield(name);
  checkShort(fieldOf(destination.field), text, name);
  if (read.value >> BigInt(destination.width) !== 0n)
    throw wrong(`${text}: value does not fit into ${destination.width} bits`);
  return { kind: 'load', source: read.value, destination };
}

export function formatLearn(learn: LearnArguments, context: ActionText): string {
  const setting = (name: string, value: number | bigint, usual = 0): string =>
    value === BigInt(usual) || value === usual ? '' : `${name}=${value}`;
  const parts = [
    `table=${formatTable(learn.table, context)}`,
    setting('idle_timeout', learn.idleTimeout),
    setting('hard_timeout', learn.hardTimeout),
    setting('fin_idle_timeout', learn.finIdleTimeout),
    setting('fin_hard_timeout', learn.finHardTimeout),
    setting('priority', learn.priority, defaultPriority),
    learn.sendsFlowRemoved ? 'send_flow_rem' : '',
    learn.deletesLearned ? 'delete_learned' : '',
    learn.cookie === 0n ? '' : `cookie=${hexOrZero(learn.cookie)}`,
    setting('limit', learn.limit),
    learn.result === undefined ? '' : `result_dst=${formatSubfield(learn.result)}`,
    ...learn.specs.map((spec) => formatSpec(spec, context.ports)),
  ];
  return `learn(${parts.filter((part) => part !== '').join(',')})`;
}

function formatSpec(spec: LearnSpec, ports: PortText): string {
  const { kind, source } = spec;
  if (spec.kind === 'output') return `output:${formatSubfield(spec.source)}`;
  const { destination } = spec;
  const to = formatSubfield(destination);
  const from = typeof source === 'bigint' ? hexOrZero(source) : formatSubfield(source);
  if (kind === 'load') return `load:${from}->${to}`;
  if (typeof source !== 'bigint') {
    const isSame = source.field === destination.field && source.low === destination.low;
    return isSame ? to : `${to}=${from}`;
  }
  const field = fieldOf(destination.field);
  if (destination.low !== 0 || destination.width !== field.width) return `${to}=${from}`;
  return `${field.name}=${formatFieldValue(field, bytesWith(source, 0, field.bytes), undefined, ports)}`;
}
