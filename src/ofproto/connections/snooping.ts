/** Who is copied what a bridge and one of its controllers say to each other: ovs-ofctl(8), "snoop". */
import { SyscallFailed } from '../../base/errors.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { StreamListener } from '../../net/listener.ts';
import { OPENFLOW_PORT, readPassiveRemote } from '../../net/remote.ts';
import type { Stream } from '../../net/stream.ts';
import type { Transport } from '../../net/transport.ts';
import { type Connection, openConnection } from '../../openflow/connection/connection.ts';

const log = logger('connmgr');
const linkLog = logger('rconn');
const nobody = new LimitedSite({ perMinute: 10, burst: 10 });

/** That look at one controller at once. */
const mostSnoopers = 8;
/** While more bytes than this wait for one, it is copied nothing. */
const mostUnread = 64 * 1024;

/** Those who look at one controller. */
export class Snoopers {
  readonly #streams = new Set<Stream>();
  readonly #connections = new Set<Connection>();

  /** Takes the stream over. */
  async add(stream: Stream): Promise<void> {
    if (this.#streams.size >= mostSnoopers) {
      stream.close();
      return;
    }
    linkLog.info(`new monitor connection from ${stream.name}`);
    this.#streams.add(stream);
    try {
      // What it says is read and left alone.
      const events = { intercept: (): boolean => true };
      const connection = await openConnection(stream, { events, takesAnyVersion: true });
      this.#connections.add(connection);
      await connection.closed;
      this.#connections.delete(connection);
    } catch (why) {
      if (!(why instanceof SyscallFailed)) throw why; // the log has said it
    }
    this.#streams.delete(stream);
  }

  /** Whoever does not read fast enough misses some. */
  copy(bytes: Uint8Array): void {
    for (const connection of this.#connections)
      if (connection.backlog < mostUnread) connection.sendBytes(bytes);
  }

  stop(): void {
    for (const stream of this.#streams) stream.close();
  }
}

interface SnoopSocketDeps {
  readonly bridge: string;
  readonly transport: Transport;
  /** Those of the controller that is most in charge; undefined for none. */
  readonly snoopers: () => Snoopers | undefined;
}

/** Where they connect to. */
export class SnoopSocket {
  readonly #deps: SnoopSocketDeps;
  #folder: string | undefined;
  #listener: StreamListener | undefined;
  #isStopped = false;

  constructor(deps: SnoopSocketDeps) {
    this.#deps = deps;
  }

  /** Listens in that folder, once it is known; what keeps it from that is logged. */
  async configure(folder: string | undefined): Promise<void> {
    if (folder === undefined || folder === this.#folder) return;
    this.#folder = folder;
    const target = `punix:${folder}/${this.#deps.bridge}.snoop`;
    try {
      const accept = (stream: Stream): void => this.#accept(stream);
      this.#listener = await this.#deps.transport.listen(
        readPassiveRemote(target, { defaultPort: OPENFLOW_PORT }),
        {},
        accept,
      );
      if (this.#isStopped) this.#listener.close();
    } catch (why) {
      if (!(why instanceof SyscallFailed)) throw why;
      log.err(`failed to listen on ${target}: ${why.reason}`);
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#listener?.close();
  }

  #accept(stream: Stream): void {
    const snoopers = this.#deps.snoopers();
    if (snoopers === undefined) {
      log.limited('info', nobody, 'no controller connection to snoop');
      stream.close();
    } else void snoopers.add(stream);
  }
}
