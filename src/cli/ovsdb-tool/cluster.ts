/**
 * What ovsdb-tool can say about the file of a clustered database: its identity, from the first record. Making and
 * joining clusters is not offered; the commands for it say so.
 */
import { printError } from '../../daemon/output.ts';
import { Fatal } from '../../daemon/program.ts';
import { isUuid, zeroUuid } from '../../ovsdb/atom.ts';
import { LogFile } from '../../ovsdb/storage/log-file.ts';
import { clusterMagic, standaloneMagic } from '../../ovsdb/storage/record.ts';
import type { JsonObject } from '../../rpc/channel.ts';
import type { ToolContext } from './context.ts';

/** A uuid that is not all zeros. */
export function isAssignedUuid(text: string): boolean {
  return isUuid(text) && text !== zeroUuid;
}

function refuse(command: string): never {
  throw new Fatal(
    `${command}: clustered databases are not offered here; use a standalone database, or Open vSwitch's own ovsdb-tool for this command`,
  );
}

/** The first record of a clustered database's file. Throws Fatal for another file. */
function readIdentity(path: string): JsonObject {
  const file = LogFile.open(path, [standaloneMagic, clusterMagic], { mode: 'read' });
  try {
    if (file.magic !== clusterMagic) throw new Fatal(`${path}: not a clustered database`);
    return file.read() ?? {};
  } finally {
    file.close();
  }
}

function textOf(path: string, member: string): string {
  const value = readIdentity(path)[member];
  return typeof value === 'string' ? value : '';
}

export const clusterCommands = {
  refuse,
  nameOf: (path: string): string => textOf(path, 'name'),
  create: (): never => refuse('create-cluster'),
  join: (): never => refuse('join-cluster'),
  check: (): never => refuse('check-cluster'),
  toStandalone: (): never => refuse('cluster-to-standalone'),

  clusterId(context: ToolContext, [path = '']: readonly string[]): number {
    const id = textOf(path, 'cluster_id');
    if (!isAssignedUuid(id)) {
      printError(`${path}: cluster ID not yet known\n`);
      return 2;
    }
    context.print(`${id}\n`);
    return 0;
  },

  serverId(context: ToolContext, [path = '']: readonly string[]): undefined {
    context.print(`${textOf(path, 'server_id')}\n`);
  },

  localAddress(context: ToolContext, [path = '']: readonly string[]): undefined {
    context.print(`${textOf(path, 'local_address')}\n`);
  },
} as const;
