/** How streams come about: by real sockets, or as recorded and replayed (`src/rpc/replay`). Used by `src/rpc`. */
import { type Listener, type ListenOptions, listenStreams } from './listener.ts';
import type { ActiveRemote, PassiveRemote } from './remote.ts';
import { connectStream, type Stream, type StreamOptions } from './stream.ts';

export interface Transport {
  /** Rejects with SyscallFailed. */
  connect(remote: ActiveRemote, options: StreamOptions): Promise<Stream>;
  /** Hands accepted streams to `accept`. Rejects with SyscallFailed. */
  listen(remote: PassiveRemote, options: ListenOptions, accept: (stream: Stream) => void): Promise<Listener>;
}

export const systemTransport: Transport = { connect: connectStream, listen: listenStreams };
