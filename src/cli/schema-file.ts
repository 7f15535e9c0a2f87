/** A schema that a command line names by its file: for ovsdb-tool and ovsdb-client. */
import { readFileSync } from '../base/files.ts';
import { OvsdbError } from '../ovsdb/engine/errors.ts';
import { schemaFromJson } from '../ovsdb/engine/schema.ts';
import type { DatabaseSchema } from '../ovsdb/engine/types.ts';
import { reasonOf } from '../ovsdb/storage/log-file.ts';
import type { Json } from '../rpc/channel.ts';
import { JsonError, parseJson } from '../rpc/json.ts';

/** Throws OvsdbError. */
export function readSchemaFile(path: string): DatabaseSchema {
  const json = readJsonFile(path);
  try {
    return schemaFromJson(json);
  } catch (error) {
    if (!(error instanceof OvsdbError)) throw error;
    throw error.within(`failed to parse "${path}" as ovsdb schema`);
  }
}

function readJsonFile(path: string): Json {
  let why: string;
  try {
    return parseJson(readFileSync(path));
  } catch (error) {
    why = error instanceof JsonError ? error.reason : `error opening "${path}": ${reasonOf(error)}`;
  }
  throw new OvsdbError('failed to read schema', `"${path}" could not be read as JSON (${why})`);
}
