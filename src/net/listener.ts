/**
 * Listening sockets: punix, ptcp, pssl. Hands over accepted streams.
 * Used by the OVSDB server, unixctl and OpenFlow service connections.
 */
import { createServer, type Server, Socket } from 'node:net';
import { errnos, fromNodeError, syscallFailed } from '../base/errno.ts';
import { SyscallFailed } from '../base/errors.ts';
import { linkStatusOf, unlinkSync } from '../base/files.ts';
import { logger } from '../base/log.ts';
import { type Descriptors, ownDescriptors } from '../sys/calls/descriptors.ts';
import { duplicateListener, listenUnix } from '../sys/calls/listening.ts';
import { Acceptor } from './acceptor.ts';
import { formatRemote, type PassiveRemote } from './remote.ts';
import { acceptedStream, connectStream, type Stream } from './stream.ts';
import { isVerifying, loadTls, opensslText, TlsContext } from './tls.ts';
import type { TlsConfig } from './tls-config.ts';
import { markTraffic } from './traffic-class.ts';
import { bindByPath } from './unix-path.ts';

export interface StreamListenOptions {
  readonly tls?: TlsConfig | undefined;
  /** File mode of a unix socket before the umask; 0o770 when absent, as the reference. */
  readonly mode?: number | undefined;
  /** Marks what the connections of a TCP listener send: 0..63. The system's choice when absent. */
  readonly dscp?: number | undefined;
  /** Who connects: clients when absent. */
  readonly use?: 'client' | 'control' | undefined;
  /** Those of this process when absent. */
  readonly descriptors?: Descriptors | undefined;
}

/** An open listener. One owner; `close` is the owner's duty and removes a unix socket's file. */
export interface StreamListener {
  /** As given, but with the kernel's choice for port 0. */
  readonly remote: PassiveRemote;
  /** Stops accepting; accepted streams live on. Also removes the socket's file. */
  close(): void;
}

const log = logger('stream');
const unixLog = logger('stream_unix');
const tcpLog = logger('socket_util');
const DEFAULT_MODE = 0o770;
let unixCount = 0;

/** Binds and listens. Rejects with SyscallFailed ("Address already in use", ...). */
export async function listenStreams(
  remote: PassiveRemote,
  options: StreamListenOptions,
  accept: (stream: Stream) => void,
): Promise<StreamListener> {
  const secure = remote.kind === 'pssl' ? await secureAcceptor(remote, options.tls ?? {}, accept) : undefined;
  const { fd, actual } = await bind(remote, options).catch((error: unknown) => {
    if (error instanceof SyscallFailed) logFailure(remote, error.reason);
    throw error;
  });
  const { use = 'client', descriptors = ownDescriptors } = options;
  const acceptor = new Acceptor(fd, { name: formatRemote(actual), use, descriptors }, (connection) => {
    const socket = new Socket({ fd: connection, readable: true, writable: true });
    if (remote.kind !== 'punix') socket.setNoDelay(true);
    if (secure === undefined) accept(acceptedStream(peerName(remote, socket), socket));
    else secure(socket);
  });
  return {
    remote: actual,
    close() {
      acceptor.close();
      if (remote.kind === 'punix') removeSocket(remote.path);
    },
  };
}

/**
 * A daemon takes over the socket of the one before it; a program must not take that of a server that runs. Rejects with
 * SyscallFailed.
 */
export async function requireFree(remote: PassiveRemote): Promise<void> {
  if (remote.kind !== 'punix' || linkStatusOf(remote.path)?.isSocket() !== true) return;
  const found = await connectStream({ kind: 'unix', path: remote.path }).catch(() => undefined);
  if (found === undefined) return;
  found.abort();
  throw syscallFailed('bind', errnos.EADDRINUSE, formatRemote(remote));
}

function logFailure(remote: PassiveRemote, reason: string): void {
  if (remote.kind === 'punix') unixLog.err(`${remote.path}: binding failed: ${reason}`);
  else tcpLog.err(`${addressText(remote)}: bind: ${reason}`);
}

