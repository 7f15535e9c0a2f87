/** A `SwitchConnection` and the stream under it, as a `ReliableConnection` takes it: one that may be ended at once. */
import type { Stream } from '../../net/stream.ts';
import type { WireVersion } from '../../openflow/versions.ts';
import type { ControllerSettings } from '../config.ts';
import type { SwitchConnection } from './switch-connection.ts';

export interface Conversation {
  readonly connection: SwitchConnection;
  close(): void;
  abort(why?: Error): void;
}

/** Who is told of what comes, and of the end. */
export interface ConversationOwner {
  heard(): void;
  ended(conversation: Conversation, why: Error | undefined): void;
}

export interface BeginOptions {
  readonly versions: readonly WireVersion[];
  readonly owner: ConversationOwner & { opened(): void };
  readonly signal: AbortSignal;
}

/** Resolves when both have said hello. Rejects with SyscallFailed, or with the signal's reason. */
export function beginConversation(
  connection: SwitchConnection,
  stream: Stream,
  { versions, owner, signal }: BeginOptions,
): Promise<Conversation> {
  const conversation: Conversation = {
    connection,
    close: () => connection.close(),
    abort: (why) => stream.abort(why),
  };
  return new Promise((resolve, reject) => {
    const onAbort = (): void => stream.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const begun = connection.converse(stream, versions, {
      heard: () => owner.heard(),
      opened() {
        signal.removeEventListener('abort', onAbort);
        owner.opened();
        resolve(conversation);
      },
      ended: (why) => owner.ended(conversation, why),
    });
    begun.catch((why: unknown) => reject(signal.aborted ? signal.reason : why));
    if (signal.aborted) onAbort();
  });
}

/** As many packets as the controller is to get, now and later. */
export function limitPackets(connection: SwitchConnection, config: ControllerSettings): void {
  const { rateLimit: rate = 0, burstLimit: burst = Math.floor(rate / 4), queueSize } = config;
  connection.limitPacketIns({ rate, burst });
  connection.packetInLimit = queueSize;
}
