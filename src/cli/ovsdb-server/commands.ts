/** The appctl commands of ovsdb-server(1), "Runtime Management Commands". */
import { Refused } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import { toLowerAscii } from '../../base/text.ts';
import {
  type Command,
  type CommandOutput,
  type CommandReply,
  defineCommand,
  listed,
  told,
} from '../../daemon/unixctl.ts';
import { OvsdbError } from '../../ovsdb/engine/errors.ts';
import { isDbName, resolveColumn } from '../../ovsdb/server/db-column.ts';
import { showMemoryUse } from './memory.ts';
import type { Running } from './running.ts';

const log = logger('ovsdb_server');

/** A command without arguments that answers at once. */
function simple(name: string, run: () => CommandOutput): Command {
  return defineCommand({ name, usage: '', minArgs: 0, maxArgs: 0, run });
}

export function serverCommands(running: Running): Command[] {
  return [
    ...databaseCommands(running),
    ...remoteCommands(running),
    ...tableLogCommands(running),
    ...otherCommands(running),
  ];
}

function databaseCommands(running: Running): Command[] {
  return [
    defineCommand({
      name: 'ovsdb-server/add-db',
      usage: 'DB',
      minArgs: 1,
      maxArgs: 1,
      run([file = '']) {
        running.addDatabase(file);
        return '';
      },
    }),
    defineCommand({
      name: 'ovsdb-server/remove-db',
      usage: 'DB',
      minArgs: 1,
      maxArgs: 1,
      run([name = '']) {
        if (name.startsWith('_') && running.server.databases.has(name)) {
          throw new Refused('unixctl', 'Cannot remove reserved database.');
        }
        if (!running.removeDatabase(name, `removing ${name} database by user request`)) {
          throw new Refused('unixctl', 'Failed to find the database.');
        }
        return '';
      },
    }),
    simple('ovsdb-server/list-dbs', () => listed(running.server.databaseNames.sort())),
    defineCommand({
      name: 'ovsdb-server/compact',
      usage: '',
      minArgs: 0,
      maxArgs: 1,
      run: ([name], reply) => compact(running, name, reply),
    }),
    defineCommand({
      name: 'ovsdb-server/get-db-storage-status',
      usage: 'DB',
      minArgs: 1,
      maxArgs: 1,
      run([name = '']) {
        if (!running.server.databaseNames.includes(name))
          throw new Refused('unixctl', 'Failed to find the database.');
        return { text: 'status: ok', json: { status: 'ok' } };
      },
    }),
  ];
}

/** Answers when all are compacted. */
function compact(running: Running, name: string | undefined, reply: CommandReply): undefined {
  if (name?.startsWith('_') === true) throw new Refused('unixctl', 'cannot compact built-in databases');
  if (name !== undefined && running.isRelay(name)) {
    reply.done(''); // there is no log
    return undefined;
  }
  const chosen = [...running.files].filter(([known]) => name === undefined || known === name);
  if (chosen.length === 0) throw new Refused('unixctl', 'no database by that name');
  const compactions = chosen.map(([known, file]) => {
    log.info(`compacting ${known} database by user request`);
    return file.compact().then(
      () => '',
      (error: unknown) => {
        if (!(error instanceof OvsdbError)) throw error;
        return `${error.message}\n`;
      },
    );
  });
  void Promise.all(compactions).then((problems) => {
    const text = problems.join('');
    if (text === '') reply.done('');
    else reply.failed(text);
  });
  return undefined;
}

