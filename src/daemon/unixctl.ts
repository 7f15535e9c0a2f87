/**
 * The control socket of a daemon: JSON-RPC requests of ovs-appctl, answered by declared commands. Requests queue up
 * and are handled in order when the owner's loop calls `run`. Used by every daemon; ovs-appctl(8) is the other end.
 */
import { coverageCounter } from '../base/coverage.ts';
import { Refused } from '../base/errors.ts';
import { logger } from '../base/log.ts';
import type { StreamListener } from '../net/listener.ts';
import type { Transport } from '../net/transport.ts';
import type { Channel, Json, RpcMessage, RpcRequest } from '../rpc/channel.ts';
import { emitJson } from '../rpc/json.ts';
import { listenChannels } from '../rpc/socket-channel.ts';

/** What a command says: text beside the same as data for `--format json`, which is null where nothing is said. */
export type CommandOutput = '' | { readonly text: string; readonly json: Json };

/** For a command that only tells how it went: the same sentence as data. */
export function told(text: string): CommandOutput {
  return text === '' ? '' : { text, json: text.replace(/\n$/, '') };
}

/** One a line. */
export function listed(names: readonly string[]): CommandOutput {
  return { text: names.map((name) => `${name}\n`).join(''), json: names };
}

/** Where a command that cannot answer at once answers later; the first answer counts. */
export interface CommandReply {
  done(output: CommandOutput): void;
  failed(text: string): void;
  /**
   * Shows a part of the answer before the rest: a notification, which clients of Open vSwitch pass over. undefined for a
   * client that did not ask for parts: what it is to see must be in the answer.
   */
  readonly part: PartSender | undefined;
  /** Calls once the client has gone: nobody waits for the answer. */
  onGone(act: () => void): void;
}

/** False when the client does not keep up: it does not get the part. */
type PartSender = (output: CommandOutput) => boolean;

/** Commands that answer in parts, for clients that can show these: they ask for parts first. */
export const streamingCommands: ReadonlySet<string> = new Set(['drops/monitor']);

/** The method of a part; its only parameter is what the answer would hold. */
export const partMethod = 'part';

export interface Command {
  /** "fdb/show". */
  readonly name: string;
  /** The arguments as `list-commands` shows them: "[bridge]". */
  readonly usage: string;
  readonly minArgs: number;
  readonly maxArgs: number;
  /** Works, but `list-commands` does not show it, because the reference's does not. */
  readonly isHidden?: boolean;
  /** Answers by returning; or returns undefined and uses `reply` later. A thrown Refused is an error reply. */
  readonly run: (args: readonly string[], reply: CommandReply) => CommandOutput | undefined;
}

/** Gives the declaration its type; kept beside the code that the command shows. */
export function defineCommand(command: Command): Command {
  return command;
}

/** The commands of one process, by name. */
export class Commands {
  readonly #byName = new Map<string, Command>();

  add(...commands: readonly Command[]): void {
    for (const command of commands) this.#byName.set(command.name, command);
  }

  /** The reference's texts for an unknown command or a wrong number of arguments are thrown as Refused. */
  find(name: string, argCount: number): Command {
    const command = this.#byName.get(name);
    if (command === undefined)
      throw refused(`"${name}" is not a valid command (use "list-commands" to see a list of valid commands)`);
    if (argCount < command.minArgs)
      throw refused(`"${name}" command requires at least ${command.minArgs} arguments`);
    if (argCount > command.maxArgs)
      throw refused(`"${name}" command takes at most ${command.maxArgs} arguments`);
    return command;
  }

