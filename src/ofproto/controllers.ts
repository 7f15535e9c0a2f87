/** What a switch needs of those that it talks OpenFlow with; `connections/` is what stands behind it. */
import type { PassiveRemote } from '../net/remote.ts';

export interface Controllers {
  /** Listens there and nowhere else; resolves when it does. What cannot be listened on is logged. */
  listenOn(remotes: readonly PassiveRemote[]): Promise<void>;
  /** Ends all conversations, and listens no longer. */
  close(): void;
}
