/** Who a bridge talks OpenFlow with: the sockets it listens on, and the conversations that are open. */
import { SyscallFailed } from '../../base/errors.ts';
import { logger } from '../../base/log.ts';
import type { StreamListener } from '../../net/listener.ts';
import { formatRemote, type PassiveRemote } from '../../net/remote.ts';
import type { Stream } from '../../net/stream.ts';
import type { Transport } from '../../net/transport.ts';
import type { Controllers } from '../controllers.ts';
import type { Ofproto } from '../ofproto.ts';
import { handleRequest } from './requests.ts';
import { SwitchConnection } from './switch-connection.ts';

const log = logger('connmgr');

export class Connections implements Controllers {
  readonly #ofproto: Ofproto;
  readonly #transport: Transport;
  readonly #open = new Set<SwitchConnection>();
  /** By name; undefined where it could not be listened on. */
  readonly #services = new Map<string, StreamListener | undefined>();

  constructor(ofproto: Ofproto, transport: Transport) {
    this.#ofproto = ofproto;
    this.#transport = transport;
  }

  [Symbol.iterator](): IterableIterator<SwitchConnection> {
    return this.#open[Symbol.iterator]();
  }

  /** Listens on these and on no others; whoever has connected stays. Failures are logged. */
  async listenOn(remotes: readonly PassiveRemote[]): Promise<void> {
    const wanted = new Map(remotes.map((remote) => [formatRemote(remote), remote]));
    for (const [name, listener] of this.#services) {
      if (wanted.has(name)) continue;
      listener?.close();
      this.#services.delete(name);
      log.info(`${this.#ofproto.name}: removed service controller "${name}"`);
    }
    for (const [name, remote] of wanted) if (!this.#services.has(name)) await this.#listen(name, remote);
  }

  /** Ends all conversations and listens no longer. */
  close(): void {
    for (const listener of this.#services.values()) listener?.close();
    this.#services.clear();
    for (const connection of this.#open) connection.close();
  }

  async #listen(name: string, remote: PassiveRemote): Promise<void> {
    try {
      const listener = await this.#transport.listen(remote, {}, (stream) => this.#serve(stream));
      this.#services.set(name, listener);
      log.info(`${this.#ofproto.name}: added service controller "${name}"`);
    } catch (why) {
      if (!(why instanceof SyscallFailed)) throw why;
      log.err(`${this.#ofproto.name}: failed to listen on ${name} (${why.reason})`);
      this.#services.set(name, undefined);
    }
  }

  #serve(stream: Stream): void {
    const connection = new SwitchConnection(this.#ofproto, handleRequest);
    this.#open.add(connection);
    const gone = (): void => void this.#open.delete(connection);
    connection.converse(stream, this.#ofproto.config.versions).then(gone, (why: unknown) => {
      gone();
      if (!(why instanceof SyscallFailed)) throw why; // the log has said it
    });
  }
}