  /** Those that are shown, sorted by name. */
  list(): Command[] {
    return [...this.#byName.values()]
      .filter((c) => c.isHidden !== true)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The answer of a command. Rejects with Refused, whose message is the error reply. */
  ask(name: string, args: readonly string[]): Promise<CommandOutput> {
    return new Promise((done, fail) => {
      this.run(name, args, {
        ...{ done, failed: (text) => fail(refused(text)) },
        ...{ part: undefined, onGone: () => {} },
      });
    });
  }

  /** Runs a command. Other arguments than strings make the reply an error. */
  run(name: string, params: readonly Json[], reply: CommandReply): void {
    try {
      const command = this.find(name, params.length);
      const args = params.filter((param) => typeof param === 'string');
      if (args.length !== params.length) throw refused(`"${name}" command has non-string argument`);
      const output = command.run(args, reply);
      if (output !== undefined) reply.done(output);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      reply.failed(error.message);
    }
  }
}

export type ReplyFormat = 'text' | 'json';

const log = logger('unixctl');
const received = coverageCounter('unixctl_received');
const replied = coverageCounter('unixctl_replied');

/** A client that asks faster than it is answered is not read any further. */
const MAX_WAITING = 64;

/** One client. It is answered in order: the next request waits for the reply to the one before. */
interface Client {
  readonly channel: Channel;
  readonly waiting: RpcRequest[];
  isBusy: boolean;
  format: ReplyFormat;
  takesParts: boolean;
  /** What waits for it to go. */
  readonly onGone: Set<() => void>;
}

/** Bytes that a client may leave unread before it is sent no more parts. */
const partBacklog = 1 << 18;

export class UnixctlServer {
  /** Called when a request has come in, so that the owner's loop calls `run` soon. */
  onWake: () => void = () => {};
  readonly #commands: Commands;
  readonly #clients = new Set<Client>();
  #listener: StreamListener | undefined;

  constructor(commands: Commands) {
    this.#commands = commands;
  }

  /** Creates the socket. Rejects with SyscallFailed. */
  async listen(path: string, transport?: Transport): Promise<void> {
    this.#listener = await listenChannels({ kind: 'punix', path }, { transport, use: 'control' }, (channel) =>
      this.serve(channel),
    );
  }

  /** Serves a client over any channel, e.g. one end of a pair. */
  serve(channel: Channel): void {
    const client: Client = {
      ...{ channel, waiting: [], isBusy: false, format: 'text' },
      ...{ takesParts: false, onGone: new Set() },
    };
    this.#clients.add(client);
    channel.events = {
      message: (message) => this.#take(client, message),
      closed: () => {
        this.#clients.delete(client);
        for (const act of client.onGone) act();
      },
    };
  }

  /** Is a request waiting for `run`? */
  get isPending(): boolean {
    for (const client of this.#clients) if (!client.isBusy && client.waiting.length > 0) return true;
    return false;
  }

  /** Handles the requests that have come in: one of each client, oldest client first. */
  run(): void {
    for (const client of this.#clients) {
      if (client.isBusy) continue;
      const request = client.waiting.shift();
      if (request === undefined) continue;
      if (client.waiting.length === MAX_WAITING - 1) client.channel.resume();
      this.#handle(client, request);
    }
    if (this.isPending) this.#wakeLater();
  }

  /** Removes the socket and lets the clients go, after what was answered already. */
  close(): void {
    this.#listener?.close();
    for (const client of this.#clients) client.channel.close();
  }

  #take(client: Client, message: RpcMessage): void {
    if (!('method' in message) || message.id === null) {
      client.channel.abort(new Error('expected a request'));
      return;
    }
    client.waiting.push(message);
    if (client.waiting.length === MAX_WAITING) client.channel.pause();
    this.onWake();
  }

  /** In a microtask, so that an owner may run the server right in `onWake` without nesting. */
  #wakeLater(): void {
    queueMicrotask(() => this.onWake());
  }

  #handle(client: Client, request: RpcRequest): void {
    received.total++;
    log.dbg(
      () => `received request ${request.method}${emitJson(request.params)}, id=${emitJson(request.id)}`,
    );
    client.isBusy = true;
    const finish = (result: Json, error: Json): void => {
      if (!client.isBusy) return;
      client.isBusy = false;
      client.onGone.clear();
      replied.total++;
      log.dbg(() => `replying with ${error === null ? 'success' : 'error'}, id=${emitJson(request.id)}`);
      client.channel.send({ id: request.id, result, error });
      if (client.waiting.length > 0) this.#wakeLater();
    };
    if (request.method === 'set-options') setOptions(client, request.params, finish);
    else this.#commands.run(request.method, request.params, onceReply(client, finish));
  }
}

/** The first answer counts. */
function onceReply(client: Client, finish: (result: Json, error: Json) => void): CommandReply {
  let isAnswered = false;
  const once = (result: Json, error: Json): void => {
    if (!isAnswered) finish(result, error);
    isAnswered = true;
  };
  return {
    done: (output) => once(formatOutput(output, client.format), null),
    failed: (text) => once(null, withNewline(text)),
    part: client.takesParts ? (output) => sendPart(client, output) : undefined,
    onGone: (act) => client.onGone.add(act),
  };
}

function sendPart({ channel, format }: Client, output: CommandOutput): boolean {
  if (channel.backlog > partBacklog) return false;
  channel.send({ method: partMethod, params: [formatOutput(output, format)], id: null });
  return true;
}

function formatOutput(output: CommandOutput, format: ReplyFormat): Json {
  if (format === 'text') return withNewline(output === '' ? '' : output.text);
  return { reply: output === '' ? null : output.json, 'reply-format': 'json' };
}

/** What is said ends with a newline; nothing said stays nothing. */
function withNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/**
 * What newer clients send first: "--format json" chooses how later requests of the connection are answered, "--parts", of
 * ours, that they may be in parts.
 */
function setOptions(
  client: Client,
  params: readonly Json[],
  finish: (result: Json, error: Json) => void,
): void {
  const [option, format = ''] = params;
  if (params.length === 1 && option === '--parts') {
    client.takesParts = true;
    finish('', null);
  } else if (params.length === 2 && option === '--format' && (format === 'json' || format === 'text')) {
    client.format = format;
    finish('', null);
  } else {
    finish(null, `option format ${typeof format === 'string' ? format : emitJson(format)} is invalid`);
  }
}

function refused(text: string): Refused {
  return new Refused('unixctl', text);
}
