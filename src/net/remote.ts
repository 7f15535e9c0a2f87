/**
 * Names of remotes as users write them ("unix:/run/db.sock", "ptcp:6640:[::1]", ovsdb(7) "Connection Methods"),
 * read into values. Used by every program that takes a remote. Knows no sockets.
 */
import { isIP } from 'node:net';
import { errnos, syscallFailed } from '../base/errno.ts';
import type { SyscallFailed } from '../base/errors.ts';
import { logger } from '../base/log.ts';

/** Where to connect to. */
export type ActiveRemote =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp' | 'ssl'; readonly host: string; readonly port: number };

/** Where to listen. `host` undefined: all addresses. Port 0: the kernel chooses. */
export type PassiveRemote =
  | { readonly kind: 'punix'; readonly path: string }
  | { readonly kind: 'ptcp' | 'pssl'; readonly host: string | undefined; readonly port: number };

export type Remote = ActiveRemote | PassiveRemote;

/** Where to send datagrams to. */
export interface DatagramRemote {
  readonly host: string;
  readonly port: number;
}

/** The ports that IANA gave to the two protocols, for remotes that name none. */
export const OVSDB_PORT = 6640;
export const OPENFLOW_PORT = 6653;

/** What `unix:` and `punix:` file names without a slash are relative to; none keeps them as they are. */
export interface RemoteContext {
  readonly defaultPort: number;
  readonly rundir?: string;
}

const formerPorts = new Map([
  [OVSDB_PORT, 6632],
  [OPENFLOW_PORT, 6633],
]);
const log = logger('stream');
const parseLog = logger('socket_util');

/** Throws SyscallFailed (EAFNOSUPPORT, as the reference reports it) with a message that says what is wrong. */
export function readActiveRemote(text: string, context: RemoteContext): ActiveRemote {
  const remote = readRemote(text, context);
  if (remote.kind === 'unix' || remote.kind === 'tcp' || remote.kind === 'ssl') return remote;
  throw unsupported(text, 'is passive; expected unix:, tcp: or ssl:');
}

/** Throws SyscallFailed like `readActiveRemote`. */
export function readPassiveRemote(text: string, context: RemoteContext): PassiveRemote {
  const remote = readRemote(text, context);
  if (remote.kind === 'punix' || remote.kind === 'ptcp' || remote.kind === 'pssl') return remote;
  throw unsupported(text, 'is active; expected punix:, ptcp: or pssl:');
}

/** Is `text` the name of a listener, going by its method alone? */
export function isPassiveName(text: string): boolean {
  return /^p(unix|tcp|ssl):/.test(text);
}

/** Is `text` the name of a peer to connect to, going by its method alone? */
export function isActiveName(text: string): boolean {
  return /^(unix|tcp|ssl):/.test(text);
}

/** May a peer of that name be gone without a sign? Of a peer on this host the kernel tells. */
export function needsProbes(text: string): boolean {
  return /^p?(tcp|ssl):/.test(text);
}

/** "tcp:a:1,tcp:b:2" as a list. A comma inside a remote's own text does not occur. */
export function splitRemotes(text: string): string[] {
  return text.split(',').filter((one) => one !== '');
}

/** Either kind. Throws SyscallFailed like `readActiveRemote`. */
export function readRemote(text: string, context: RemoteContext): Remote {
  const colon = text.indexOf(':');
  const method = text.slice(0, Math.max(0, colon));
  const rest = text.slice(colon + 1);
  switch (method) {
    case 'unix':
    case 'punix':
      return { kind: method, path: inRundir(rest, context.rundir) };
    case 'tcp':
    case 'ssl':
      return { kind: method, ...readHostPort(text, rest, context.defaultPort) };
    case 'ptcp':
    case 'pssl':
      return { kind: method, ...readPortHost(text, rest, context.defaultPort) };
    default:
      throw unsupported(text, 'names no known connection method');
  }
}

/** HOST[:PORT]. Throws SyscallFailed like `readActiveRemote`, also where neither it nor its reader says a port. */
export function readDatagramRemote(text: string, defaultPort: number | undefined): DatagramRemote {
  return readHostPort(`udp:${text}`, text, defaultPort);
}