function remoteCommands(running: Running): Command[] {
  const { remotes, server } = running;
  return [
    defineCommand({
      name: 'ovsdb-server/add-remote',
      usage: 'REMOTE',
      minArgs: 1,
      maxArgs: 1,
      run([name = ''], reply) {
        const column = isDbName(name) ? resolveColumn(server, name) : undefined;
        if (typeof column === 'string') throw new Refused('unixctl', column);
        remotes.add(name);
        running.save();
        void remotes.apply().then(() => reply.done(''));
        return undefined;
      },
    }),
    defineCommand({
      name: 'ovsdb-server/remove-remote',
      usage: 'REMOTE',
      minArgs: 1,
      maxArgs: 1,
      run([name = ''], reply) {
        if (!remotes.remove(name)) throw new Refused('unixctl', 'no such remote');
        running.save();
        void remotes.apply().then(() => reply.done(''));
        return undefined;
      },
    }),
    simple('ovsdb-server/list-remotes', () => listed(remotes.names)),
    simple('ovsdb-server/reconnect', () => {
      server.reconnect(true, 'user ran ovsdb-server/reconnect');
      return '';
    }),
    simple('ovsdb-server/disable-monitor-cond', () => {
      server.hasMonitorCond = false;
      server.reconnect(true, 'user ran ovsdb-server/disable-monitor-cond');
      return '';
    }),
  ];
}

function tableLogCommands(running: Running): Command[] {
  return [
    defineCommand({
      name: 'ovsdb-server/tlog-set',
      usage: 'DB:TABLE on|off',
      minArgs: 2,
      maxArgs: 2,
      run: ([name = '', word = '']) => setTableLog(running, name, word),
    }),
    simple('ovsdb-server/tlog-list', () => {
      const logs = [...running.server.databases.keys()]
        .sort()
        .map((name) => [name, tableLogOf(running, name)] as const);
      return { text: formatTableLogs(logs), json: Object.fromEntries(logs) };
    }),
  ];
}

function setTableLog(running: Running, name: string, word: string): CommandOutput {
  const command = toLowerAscii(word);
  if (command !== 'on' && command !== 'off') throw new Refused('unixctl', 'invalid command argument');
  const [dbName, tableName, ...more] = name.split(':').filter((part) => part !== '');
  if (dbName === undefined || tableName === undefined || more.length > 0) {
    throw new Refused('unixctl', 'invalid DB:TABLE argument');
  }
  const served = running.server.databases.get(dbName);
  if (served === undefined) throw new Refused('unixctl', 'no such database');
  if (served.db.table(tableName) === undefined) throw new Refused('unixctl', 'no such table');
  running.tableLog.set(dbName, tableName, command === 'on');
  return '';
}

/** By table of the database: is it logged? */
type TableLog = Readonly<Record<string, boolean>>;

function tableLogOf(running: Running, dbName: string): TableLog {
  const tables = [...(running.server.databases.get(dbName)?.db.schema.tables.keys() ?? [])].sort();
  return Object.fromEntries(tables.map((table) => [table, running.tableLog.isOn(dbName, table)]));
}

function formatTableLogs(logs: readonly (readonly [string, TableLog])[]): string {
  const lines = logs.flatMap(([dbName, tables]) => [
    `${dbName.padEnd(16)} `,
    ...Object.entries(tables).map(
      ([table, isOn]) => `                ${table.padEnd(27)} ${isOn ? 'ON' : 'OFF'}`,
    ),
  ]);
  return [
    'database        table                       logging',
    '--------        -----                       -------',
    ...lines,
    '',
  ].join('\n');
}

function otherCommands(running: Running): Command[] {
  return [
    simple('memory/show', () => showMemoryUse(running.server)),
    simple('ovsdb-server/perf-counters-show', () =>
      told('performance counter is not supported on this platform\n'),
    ),
    simple('ovsdb-server/perf-counters-clear', () => ''),
    defineCommand({
      name: 'ovsdb-server/memory-trim-on-compaction',
      usage: 'on|off',
      minArgs: 1,
      maxArgs: 1,
      run([word]) {
        if (word !== 'on' && word !== 'off') throw new Refused('unixctl', 'invalid argument');
        log.info(`memory trimming after compaction ${word === 'on' ? 'enabled' : 'disabled'}.`);
        return '';
      },
    }),
  ];
}
