/**
 * The other end of a daemon's control socket: one connection, one command after the other.
 * Used by ovs-appctl and by tools that act on a running daemon.
 */
import { SyscallFailed } from '../base/errors.ts';
import { readdirSync } from '../base/files.ts';
import { logger } from '../base/log.ts';
import type { Json, RpcReply } from '../rpc/channel.ts';
import { numberOf } from '../rpc/json-value.ts';
import { connectChannel, type SocketChannel } from '../rpc/socket-channel.ts';
import { inFolder } from './directories.ts';
import { pidfileOwner } from './pidfile.ts';
import { Fatal } from './program.ts';
import { partMethod, type ReplyFormat } from './unixctl.ts';

/** What the daemon answered: `error` is the text of a refusal. */
export type CommandAnswer = { readonly result: Json } | { readonly error: string };

const log = logger('unixctl');

/**
 * The socket of a daemon named by program ("ovs-vswitchd"), process id or path. Throws Fatal with the reference's
 * words when there is no such daemon.
 */
export function findControlSocket(target: string, rundir: string): string {
  if (target.startsWith('/')) return target;
  const byPid = /^[0-9]+$/.test(target) ? socketOfPid(target, rundir) : undefined;
  if (byPid !== undefined) return byPid;
  const pidfile = inFolder(rundir, `${target}.pid`);
  try {
    return inFolder(rundir, `${target}.${pidfileOwner(pidfile)}.ctl`);
  } catch (error) {
    if (!(error instanceof SyscallFailed)) throw error;
    throw new Fatal(`cannot read pidfile "${pidfile}" (${error.reason})`);
  }
}

export class UnixctlClient {
  readonly #channel: SocketChannel;
  readonly #path: string;
  readonly #replies: RpcReply[] = [];
  #wake: () => void = () => {};
  #ended: string | undefined;
  #lastId = -1;
  /** Gets each part of an answer that comes before the rest. */
  onPart: (part: Json) => void = () => {};

  private constructor(channel: SocketChannel, path: string) {
    this.#channel = channel;
    this.#path = path;
    channel.events = {
      message: (message) => {
        if (!('method' in message)) this.#replies.push(message);
        else if (message.method === partMethod) this.onPart(message.params[0] ?? null);
        this.#wake();
      },
      closed: (why) => {
        this.#ended =
          why === undefined ? 'End of file' : why instanceof SyscallFailed ? why.reason : 'Protocol error';
        this.#wake();
      },
    };
  }

  /** Rejects with Fatal. */
  static async connect(path: string): Promise<UnixctlClient> {
    try {
      return new UnixctlClient(await connectChannel({ kind: 'unix', path }), path);
    } catch (error) {
      if (!(error instanceof SyscallFailed)) throw error;
      log.warn(`failed to connect to ${path}`);
      throw new Fatal(`cannot connect to "${path}" (${error.reason})`);
    }
  }

  /** Chooses how later commands are answered. False when the daemon only knows text. */
  async setFormat(format: ReplyFormat): Promise<boolean> {
    return 'result' in (await this.#request('set-options', ['--format', format]));
  }

  /** Asks for answers in parts, as they come. False when the daemon answers as a whole only. */
  async takeParts(): Promise<boolean> {
    return 'result' in (await this.#request('set-options', ['--parts']));
  }

  /** Rejects with Fatal when the connection breaks or the answer is none. */
  async command(name: string, args: readonly string[]): Promise<CommandAnswer> {
    const reply = await this.#request(name, args);
    if ('error' in reply) {
      const { error } = reply;
      if (typeof error === 'string') return { error };
      log.warn(`unix:${this.#path}: unexpected error type in JSON RPC reply: ${typeName(error)}`);
      throw new Fatal('transaction error (Invalid argument)');
    }
    return { result: reply.result };
  }

  close(): void {
    this.#channel.close();
  }

  async #request(method: string, params: readonly string[]): Promise<{ result: Json } | { error: Json }> {
    const id = ++this.#lastId;
    this.#channel.send({ id, method, params });
    for (;;) {
      const at = this.#replies.findIndex((reply) => reply.id === id);
      const [reply] = at < 0 ? [] : this.#replies.splice(at, 1);
      if (reply !== undefined)
        return reply.error === null ? { result: reply.result } : { error: reply.error };
      if (this.#ended !== undefined) {
        log.warn(`error communicating with unix:${this.#path}: ${this.#ended}`);
        throw new Fatal(`transaction error (${this.#ended})`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function socketOfPid(pid: string, rundir: string): string | undefined {
  try {
    const name = readdirSync(rundir).find((file) => file.endsWith(`.${pid}.ctl`));
    return name === undefined ? undefined : inFolder(rundir, name);
  } catch {
    return undefined; // then it is looked for as a program's name, which says what is wrong
  }
}

/** As the reference names the kinds of JSON values. */
export function typeName(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (numberOf(value) !== undefined) return 'number';
  return typeof value;
}
