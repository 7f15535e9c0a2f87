/** The record of a command: TABLE RECORD, and arguments that begin with columns. */
import { columnOfArgument } from './arguments.ts';
import type { CommandUse, Context, Preparation } from './command.ts';
import { findRow, needRow, prepareRow } from './records.ts';
import { type CtlTable, findTable } from './schema.ts';
import type { WorkRow } from './work.ts';

export const many = Number.POSITIVE_INFINITY;

/** TABLE RECORD, and arguments that begin with columns. */
export function prepareRecord(
  command: CommandUse,
  { schema, snapshot }: Preparation,
  args: readonly string[],
): void {
  const table = findTable(schema, command.args[0] ?? '');
  const columns = args.map((arg) => columnOfArgument(arg, table).name);
  prepareRow(schema, snapshot, table, command.args[1] ?? '', columns);
}

/** The row of TABLE RECORD; undefined when there is none and --if-exists allows it. */
export function recordOf(context: Context, table: CtlTable, columns: readonly string[]): WorkRow | undefined {
  const record = context.arg(1);
  return context.has('--if-exists')
    ? findRow(context.work, table, record, columns)
    : needRow(context.work, table, record, columns);
}
