/** What `ovs-appctl` may ask of an ovs-ofctl that watches: ofctl/send, ofctl/barrier and more. */
import { closeSync } from 'node:fs';
import { systemClock } from '../../base/clock.ts';
import { coverageRates } from '../../base/coverage.ts';
import { defer } from '../../base/defer.ts';
import { reasonOf } from '../../base/errno.ts';
import { Malformed, Refused, SyscallFailed } from '../../base/errors.ts';
import { openSync } from '../../base/files.ts';
import { readHexBytes } from '../../base/hex-dump.ts';
import { Timers } from '../../base/timers.ts';
import { driveTimers } from '../../base/timers-drive.ts';
import { addBuiltinCommands } from '../../daemon/builtin-commands.ts';
import { listenForCommands } from '../../daemon/control-socket.ts';
import { type Daemon, readDaemonOptions, startDaemon } from '../../daemon/daemon.ts';
import { lastArgument } from '../../daemon/options.ts';
import { printError } from '../../daemon/output.ts';
import { Fatal } from '../../daemon/program.ts';
import {
  type Command,
  type CommandOutput,
  type CommandReply,
  Commands,
  defineCommand,
  told,
  UnixctlServer,
} from '../../daemon/unixctl.ts';
import { headerSize, messageBytes, messageSize } from '../../openflow/codec.ts';
import type { Connection } from '../../openflow/connection/connection.ts';
import { initialProtocol } from '../../openflow/protocols/protocols.ts';
import { readPacketOut } from '../../openflow/text/packet-out.ts';
import type { OfctlContext } from './context.ts';
import { NameReader } from './names.ts';
import { shownMessage } from './show.ts';
import type { Watcher } from './watcher.ts';

/** To be called before a connection is opened: who detaches is another process. Messages go on to standard error. */
export async function becomeDaemon(context: OfctlContext): Promise<Daemon> {
  const { line, program } = processOf(context);
  return startDaemon({ ...readDaemonOptions(line, program), keptFiles: [2] }, program);
}

/** Watches until `exit` is asked for. Throws Fatal when the connection ends. */
export async function runWatcher(
  context: OfctlContext,
  connection: Connection,
  watcher: Watcher,
  daemon: Daemon,
): Promise<void> {
  const { program } = processOf(context);
  const commands = new Commands();
  const timers = new Timers(systemClock);
  const exited = new Promise<'exited'>((resolve) => {
    addBuiltinCommands(commands, {
      name: program.name,
      log: program.log,
      rates: coverageRates(timers),
      exit(_args, done) {
        done();
        defer(() => resolve('exited')); // once the answer is on its way
      },
    });
  });
  commands.add(...watcherCommands(context, connection, watcher));
  const server = new UnixctlServer(commands);
  server.onWake = () => server.run();
  await listen(context, server, daemon);
  driveTimers(timers);
  daemon.ready();
  watcher.start(connection);
  const end = await Promise.race([exited, connection.closed]);
  if (end !== 'exited')
    throw new Fatal(`vconn_recv (${end instanceof SyscallFailed ? end.reason : 'End of file'})`);
  connection.close();
}

/** Rejects with Fatal, in the reference's two lines. */
async function listen(context: OfctlContext, server: UnixctlServer, daemon: Daemon): Promise<void> {
  const { program, line } = processOf(context);
  try {
    await listenForCommands(server, lastArgument(line, 'unixctl'), program, daemon);
  } catch (why) {
    if (!(why instanceof Fatal)) throw why;
    context.warn(why.message);
    throw new Fatal(`failed to create unixctl server ${/\(.*\)$/.exec(why.message)?.[0] ?? ''}`);
  }
}

