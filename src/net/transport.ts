/** How streams come about: by real sockets, or as recorded and replayed (`src/rpc/replay`). Used by `src/rpc`. */
import { listenStreams, type StreamListener, type StreamListenOptions } from './listener.ts';
import type { ActiveRemote, PassiveRemote } from './remote.ts';
import { connectStream, type Stream, type StreamOptions } from './stream.ts';

export interface Transport {
  /** Rejects with SyscallFailed. */
  connect(remote: ActiveRemote, options: StreamOptions): Promise<Stream>;
  /** Hands accepted streams to `accept`. Rejects with SyscallFailed. */
  listen(
    remote: PassiveRemote,
    options: StreamListenOptions,
    accept: (stream: Stream) => void,
  ): Promise<StreamListener>;
}

export const systemTransport: Transport = { connect: connectStream, listen: listenStreams };
