/**
 * Runs the operations of one "transact" request on a transaction (RFC 7047 section 4.1.3). Used by `Database`, which
 * commits what comes out.
 */
import type { Uuid } from '../../base/units.ts';
import type { Json, JsonObject } from '../../rpc/channel.ts';
import { OvsdbError, syntaxError } from './errors.ts';
import { MemberReader } from './member-reader.ts';
import { Blocked, type Execution, NamedUuids, operations } from './operations.ts';
import type { StoredTable } from './table.ts';
import { OpenTransaction } from './transaction.ts';
import type { DatabaseSchema, TransactionContext } from './types.ts';

export interface ExecutionDeps {
  readonly schema: DatabaseSchema;
  readonly tables: ReadonlyMap<string, StoredTable>;
  readonly newUuid: () => Uuid;
}

/** All operations succeeded; the transaction waits to be committed or undone. */
export interface ReadyOutcome {
  readonly kind: 'ready';
  readonly transaction: OpenTransaction;
  readonly results: Json[];
  readonly isDurable: boolean;
  /** False when every operation only looks. */
  readonly isWrite: boolean;
}

export type ExecutionOutcome =
  | ReadyOutcome
  /** An operation failed, or the request makes no sense; nothing has changed. */
  | { readonly kind: 'failed'; readonly results: Json }
  /** A "wait" does not hold; nothing has changed. `timeout` counts from when the request came. */
  | { readonly kind: 'blocked'; readonly timeout: number; readonly tables: ReadonlySet<string> };

/** Runs `params`, whose first element names the database. `elapsed` is the request's age in milliseconds. */
export function execute(
  deps: ExecutionDeps,
  params: readonly Json[],
  context: TransactionContext,
  elapsed: number,
): ExecutionOutcome {
  if (params[0] !== deps.schema.name) {
    const error = syntaxError(params, 'database name expected as first parameter');
    return { kind: 'failed', results: error.toJson() };
  }
  const transaction = new OpenTransaction(deps.tables, deps.newUuid);
  const uuidNames = new NamedUuids(deps.newUuid);
  const execution: Execution = {
    transaction,
    context,
    uuidNames,
    elapsed,
    isDurable: false,
    isWrite: false,
    timeout: Number.POSITIVE_INFINITY,
  };
  const results: Json[] = [];
  for (let i = 1; i < params.length; i++) {
    let outcome: ReturnType<typeof runOperation>;
    try {
      outcome = runOperation(deps, execution, params, i);
    } catch (error) {
      transaction.undo();
      throw error;
    }
    if (outcome instanceof Blocked) {
      transaction.undo();
      return { kind: 'blocked', timeout: execution.timeout, tables: tablesOf(params, i) };
    }
    if (outcome instanceof OvsdbError) {
      transaction.undo();
      results.push(outcome.toJson());
      while (results.length < params.length - 1) results.push(null);
      return { kind: 'failed', results };
    }
    results.push(outcome);
  }
  const { isDurable, isWrite } = execution;
  return { kind: 'ready', transaction, results, isDurable, isWrite };
}

function runOperation(
  deps: ExecutionDeps,
  execution: Execution,
  params: readonly Json[],
  at: number,
): JsonObject | OvsdbError | Blocked {
  const members = new MemberReader(params[at], () => `ovsdb operation ${at} of ${params.length - 1}`);
  const name = members.id('op');
  let outcome: JsonObject | OvsdbError | Blocked = {};
  const operation = name === undefined ? undefined : operations.get(name);
  if (operation !== undefined) outcome = attempt(() => operation.run(execution, members));
  else if (name !== undefined) members.raise(`No operation "${name}"`);
  // What is wrong with the form of an operation outweighs what came of it.
  const error = members.finish();
  if (error !== undefined) return error;
  if (outcome instanceof Error || operation?.isReadOnly === true) return outcome;
  execution.isWrite = true;
  return refusal(deps.schema, execution.context, name ?? '') ?? outcome;
}

function attempt(run: () => JsonObject): JsonObject | OvsdbError | Blocked {
  try {
    return run();
  } catch (error) {
    if (error instanceof OvsdbError || error instanceof Blocked) return error;
    throw error;
  }
}

function refusal(schema: DatabaseSchema, context: TransactionContext, name: string): OvsdbError | undefined {
  const notAllowed = `${name} operation not allowed`;
  if (context.isReadOnly) {
    return new OvsdbError('not allowed', `${notAllowed} when database server is in read only mode`);
  }
  if (schema.name.startsWith('_') && context.isInternal !== true) {
    return new OvsdbError('not allowed', `${notAllowed} on table in reserved database ${schema.name}`);
  }
  return undefined;
}

/** The tables that the operations up to `last` name: only their changes can make a "wait" among them hold. */
function tablesOf(params: readonly Json[], last: number): ReadonlySet<string> {
  const names = new Set<string>();
  for (const operation of params.slice(1, last + 1)) {
    const name = new MemberReader(operation, () => '').id('table', true);
    if (name !== undefined) names.add(name);
  }
  return names;
}
