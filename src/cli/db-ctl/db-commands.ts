/**
 * The commands that work on any table of any database: list, find, get, set, add, remove, clear, create, destroy,
 * wait-until, comment. ovs-vsctl(8) "Database Command Syntax".
 */
import type { CommandDef } from './command.ts';
import { many } from './command-record.ts';
import { dbFind, dbGet, dbList, dbWaitUntil } from './reading-commands.ts';
import { dbAdd, dbClear, dbCreate, dbDestroy, dbRemove, dbSet } from './writing-commands.ts';

const dbComment: CommandDef = {
  name: 'comment',
  minArgs: 0,
  maxArgs: many,
  arguments: '[ARG]...',
  options: [],
  mayWrite: false,
};

export const dbCommands: readonly CommandDef[] = [
  dbComment,
  dbGet,
  dbList,
  dbFind,
  dbSet,
  dbAdd,
  dbRemove,
  dbClear,
  dbCreate,
  dbDestroy,
  dbWaitUntil,
];