/** "6653:127.0.0.1" */
function addressText(remote: PassiveRemote): string {
  const name = formatRemote(remote);
  return name.slice(name.indexOf(':') + 1);
}

/** A descriptor that listens, and where. */
async function bind(
  remote: PassiveRemote,
  { mode = DEFAULT_MODE, dscp }: StreamListenOptions,
): Promise<{ readonly fd: number; readonly actual: PassiveRemote }> {
  if (remote.kind === 'punix') return { fd: bindUnix(remote.path, mode), actual: remote };
  const tried = formatRemote(remote);
  const server = createServer();
  try {
    await listenTcp(server, remote, tried);
    markTraffic(server, dscp);
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : remote.port;
    if (remote.port === 0) tcpLog.info(`${addressText(remote)}: listening on port ${port}`);
    return { fd: duplicateListener(server, tried), actual: { ...remote, port } };
  } finally {
    server.close();
  }
}

type TcpRemote = Exclude<PassiveRemote, { kind: 'punix' }>;

/** Node knows what a host is called; it has accepted nothing yet when this resolves. */
function listenTcp(server: Server, { port, host = '0.0.0.0' }: TcpRemote, tried: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(fromNodeError(error, tried)));
    server.listen({ port, host }, resolve);
  });
}

function bindUnix(path: string, mode: number): number {
  const tried = formatRemote({ kind: 'punix', path });
  const before = linkStatusOf(path);
  // Differs: the reference removes whatever is in the way; we remove only what a crashed daemon can have left
  if (before !== undefined && !before.isSocket()) throw syscallFailed('bind', errnos.EADDRINUSE, tried);
  removeSocket(path);
  const umask = process.umask();
  process.umask(umask | (0o777 & ~mode));
  try {
    return bindByPath(path, (name) => listenUnix(name, tried));
  } finally {
    process.umask(umask);
  }
}

function removeSocket(path: string): void {
  try {
    if (linkStatusOf(path)?.isSocket() === true) unlinkSync(path);
  } catch {
    // already gone
  }
}

function peerName(remote: PassiveRemote, socket: Socket): string {
  if (remote.kind === 'punix') return `unix#${unixCount++}`;
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return formatRemote({
    kind: remote.kind === 'pssl' ? 'ssl' : 'tcp',
    host: address,
    port: socket.remotePort ?? 0,
  });
}

/**
 * Makes TLS connections of accepted sockets; who does not show a certificate of our CA is refused. An incomplete
 * configuration is reported now, not to the first client.
 * Differs: a listener never bootstraps its CA certificate from a client; the file must exist.
 */
async function secureAcceptor(
  remote: PassiveRemote,
  given: TlsConfig,
  accept: (stream: Stream) => void,
): Promise<(socket: Socket) => void> {
  const config = { ...given, isBootstrap: false };
  const tls = await loadTls();
  const context = new TlsContext(tls, config);
  const isStrict = isVerifying(config);
  let current = context.get();
  const server = tls.createServer({ ...current, requestCert: isStrict, rejectUnauthorized: isStrict });
  server.on('secureConnection', (socket) => accept(acceptedStream(peerName(remote, socket), socket)));
  server.on('tlsClientError', (error, socket) => {
    log.warn(`${peerName(remote, socket)}: SSL_accept: ${opensslText(error.message)}`);
  });
  return (socket) => {
    const latest = latestOf(context) ?? current; // a file that is being replaced does not stop the service
    if (latest !== current) server.setSecureContext(latest);
    current = latest;
    server.emit('connection', socket);
  };
}

/** Undefined, and said in the log, when the files cannot be used now. */
function latestOf(context: TlsContext): ReturnType<TlsContext['get']> | undefined {
  try {
    return context.get();
  } catch (error) {
    if (!(error instanceof SyscallFailed)) throw error;
    return undefined;
  }
}
