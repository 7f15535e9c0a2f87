/** A schema that a command line names by its file: for ovsdb-tool and ovsdb-client. */

import { reasonOf } from '../base/errno.ts';
import { readFileSync } from '../base/files.ts';
import { OvsdbError } from '../ovsdb/engine/errors.ts';
import { compileSchema } from '../ovsdb/engine/schema.ts';
import type { DatabaseSchema } from '../ovsdb/engine/types.ts';
import type { Json } from '../rpc/channel.ts';
import { JsonError, parseJson } from '../rpc/json.ts';

/** Throws OvsdbError. */
export function readSchemaFile(path: string): DatabaseSchema {
  const json = readJsonFile(path);
  try {
    return compileSchema(json);
  } catch (error) {
    if (!(error instanceof OvsdbError)) throw error;
    const context = `failed to parse "${path}" as ovsdb schema`;
    const details = error.details === undefined ? context : `${context}: ${error.details}`;
    throw new OvsdbError(error.tag, details, error.syntax === undefined ? {} : { syntax: error.syntax });
  }
}

function readJsonFile(path: string): Json {
  let why: string;
  try {
    return parseJson(readFileSync(path));
  } catch (error) {
    if (error instanceof JsonError) why = error.reason;
    else if (isReadFailure(error)) why = `error reading JSON stream: ${reasonOf(error)}`;
    else why = `error opening "${path}": ${reasonOf(error)}`;
  }
  throw new OvsdbError('failed to read schema', `"${path}" could not be read as JSON (${why})`);
}

/** A folder, for one, can be opened but not read. */
function isReadFailure(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'read';
}
