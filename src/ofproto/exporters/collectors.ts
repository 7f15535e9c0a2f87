/** Where an exporter sends what it has: every datagram to each of several peers. */

import { SyscallFailed } from '../../base/errors.ts';
import { LimitedSite, logger } from '../../base/log.ts';
import type { DatagramPeer, OpenDatagrams } from '../../net/datagrams.ts';
import { readDatagramRemote } from '../../net/remote.ts';

const log = logger('collectors');
const unopened = new LimitedSite({ perMinute: 1, burst: 5 });
const unsent = new LimitedSite({ perMinute: 1, burst: 5 });

export class Collectors {
  /** Datagrams that a peer did not take, each peer by itself. */
  errorCount = 0;
  readonly #peers = new Set<DatagramPeer>();

  readonly #opening = new Set<DatagramPeer>();
  readonly #onOpened: () => void;

  /**
   * A target is HOST[:PORT]; without a default, the port must be said. Those that cannot be read are told and left out.
   * `onOpened` is told of each that can be sent to from now on, or never will.
   */
  constructor(
    targets: readonly string[],
    defaultPort: number | undefined,
    open: OpenDatagrams,
    onOpened: () => void = () => {},
  ) {
    this.#onOpened = onOpened;
    for (const target of targets) this.#open(target, defaultPort, open);
  }

  /** It is not known yet of all of them whether they can be sent to. */
  get isOpening(): boolean {
    return this.#opening.size > 0;
  }

  /** The address of the host by which one of them is reached. */
  get localAddress(): string | undefined {
    for (const { localAddress } of this.#peers) if (localAddress !== undefined) return localAddress;
    return undefined;
  }

  get count(): number {
    return this.#peers.size;
  }

  send(datagram: Uint8Array): void {
    for (const peer of this.#peers) peer.send(datagram);
  }

  close(): void {
    for (const peer of this.#peers) peer.close();
    this.#peers.clear();
    this.#opening.clear();
  }

  #open(target: string, defaultPort: number | undefined, open: OpenDatagrams): void {
    const fail = ({ reason }: SyscallFailed): void =>
      log.limited('warn', unopened, `couldn't open connection to collector ${target} (${reason})`);
    try {
      const peer = open(readDatagramRemote(target, defaultPort), {
        opened: () => {
          this.#opening.delete(peer);
          this.#onOpened();
        },
        unopened: (why) => {
          this.#opening.delete(peer);
          this.#peers.delete(peer);
          fail(why);
          this.#onOpened();
        },
        unsent: ({ reason }) => {
          this.errorCount++;
          log.limited('warn', unsent, () => `${peer.name}: sending to collector failed (${reason})`);
        },
      });
      this.#peers.add(peer);
      this.#opening.add(peer);
    } catch (why) {
      if (!(why instanceof SyscallFailed)) throw why;
      fail(why);
    }
  }
}
