/**
 * The "convert" request: another schema for a database that is being served. ovsdb-server(7) section 4.1.19.
 */
import type { RpcRequest } from '../../rpc/channel.ts';
import type { Database } from '../engine/database.ts';
import { OvsdbError, syntaxError } from '../engine/errors.ts';
import { compileSchema } from '../engine/schema.ts';
import type { Answer, ServedClient } from './context.ts';

/** Answers by itself where it succeeds: the sessions that must look anew, maybe this one, end after the answer. */
export function convert(session: ServedClient, db: Database, { id, params }: RpcRequest): Answer | undefined {
  const { name } = db.schema;
  if (session.role !== undefined && session.role !== '') {
    throw new OvsdbError(
      'permission error',
      `RBAC rules for client "${session.channel.peerId ?? ''}" role "${session.role}" prohibit ` +
        `"convert" of database ${name} (only the root role may convert databases)`,
    );
  }
  // Differs: the reference lets a read-only remote change the schema, a relay that of its copy, anybody that of _Server.
  if (session.isReadOnly || db.isCopy || name.startsWith('_')) {
    throw new OvsdbError('not allowed', `convert not allowed on database ${name} here`);
  }
  const [, json] = params;
  if (params.length !== 2 || json === undefined) throw syntaxError(params, 'array expected');
  const schema = compileSchema(json);
  if (schema.name !== name) {
    throw new OvsdbError(
      'invalid parameters',
      `new schema name (${schema.name}) does not match database name (${name})`,
    );
  }
  db.convert(schema);
  session.reply(id, { result: {} });
  session.server.reconnect(false, `committed ${name} database schema conversion`);
  return undefined;
}
