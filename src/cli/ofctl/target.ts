/**
 * Connections to what a command line names: a bridge, a socket, or a remote. ovs-ofctl(8) "OpenFlow Switch Management".
 */
import { join } from 'node:path';
import { errnos } from '../../base/errno.ts';
import { SyscallFailed } from '../../base/errors.ts';
import { Fatal } from '../../daemon/program.ts';
import { type ActiveRemote, OPENFLOW_PORT, readActiveRemote } from '../../net/remote.ts';
import { connectStream, type Stream } from '../../net/stream.ts';
import type { Transport } from '../../net/transport.ts';
import { type Connection, openConnection } from '../../openflow/connection/connection.ts';
import type { ConnectionEvents } from '../../openflow/connection/connection-options.ts';
import type { WireVersion } from '../../openflow/versions.ts';
import type { OfctlContext } from './context.ts';

export interface SwitchTargetOptions {
  /** Which of a bridge's sockets: that for its control, or that which repeats what it says to its controllers. */
  readonly purpose?: 'mgmt' | 'snoop';
  readonly events?: ConnectionEvents | undefined;
  /** See `ConnectionOptions`. */
  readonly onOffer?: (versions: readonly number[]) => void;
}

/**
 * Offers the versions; `protocol.ts` chooses them. Throws Fatal where there is nothing to connect to, and SyscallFailed
 * where the connection fails.
 */
export async function connectTarget(
  context: Pick<OfctlContext, 'rundir' | 'connect' | 'tls' | 'nextXid' | 'connections'>,
  target: string,
  versions: readonly WireVersion[],
  { purpose = 'mgmt', events, onOffer }: SwitchTargetOptions = {},
): Promise<Connection> {
  const { stream, name } = await openStream(context, target, purpose);
  const { nextXid } = context;
  const options = { versions, nextXid, name, events, onOffer, takesAnyVersion: purpose === 'snoop' };
  const connection = await openConnection(stream, options);
  context.connections.push(connection);
  return connection;
}

/** What fails because of the connection ends the program: "WHAT (why)". */
export async function during<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (why) {
    throw why instanceof SyscallFailed ? new Fatal(`${what} (${why.reason})`) : why;
  }
}

/** `name` is what messages call it. */
interface Opened {
  readonly stream: Stream;
  readonly name: string;
}

async function openStream(
  { rundir, tls, connect: open = connectStream }: Pick<OfctlContext, 'rundir' | 'connect' | 'tls'>,
  target: string,
  purpose: string,
): Promise<Opened> {
  if (target.includes(':')) {
    const connect = async (): Promise<Stream> => open(readRemote(target, rundir), { tls });
    return { stream: await during(`connecting to ${target}`, connect()), name: target };
  }
  const datapath = target.slice(target.indexOf('@') + 1);
  for (const path of [target, join(rundir, `${target}.${purpose}`), join(rundir, `${datapath}.${purpose}`)]) {
    const stream = await openSocket(path, rundir, open);
    if (stream !== undefined) return { stream, name: `unix:${path}` };
  }
  throw new Fatal(`${target} is not a bridge or a socket`);
}

function readRemote(target: string, rundir: string): ActiveRemote {
  return readActiveRemote(target, { defaultPort: OPENFLOW_PORT, rundir });
}

/** undefined where there is no such file. */
async function openSocket(
  path: string,
  rundir: string,
  open: Transport['connect'],
): Promise<Stream | undefined> {
  try {
    return await open(readRemote(`unix:${path}`, rundir), {});
  } catch (why) {
    if (!(why instanceof SyscallFailed)) throw why;
    if (why.errno === errnos.ENOENT) return undefined;
    throw new Fatal(`${path}: failed to open socket (${why.reason})`);
  }
}
