/**
 * The methods of RFC 7047 section 4.1 and of ovsdb-server(7), one function each: what a client may ask.
 */

import { orderAsHashed } from '../../base/hash-order.ts';
import { encodeText } from '../../base/text.ts';
import type { JsonObject, RpcRequest } from '../../rpc/channel.ts';
import { formatJson } from '../../rpc/json.ts';
import { isObject } from '../../rpc/json-value.ts';
import { OvsdbError, syntaxError } from '../engine/errors.ts';
import { isId } from '../engine/member-reader.ts';
import { compiledSchemaToJson } from '../engine/schema.ts';
import type { DatabaseSchema } from '../engine/types.ts';
import { accessRules } from './access.ts';
import type { Answer, ServedClient } from './context.ts';
import { convert } from './convert.ts';
import { asHashed } from './hashed-json.ts';
import { jsonKey } from './json-key.ts';
import type { LockMode } from './locks.ts';
import type { UpdateVersion } from './monitor/changes.ts';
import { readFilterChanges, readLastTransaction, readMonitorRequests } from './monitor/request.ts';
import { SessionMonitor } from './monitor/session-monitor.ts';
import type { ServedDatabase } from './served.ts';

/** Undefined: the answer comes later. Throws OvsdbError, which becomes the error of the answer. */
type Method = (session: ServedClient, request: RpcRequest) => Answer | undefined;

const ok: Answer = { result: {} };

const readOnlyLock = 'lock and unlock methods not allowed, DB server is read only.';

export const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['transact', transact],
  ['convert', (session, request) => convert(session, lookUp(session, request).db, request)],
  ['monitor', (session, request) => monitor(session, request, 1)],
  ['monitor_cond', (session, request) => monitor(session, request, 2)],
  ['monitor_cond_since', (session, request) => monitor(session, request, 3)],
  ['monitor_cond_change', changeMonitor],
  ['monitor_cancel', cancelMonitor],
  ['get_schema', getSchema],
  ['list_dbs', listDbs],
  ['get_server_id', (session) => ({ result: session.server.id })],
  ['lock', (session, request) => lock(session, request, 'lock')],
  ['steal', (session, request) => lock(session, request, 'steal')],
  ['unlock', unlock],
  ['set_db_change_aware', setDbChangeAware],
  ['echo', echo],
]);

/** The database that the first parameter names. */
function lookUp(session: ServedClient, { method, params }: RpcRequest): ServedDatabase {
  const [name] = params;
  if (typeof name !== 'string') {
    throw syntaxError(params, `${method} request params must begin with <db-name>`);
  }
  const served = session.server.databases.get(name);
  if (served === undefined && session.server.databaseNames.includes(name)) {
    throw new OvsdbError(
      'database not available',
      `${method} request specifies database ${name} which is not yet available because it has not completed joining its cluster`,
    );
  }
  if (served === undefined) {
    throw syntaxError(params, `${method} request specifies unknown database ${name}`, 'unknown database');
  }
  return served;
}

/** May be large and hold stray bytes, over which the language's own writer takes long. */
function echo(_session: ServedClient, { params }: RpcRequest): Answer {
  return { pieces: [encodeText(formatJson(asHashed(params)))], isShared: false };
}

function listDbs({ server }: ServedClient): Answer {
  const [serverDatabase = '', ...others] = server.databaseNames;
  return { result: orderAsHashed([...others, serverDatabase], (name) => name) };
}

/** Of schemas that were asked for. */
const schemaAnswers = new WeakMap<DatabaseSchema, Answer>();

function getSchema(session: ServedClient, request: RpcRequest): Answer {
  const { schema } = lookUp(session, request).db;
  const answer = schemaAnswers.get(schema) ?? { result: asHashed(compiledSchemaToJson(schema)) };
  schemaAnswers.set(schema, answer);
  return answer;
}

function transact(session: ServedClient, request: RpcRequest): Answer | undefined {
  const served = lookUp(session, request);
  const { server, waiting } = session;
  const key = jsonKey(request.id);
  if (waiting.has(key)) return complaint(request, 'duplicate request ID');
  if (waiting.size >= server.limits.maxWaiting) return tooMany(`${waiting.size} transactions wait already`);
  if (request.params.length - 1 > server.limits.maxOperations) {
    return tooMany(`a transaction may have ${server.limits.maxOperations} operations at most`);
  }
  let answer: Answer | undefined;
  let isLate = false;
  const pending = served.db.submit(
    request.params,
    {
      isReadOnly: session.isReadOnly,
      access: accessRules(served.db, session.role, session.channel.peerId),
      holdsLock: (name) => server.locks.isOwner(name, session),
    },
    ({ result, error, isLost }) => {
      answer = error === null ? { result } : { error };
      if (!isLate) return;
      const isAsked = waiting.get(key)?.isCancelAsked === true;
      waiting.delete(key);
      // A client that does not know why its database went finds out when it is disconnected, as with the reference.
      if (error === 'canceled' && isLost !== true && !isAsked && !session.isDbChangeAware) return;
      session.reply(request.id, answer);
    },
  );
  if (answer !== undefined) return answer;
  isLate = true;
  waiting.set(key, { db: served.db, pending, isCancelAsked: false });
  return undefined;
}

