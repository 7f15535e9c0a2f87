/** Sends the control packets of one BFD session, which say the same for as long as nothing happens. */
import { type BfdMessage, isSameBfd } from '../../wire/bfd.ts';
import { emitBfdFrame } from './frames.ts';
import type { PortBfd } from './monitoring-config.ts';

/** Makes what sends an untagged frame out of the port, each time it is called. */
export type PrepareFrame = (frame: Uint8Array, options: { readonly isOam: boolean }) => () => void;

export class BfdSender {
  readonly #udpPort: number;
  readonly #prepare: PrepareFrame;
  /** What was sent last, which is not made anew. */
  #last:
    | {
        readonly message: BfdMessage;
        readonly source: string;
        readonly config: PortBfd;
        readonly send: () => void;
      }
    | undefined;

  /** `udpPort` is the session's own source port. */
  constructor(udpPort: number, prepare: PrepareFrame) {
    this.#udpPort = udpPort;
    this.#prepare = prepare;
  }

  /** `source`: the Ethernet address of the port. */
  send(message: BfdMessage, source: string, config: PortBfd): void {
    const last = this.#last;
    if (
      last !== undefined &&
      last.source === source &&
      last.config === config &&
      isSameBfd(last.message, message)
    ) {
      last.send();
      return;
    }
    const send = this.#prepare(emitBfdFrame(message, source, config, this.#udpPort), config);
    this.#last = { message, source, config, send };
    send();
  }
}
