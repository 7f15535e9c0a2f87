/** What a command of ovsdb-client works with. */
import type { Daemon } from '../../daemon/daemon.ts';
import { printOut } from '../../daemon/output.ts';
import type { Transport } from '../../net/transport.ts';
import type { DatabaseSchema } from '../../ovsdb/engine/types.ts';
import type { Json } from '../../rpc/channel.ts';
import { formatJson } from '../../rpc/json.ts';
import { CommandFailed } from '../db-ctl/datum-text.ts';
import type { TableStyle } from '../table.ts';
import type { Rpc } from './rpc.ts';
import type { Target } from './target.ts';

export interface ContextOptions {
  readonly target: Target;
  readonly style: TableStyle;
  readonly hasTimestamps: boolean;
  readonly isForced: boolean;
  /** `true`: must be possible; undefined: if possible. */
  readonly changeAware: boolean | undefined;
  /** The schema of the file that the command line names, for commands that take one. */
  readonly fileSchema: DatabaseSchema | undefined;
  /** For commands that may go to the background. */
  readonly daemon: Daemon | undefined;
  readonly isDetached: boolean;
  readonly controlPath: string;
  readonly transport: Transport;
}

export class ClientContext {
  readonly target: Target;
  readonly style: TableStyle;
  readonly hasTimestamps: boolean;
  readonly isForced: boolean;
  readonly fileSchema: DatabaseSchema | undefined;
  readonly daemon: Daemon | undefined;
  readonly isDetached: boolean;
  readonly controlPath: string;
  readonly transport: Transport;
  readonly changeAware: boolean | undefined;

  constructor(options: ContextOptions) {
    this.target = options.target;
    this.style = options.style;
    this.hasTimestamps = options.hasTimestamps;
    this.isForced = options.isForced;
    this.fileSchema = options.fileSchema;
    this.daemon = options.daemon;
    this.isDetached = options.isDetached;
    this.controlPath = options.controlPath;
    this.transport = options.transport;
    this.changeAware = options.changeAware;
  }

  write(text: string): void {
    printOut(text);
  }

  print(line: string): void {
    printOut(`${line}\n`);
  }

  printJson(json: Json): void {
    this.print(formatJson(json, { isSorted: true, isPretty: this.style.isPretty }));
  }

  /** Keeps the server from ending the connection when databases come and go. Throws CommandFailed. */
  async setChangeAware(rpc: Rpc): Promise<void> {
    if (this.changeAware === false) return;
    const { error } = await rpc.request('set_db_change_aware', [true]);
    if (error !== null && this.changeAware === true) {
      throw new CommandFailed(`${rpc.name}: set_db_change_aware failed (${formatJson(error)})`);
    }
  }
}