function monitor(session: ServedClient, request: RpcRequest, version: UpdateVersion): Answer {
  const { params } = request;
  const { server } = session;
  if (version > 1 && !server.hasMonitorCond) return { error: 'unknown method' };
  const served = lookUp(session, request);
  const hasAllParams = version === 1 ? params.length >= 3 : params.length === version + 1;
  const [, id, requests, last] = params;
  if (!hasAllParams || id === undefined) throw syntaxError(params, 'invalid parameters');
  if (!isObject(requests)) throw syntaxError(requests, 'monitor-requests must be object');
  if (session.monitors.has(jsonKey(id))) throw syntaxError(id, 'duplicate monitor ID');
  const wish = readMonitorRequests(served.db.schema, requests, version);
  const since = version === 3 ? readLastTransaction(last) : undefined;
  if (session.monitors.size >= server.limits.maxMonitors) {
    return tooMany(`a session may have ${server.limits.maxMonitors} monitors at most`);
  }
  const made = new SessionMonitor(session.send.bind(session), served, id, wish);
  session.monitors.set(jsonKey(id), made);
  return { pieces: made.start(since), isShared: wish.filters.size === 0 };
}

function changeMonitor(session: ServedClient, { params }: RpcRequest): Answer {
  const [oldId, newId, requests] = params;
  if (params.length !== 3 || oldId === undefined || newId === undefined) {
    throw syntaxError(params, 'invalid parameters');
  }
  const found = session.monitors.get(jsonKey(oldId));
  if (found === undefined) throw syntaxError(oldId, 'unknown monitor session');
  const isRenamed = jsonKey(oldId) !== jsonKey(newId);
  if (isRenamed && session.monitors.has(jsonKey(newId))) throw syntaxError(newId, 'duplicate monitor ID');
  const filters = readFilterChanges(found.served.db.schema, found.plans, requests);
  if (isRenamed) {
    found.flush();
    found.rename(newId);
    session.monitors.delete(jsonKey(oldId));
    session.monitors.set(jsonKey(newId), found);
  }
  found.changeFilters(filters);
  return ok;
}

function cancelMonitor(session: ServedClient, { params }: RpcRequest): Answer {
  const [id] = params;
  if (params.length !== 1 || id === undefined) return { error: 'invalid parameters' };
  const found = session.monitors.get(jsonKey(id));
  if (found === undefined) return { error: 'unknown monitor' };
  session.monitors.delete(jsonKey(id));
  found.cancel();
  return ok;
}

function lock(session: ServedClient, request: RpcRequest, mode: LockMode): Answer {
  if (session.isReadOnly) return { error: readOnlyLock };
  const name = readLockName(request);
  const { locks } = session.server;
  if (locks.isHolder(name, session)) {
    throw syntaxError(request.params, `must issue "unlock" before new "${request.method}"`);
  }
  const victim = locks.lock(name, session, mode);
  victim?.notify('stolen', [name]);
  return { result: { locked: locks.isOwner(name, session) } };
}

function unlock(session: ServedClient, request: RpcRequest): Answer {
  if (session.isReadOnly) return { error: readOnlyLock };
  const name = readLockName(request);
  const { locks } = session.server;
  if (!locks.isHolder(name, session)) return complaint(request, '"unlock" without "lock" or "steal"');
  locks.unlock(name, session)?.notify('locked', [name]);
  return ok;
}

function readLockName({ method, params }: RpcRequest): string {
  const [name] = params;
  if (params.length !== 1 || typeof name !== 'string' || !isId(name)) {
    throw syntaxError(params, `${method} request params must be <id>`);
  }
  return name;
}

function setDbChangeAware(session: ServedClient, request: RpcRequest): Answer {
  const [isAware] = request.params;
  if (request.params.length !== 1 || typeof isAware !== 'boolean') {
    return complaint(request, 'true or false parameter expected');
  }
  session.isDbChangeAware = isAware;
  return ok;
}

function complaint({ method, params }: RpcRequest, details: string): Answer {
  return { error: syntaxError(params, `${method}: ${details}`).toJson() };
}

function tooMany(details: string): Answer {
  const error: JsonObject = new OvsdbError('resources exhausted', details).toJson();
  return { error };
}