function watcherCommands(context: OfctlContext, connection: Connection, watcher: Watcher): Command[] {
  let barrier: CommandReply | undefined;
  watcher.onBarrierReply = () => {
    barrier?.done('');
    barrier = undefined;
  };
  let isBlocked = false;
  const block = (wanted: boolean, already: string): CommandOutput => {
    if (isBlocked === wanted) return told(already);
    isBlocked = wanted;
    connection.hold(isBlocked);
    return '';
  };
  const none = { usage: '', minArgs: 0, maxArgs: 0 };
  return [
    defineCommand({
      ...{ name: 'ofctl/send', usage: 'OFMSG...', minArgs: 1, maxArgs: Number.POSITIVE_INFINITY },
      run: (args) => send(context, connection, watcher, args),
    }),
    defineCommand({
      ...{ name: 'ofctl/packet-out', minArgs: 1, maxArgs: 1 },
      usage: '"in_port=<port> packet=<hex data> actions=..."',
      run([text = ''], reply) {
        void sendPacket(context, connection, watcher, text).then(
          () => reply.done(''),
          (why: unknown) => reply.failed(why instanceof Malformed ? why.why : String(why)),
        );
        return undefined;
      },
    }),
    defineCommand({
      ...{ ...none, name: 'ofctl/barrier' },
      run(_args, reply) {
        if (barrier !== undefined) throw new Refused('barrier', 'already waiting for barrier reply');
        connection.send({ name: 'BARRIER_REQUEST', value: undefined });
        barrier = reply;
        return undefined;
      },
    }),
    defineCommand({
      ...{ name: 'ofctl/set-output-file', usage: 'FILE', minArgs: 1, maxArgs: 1 },
      run: ([file = '']) => setOutput(file),
    }),
    defineCommand({ ...none, name: 'ofctl/block', run: () => block(true, 'already blocking') }),
    defineCommand({ ...none, name: 'ofctl/unblock', run: () => block(false, 'already unblocked') }),
  ];
}

/** What became of each message; Refused with the same where one could not be sent. */
function send(
  context: OfctlContext,
  connection: Connection,
  watcher: Watcher,
  args: readonly string[],
): CommandOutput {
  let isRight = true;
  let said = '';
  for (const text of args) {
    const message = readMessage(text);
    if (typeof message === 'string') {
      isRight = false;
      said += `${message}\n`;
      continue;
    }
    if (context.isJson !== true) printError('send: '); // before what the log says of it
    printError(shownMessage(context, message, 0, watcher.names));
    connection.sendBytes(message);
    said += 'sent\n';
  }
  if (!isRight) throw new Refused('send', said);
  return { text: said, json: args.map(() => 'sent') };
}

/** Throws Malformed. */
async function sendPacket(
  context: OfctlContext,
  connection: Connection,
  watcher: Watcher,
  text: string,
): Promise<void> {
  const names = new NameReader(context, connection.name);
  const { message, usable } = await names.read((nameText) => readPacketOut(text, nameText));
  const { version } = connection;
  if ((usable & initialProtocol(version)) === 0)
    throw new Malformed('packet-out', 0, 'PACKET_OUT actions are incompatible with the OpenFlow connection.');
  connection.send((xid) => {
    const sent = { name: 'PACKET_OUT', value: message } as const;
    printError(shownMessage(context, messageBytes(sent, version, xid), 0, watcher.names));
    return sent;
  });
}

/** Or what is wrong with it. */
function readMessage(text: string): Uint8Array | string {
  const bytes = readHexBytes(text);
  if (bytes === undefined) return 'Trailing garbage in hex data';
  if (bytes.length < headerSize) return 'Message too short for OpenFlow';
  if (messageSize(bytes) !== bytes.length) return 'Message size does not match length in OpenFlow header';
  return bytes;
}

const standardError = 2;

/** Throws Refused. */
function setOutput(file: string): CommandOutput {
  try {
    const first = openSync(file, 'w');
    closeSync(standardError);
    openSync(file, 'w'); // takes the lowest free number, the one just closed
    closeSync(first);
    return '';
  } catch (why) {
    throw new Refused('output file', reasonOf(why));
  }
}

/** Throws Fatal. */
function processOf({ process: own }: OfctlContext): NonNullable<OfctlContext['process']> {
  if (own === undefined) throw new Fatal('what watches a switch needs a process of its own');
  return own;
}