/** "127.0.0.1:6640", "[::1]:6640" */
export function formatHostPort({ host, port }: DatagramRemote): string {
  return `${bracket(host)}:${port}`;
}

/** "tcp:127.0.0.1:6640", "ptcp:6640:[::1]": the text form, in full. */
export function formatRemote(remote: Remote): string {
  switch (remote.kind) {
    case 'unix':
    case 'punix':
      return `${remote.kind}:${remote.path}`;
    case 'tcp':
    case 'ssl':
      return `${remote.kind}:${formatHostPort(remote)}`;
    case 'ptcp':
    case 'pssl':
      return `${remote.kind}:${remote.port}${remote.host === undefined ? '' : `:${bracket(remote.host)}`}`;
  }
}

/** What a client of this host connects to in order to reach a listener. */
export function activeRemoteOf(listener: PassiveRemote): ActiveRemote {
  if (listener.kind === 'punix') return { kind: 'unix', path: listener.path };
  const { host = '127.0.0.1', port } = listener;
  return { kind: listener.kind === 'ptcp' ? 'tcp' : 'ssl', host, port };
}

/** HOST[:PORT], host in brackets when it is IPv6. */
function readHostPort(
  text: string,
  rest: string,
  defaultPort: number | undefined,
): { host: string; port: number } {
  const { host, after } = readHost(text, rest);
  if (host === '') throw unsupported(text, 'host must be specified');
  const hasDefault = after === undefined && defaultPort !== undefined;
  return { host, port: hasDefault ? useDefault(defaultPort) : readPort(text, after ?? '') };
}

/** [PORT][:HOST]. */
function readPortHost(
  text: string,
  rest: string,
  defaultPort: number,
): { host: string | undefined; port: number } {
  const colon = rest.indexOf(':');
  const portText = colon < 0 ? rest : rest.slice(0, colon);
  const port = portText === '' ? useDefault(defaultPort) : readPort(text, portText);
  if (colon < 0) return { host: undefined, port };
  const { host, after } = readHost(text, rest.slice(colon + 1));
  if (after !== undefined) throw unsupported(text, `unexpected "${after}" after the host`);
  return { host: host === '' ? undefined : host, port };
}

function readHost(text: string, rest: string): { host: string; after: string | undefined } {
  if (rest.startsWith('[')) {
    const end = rest.indexOf(']');
    if (end < 0) throw unsupported(text, 'missing "]"');
    const tail = rest.slice(end + 1);
    if (tail === '') return { host: rest.slice(1, end), after: undefined };
    if (!tail.startsWith(':')) throw unsupported(text, `unexpected "${tail}" after "]"`);
    return { host: rest.slice(1, end), after: tail.slice(1) };
  }
  const colon = rest.indexOf(':');
  if (colon < 0) return { host: rest, after: undefined };
  return { host: rest.slice(0, colon), after: rest.slice(colon + 1) };
}

function readPort(text: string, port: string): number {
  if (/^[0-9]{1,5}$/.test(port) && Number(port) <= 65535) return Number(port);
  const why = port === '' ? 'port must be specified' : `bad port number "${port}"`;
  parseLog.err(`${text.slice(text.indexOf(':') + 1)}: ${why}`);
  throw unsupported(text, why);
}

/** Once a process: users of old configurations expect another port. */
function useDefault(port: number): number {
  const old = formerPorts.get(port);
  if (old !== undefined) {
    formerPorts.delete(port);
    const protocol = port === OVSDB_PORT ? 'OVSDB' : 'OpenFlow';
    log.warn(`The default ${protocol} port number has changed from ${old} to ${port}`);
  }
  return port;
}

function inRundir(path: string, rundir: string | undefined): string {
  return rundir === undefined || path.startsWith('/') ? path : `${rundir}/${path}`;
}

/** "192.0.2.1", "2001:db8::1" */
export function isIpAddress(text: string): boolean {
  return isIP(text) !== 0;
}

function bracket(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function unsupported(text: string, why: string): SyscallFailed {
  return syscallFailed('socket', errnos.EAFNOSUPPORT, `"${text}": ${why}`);
}
